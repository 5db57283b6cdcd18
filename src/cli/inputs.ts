import type { Compiled } from "../compile.ts";
import { createConfigLoader } from "../config/config.ts";
import { loadDialects } from "../deliver/kinds.ts";
import { loadRules, type LoadedRules, type RuleSource } from "../language/load.ts";
import { readRuleSources, RulesUnreadableError } from "../language/read-rule-sources.ts";
import { checkRuleTexts, checkTemplates, pathsOf } from "./check-templates.ts";
import { readRegularFile } from "./regular-file.ts";

export interface InputOptions {
  readonly configPath: string;
  readonly rulesPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads and checks configuration and rules together. Throws NotAFile, or what the file system throws, for a
 * configuration that cannot be read; of rules that cannot, the answer says why.
 */
export async function compileInputs({ configPath, rulesPath, env }: InputOptions): Promise<Compiled> {
  const [loadConfig, dialects] = await Promise.all([createConfigLoader(), loadDialects()]);
  const loaded = loadConfig(configPath, readRegularFile(configPath).toString("utf8"), env);
  const { sources, unreadable } = readRules(rulesPath);
  const { ruleSet, diagnostics }: Pick<LoadedRules, "ruleSet" | "diagnostics"> =
    unreadable === null ? loadRules(sources, loaded.known) : { ruleSet: null, diagnostics: [] };
  const inTemplates = checkTemplates({ file: configPath, loaded, ruleSet, dialects });
  const inRules = checkRuleTexts(ruleSet, pathsOf(sources));
  return {
    config: inTemplates.length > 0 ? null : loaded.config,
    ruleSet: inRules.length > 0 ? null : ruleSet,
    rulesUnreadable: unreadable,
    diagnostics: [...loaded.diagnostics, ...inTemplates, ...diagnostics, ...inRules],
  };
}

function readRules(path: string): { readonly sources: readonly RuleSource[]; readonly unreadable: string | null } {
  try {
    const sources = readRuleSources(path, readRegularFile);
    const unreadable = sources.length === 0 ? `cannot read rules from ${path}: no file ends in .rules` : null;
    return { sources, unreadable };
  } catch (error) {
    if (error instanceof RulesUnreadableError) return { sources: [], unreadable: error.message };
    throw error;
  }
}
