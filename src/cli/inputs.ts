import type { CompiledSummary } from "../compile.ts";
import { createConfigLoader } from "../config/config.ts";
import { readRules, type RuleSource } from "../language/load.ts";
import { readRuleSources, RulesUnreadableError } from "../language/read-rule-sources.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Statement } from "../model/rule.ts";
import { loadDialects } from "../deliver/kinds.ts";
import { checkRuleTexts, checkTemplates, createTemplateUses, pathsOf } from "./check-templates.ts";
import { readRegularFile } from "./regular-file.ts";

export interface InputOptions {
  readonly configPath: string;
  readonly rulesPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads and checks configuration and rules together. Hands each statement on at once and keeps none. Throws NotAFile,
 * or what the file system throws, for a configuration that cannot be read; of rules that cannot, the answer says why.
 */
export async function compileInputs(
  options: InputOptions,
  take: (statement: Statement) => void,
): Promise<CompiledSummary> {
  const { configPath, rulesPath, env } = options;
  const [loadConfig, dialects] = await Promise.all([createConfigLoader(), loadDialects()]);
  const loaded = loadConfig(configPath, readRegularFile(configPath).toString("utf8"), env);
  const { sources, unreadable } = readSources(rulesPath);
  const pathOf = pathsOf(sources);
  const uses = createTemplateUses();
  const inRules: Diagnostic[] = [];
  const { isSound, diagnostics } = readRules(sources, loaded.known, (statement) => {
    if (statement.kind === "rule") {
      uses.note(statement);
      inRules.push(...checkRuleTexts(statement, pathOf));
    }
    take(statement);
  });
  const rulesAreRead = unreadable === null && isSound;
  const inTemplates = checkTemplates({ file: configPath, loaded, uses: rulesAreRead ? uses : null, dialects });
  return {
    config: inTemplates.length > 0 ? null : loaded.config,
    rulesSound: rulesAreRead && inRules.length === 0,
    rulesUnreadable: unreadable,
    diagnostics: [...loaded.diagnostics, ...inTemplates, ...diagnostics, ...inRules],
  };
}

function readSources(path: string): { readonly sources: readonly RuleSource[]; readonly unreadable: string | null } {
  try {
    const sources = readRuleSources(path, readRegularFile);
    const unreadable = sources.length === 0 ? `cannot read rules from ${path}: no file ends in .rules` : null;
    return { sources, unreadable };
  } catch (error) {
    if (error instanceof RulesUnreadableError) return { sources: [], unreadable: error.message };
    throw error;
  }
}
