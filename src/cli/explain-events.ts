import { readFileSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { createConfigLoader, type LoadedConfig } from "../config/config.ts";
import type { Environment } from "../config/source.ts";
import { loadRules, type RuleSource } from "../language/load.ts";
import { readRuleSources, RulesUnreadableError } from "../language/read-rule-sources.ts";
import { readEventFile } from "./event-file.ts";
import { CannotRunError, EXIT } from "./exit-codes.ts";
import { createExplainer } from "./explanation.ts";
import { createPrintedLines } from "./printed-lines.ts";
import { explanationJson, explanationPretty } from "./reporters/explanation.ts";
import { reportPretty } from "./reporters/pretty.ts";

export interface ExplainOptions {
  /** File, folder, or `-` for standard input. */
  readonly rulesPath: string;
  readonly eventPath: string;
  readonly configPath: string | null;
  readonly format: "pretty" | "json";
  readonly colours: boolean;
  readonly env: Environment;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/** As in a configuration that says nothing of it. */
const DEFAULT_MAX_GROUPS = 16_384;
const UNKNOWN: LoadedConfig["known"] = { receivers: null, templates: null };

/**
 * Explains all Events of a file and answers the exit code: 1 when rules or configuration have errors, which are then
 * printed instead, or when something in the file is no Event. Throws CannotRunError for what cannot be read.
 */
export async function explain(options: ExplainOptions): Promise<number> {
  const { rulesPath, eventPath, configPath, format, colours, env, stderr } = options;
  if (rulesPath === "-" && eventPath === "-") {
    throw new CannotRunError("rules and Events cannot both come from standard input");
  }
  const lines = createPrintedLines();
  const loadedConfig = configPath === null ? null : (await createConfigLoader())(configPath, readText(configPath), env);
  if (configPath !== null && loadedConfig) {
    lines.addPrivate(configPath, readText(configPath));
    for (const shown of loadedConfig.shown) lines.show(configPath, shown);
  }
  const sources = rulesPath === "-" ? [{ file: "-", text: await readAll("-", options) }] : readSources(rulesPath);
  for (const { file, text } of sources) lines.addPublic(file, text);
  const { ruleSet, diagnostics, files, rules } = loadRules(sources, loadedConfig?.known ?? UNKNOWN);
  const refused = loadedConfig !== null && loadedConfig.config === null;
  if (!ruleSet || refused) {
    const errors = [...(loadedConfig?.diagnostics ?? []), ...diagnostics].filter(
      ({ severity }) => severity === "error",
    );
    stderr(
      reportPretty(
        { files: files + (configPath === null ? 0 : 1), rules, diagnostics: errors, columnsOf: lines.columnsOf },
        false,
      ),
    );
    return EXIT.inputHasErrors;
  }

  const explainObject = createExplainer({
    ruleSet,
    cluster: loadedConfig?.config?.cluster ?? (env["CLUSTER_NAME"] || "kubernetes"),
    maxGroups: loadedConfig?.config?.throttle.maxGroups ?? DEFAULT_MAX_GROUPS,
  });
  const { objects, mistakes } = readEventFile(await readAll(eventPath, options));
  const refusals = [...mistakes];
  for (const { line, object } of objects) {
    const explanation = explainObject(object);
    if (!explanation) refusals.push({ line, message: "not an Event" });
    else options.stdout(format === "json" ? explanationJson(explanation) : explanationPretty(explanation, colours));
  }
  const file = nameOf(eventPath);
  for (const { line, message } of refusals.toSorted((a, b) => a.line - b.line))
    stderr(`rulecheck: ${file}:${line}: ${message}\n`);
  if (objects.length === 0 && mistakes.length === 0)
    throw new CannotRunError(`nothing to explain: ${file} holds no Event`);
  return refusals.length > 0 ? EXIT.inputHasErrors : EXIT.ok;
}

function readSources(path: string): readonly RuleSource[] {
  try {
    const sources = readRuleSources(path);
    if (sources.length === 0) throw new CannotRunError(`nothing to explain by: ${path} holds no file ending in .rules`);
    return sources;
  } catch (error) {
    if (error instanceof RulesUnreadableError) throw new CannotRunError(error.message, { cause: error });
    throw error;
  }
}

async function readAll(path: string, { stdin }: Pick<ExplainOptions, "stdin">): Promise<string> {
  return path === "-" ? (await buffer(stdin)).toString("utf8") : readText(path);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new CannotRunError(`cannot read ${path}: ${error.message}`, { cause: error });
  }
}

function nameOf(path: string): string {
  return path === "-" ? "standard input" : path;
}
