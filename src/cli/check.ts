import { readFileSync, statSync } from "node:fs";
import type { LoadedConfig } from "../config/config.ts";
import type { LoadedRules, RuleSource } from "../language/load.ts";
import type { Rule, RuleSet } from "../model/rule.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Environment } from "../config/source.ts";
import type { Span } from "../text-position.ts";
import type { EmbeddedText, Manifest } from "./config-map.ts";
import { CannotRunError } from "./exit-codes.ts";
import { createPrintedLines, type PrintedLines } from "./printed-lines.ts";
import type { Report } from "./report.ts";

export interface CheckOptions {
  /** Files, folders, manifests, or `-` for standard input. Each is a rule set of its own. */
  readonly paths: readonly string[];
  readonly configPath: string | null;
  readonly env: Environment;
  /** Asked for `-` only: opening standard input takes its time. */
  readonly stdin: () => AsyncIterable<Uint8Array>;
}

type Known = LoadedConfig["known"];
type Place = EmbeddedText["place"];

/** Nobody said what may be notified, so nothing is asked about it. */
const UNKNOWN: Known = { receivers: null, templates: null };

/**
 * Finds all mistakes in rules and configuration. Throws CannotRunError when a path cannot be read or holds nothing
 * to check: a check of nothing that succeeds hides a wrong path for ever.
 */
export async function check({ paths, configPath, env, stdin }: CheckOptions): Promise<Report> {
  const checks = createChecks(env);
  const known = configPath === null ? null : await checks.checkConfig(configPath, readText(configPath), null);
  for (const path of paths) {
    if (path === "-") await checks.checkText(path, decode(path, await readAll(stdin())), known);
    else if (isManifestPath(path)) await checks.checkManifest(path, readText(path), known);
    else await checks.checkRules(await readSources(path), known ?? UNKNOWN);
  }
  return checks.report();
}

interface Checks {
  /** Answers the names rules may use. `place` for a text that is a part of `file`. */
  checkConfig(file: string, text: string, place: Place | null): Promise<Known>;
  checkRules(sources: readonly RuleSource[], known: Known): Promise<void>;
  checkManifest(file: string, text: string, known: Known | null): Promise<void>;
  /** For a text without a name to tell what it is by. */
  checkText(file: string, text: string, known: Known | null): Promise<void>;
  report(): Promise<Report>;
}

/* Parsers are loaded only for what there is to parse: most runs have no YAML, and `zod` alone costs as much as the rules. */
function createChecks(env: Environment): Checks {
  const lines: PrintedLines = createPrintedLines();
  const diagnostics: Diagnostic[] = [];
  const configs: { readonly file: string; readonly loaded: LoadedConfig; readonly place: Place | null }[] = [];
  const ruleSets: { readonly ruleSet: RuleSet | null; readonly sources: readonly RuleSource[] }[] = [];
  let files = 0;
  let rules = 0;

  const checkConfig: Checks["checkConfig"] = async (file, text, place) => {
    const { createConfigLoader } = await import("../config/config.ts");
    const loaded = (await createConfigLoader())(file, text, env);
    configs.push({ file, loaded, place });
    files += 1;
    if (place === null) lines.addPrivate(file, text);
    for (const shown of loaded.shown) lines.show(file, place === null ? shown : moveSpan(shown, place));
    for (const found of loaded.diagnostics) {
      diagnostics.push(place === null ? found : Object.assign({ ...found }, moveSpan(found, place)));
    }
    return loaded.known;
  };

  const checkRules: Checks["checkRules"] = async (sources, known) => {
    const { loadRules } = await import("../language/load.ts");
    for (const source of sources) if (source.place === undefined) lines.addPublic(source.file, source.text);
    const loaded: LoadedRules = loadRules(sources, known);
    ruleSets.push({ ruleSet: loaded.ruleSet, sources });
    files += loaded.files;
    rules += loaded.rules;
    // Not `push(...)`: there may be more of them than a call takes arguments.
    for (const found of loaded.diagnostics) diagnostics.push(found);
  };

  const checkManifest: Checks["checkManifest"] = async (file, text, known) => {
    const { readManifest } = await import("./config-map.ts");
    const { configMaps, mistakes } = readManifest(text);
    if (configMaps.length === 0 && mistakes.length === 0) {
      throw new CannotRunError(
        `nothing to check: ${nameOf(file)} holds no ConfigMap with a key ending in .rules; name a configuration with --config`,
      );
    }
    // Beside rules and configuration there may be Secrets in it.
    lines.addPrivate(file, text);
    for (const { span, ...mistake } of mistakes) {
      diagnostics.push({ code: "E515", severity: "error", file, ...span, ...mistake });
    }
    const embedded = new Map<EmbeddedText, Known>();
    for (const { config } of known === null ? configMaps : []) {
      if (config !== null) embedded.set(config, await checkConfig(file, config.text, config.place));
    }
    for (const configMap of configMaps) {
      if (configMap.rules.length === 0) continue;
      for (const { span } of configMap.rules) lines.show(file, span);
      const sources = configMap.rules.map(({ text: rulesText, place }) => ({ file, text: rulesText, place }));
      await checkRules(sources, known ?? knownIn(configMap, embedded));
    }
  };

  /** Templates are checked last: which names they may use, the rules say. Handlebars is loaded only if there are any. */
  const findInTemplates = async (): Promise<readonly Diagnostic[]> => {
    const given = ruleSets.flatMap(({ ruleSet }) => rulesOf(ruleSet).flatMap(({ values }) => Object.keys(values)));
    const templates = configs.some(({ loaded }) => Object.keys(loaded.config?.templates ?? {}).length > 0);
    if (!templates && given.length === 0) return [];
    const { checkRuleTexts, checkTemplates, createTemplateUses, pathsOf } = await import("./check-templates.ts");
    const { loadDialects } = await import("../deliver/kinds.ts");
    const dialects = await loadDialects();
    const uses = createTemplateUses();
    for (const { ruleSet } of ruleSets) for (const rule of rulesOf(ruleSet)) uses.note(rule);
    const all = ruleSets.every(({ ruleSet }) => ruleSet !== null) ? uses : null;
    return [
      ...configs.flatMap(({ file, loaded, place }) =>
        checkTemplates({ file, loaded, uses: all, dialects }).map((found) =>
          place === null ? found : Object.assign({ ...found }, moveSpan(found, place)),
        ),
      ),
      ...ruleSets.flatMap(({ ruleSet, sources }) => {
        const pathOf = pathsOf(sources);
        return rulesOf(ruleSet).flatMap((rule) => checkRuleTexts(rule, pathOf));
      }),
    ];
  };

  return {
    checkConfig,
    checkRules,
    checkManifest,
    async checkText(file, text, known) {
      const { looksLikeManifest } = await import("./config-map.ts");
      if (looksLikeManifest(text)) await checkManifest(file, text, known);
      else if (text.trim() === "") throw new CannotRunError(`nothing to check: ${nameOf(file)} is empty`);
      else await checkRules([{ file, text }], known ?? UNKNOWN);
    },
    async report() {
      const found = [...diagnostics, ...(await findInTemplates())];
      return { files, rules, diagnostics: found.toSorted(byPlace), columnsOf: lines.columnsOf };
    },
  };
}

function rulesOf(ruleSet: RuleSet | null): readonly Rule[] {
  return (ruleSet?.statements ?? []).filter((statement) => statement.kind === "rule");
}

/** The configuration beside the rules, else the only one of the manifest, else none. */
function knownIn(configMap: Manifest["configMaps"][number], configs: ReadonlyMap<EmbeddedText, Known>): Known {
  const own = configMap.config === null ? undefined : configs.get(configMap.config);
  if (own !== undefined) return own;
  const [only, second] = configs.values();
  return only !== undefined && second === undefined ? only : UNKNOWN;
}

async function readSources(path: string): Promise<readonly RuleSource[]> {
  const { readRuleSources, RulesUnreadableError } = await import("../language/read-rule-sources.ts");
  try {
    const sources = readRuleSources(path);
    if (sources.length === 0) throw new CannotRunError(`nothing to check: ${path} holds no file ending in .rules`);
    return sources;
  } catch (error) {
    if (error instanceof RulesUnreadableError) throw new CannotRunError(error.message, { cause: error });
    throw error;
  }
}

function isManifestPath(path: string): boolean {
  return /\.(ya?ml|json)$/i.test(path) && statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true;
}

/** Reads a file as UTF-8. Throws CannotRunError, which names the path, for whatever the file system refuses. */
function readText(path: string): string {
  try {
    return decode(path, readFileSync(path));
  } catch (error) {
    if (error instanceof CannotRunError || !(error instanceof Error)) throw error;
    throw new CannotRunError(`cannot read ${path}: ${error.message}`, { cause: error });
  }
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const { buffer } = await import("node:stream/consumers");
  return buffer(stream);
}

function decode(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new CannotRunError(`cannot read ${nameOf(file)}: it is not UTF-8`, { cause: error });
  }
}

function nameOf(file: string): string {
  return file === "-" ? "standard input" : file;
}

function moveSpan({ line, column, endLine, endColumn }: Span, place: Place): Span {
  const start = place(line, column);
  const end = place(endLine, endColumn);
  return { line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  const files = a.file === b.file ? 0 : Buffer.compare(Buffer.from(a.file), Buffer.from(b.file));
  return files || a.line - b.line || a.column - b.column || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0);
}
