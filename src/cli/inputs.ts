import { readFileSync } from "node:fs";
import type { Compiled } from "../compile.ts";
import { createConfigLoader } from "../config/config.ts";
import { checkRuleTexts, checkTemplates, pathsOf } from "./check-templates.ts";
import { loadDialects } from "../deliver/kinds.ts";
import { loadRules } from "../language/load.ts";
import { readRuleSources } from "../language/read-rule-sources.ts";

export interface InputOptions {
  readonly configPath: string;
  readonly rulesPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Reads and checks configuration and rules together. Throws what the file system throws for an unreadable path. */
export async function compileInputs({ configPath, rulesPath, env }: InputOptions): Promise<Compiled> {
  const [loadConfig, dialects] = await Promise.all([createConfigLoader(), loadDialects()]);
  const loaded = loadConfig(configPath, readFileSync(configPath, "utf8"), env);
  const sources = readRuleSources(rulesPath);
  const { ruleSet, diagnostics } = loadRules(sources, loaded.known);
  const inTemplates = checkTemplates({ file: configPath, loaded, ruleSet, dialects });
  const inRules = checkRuleTexts(ruleSet, pathsOf(sources));
  return {
    config: inTemplates.length > 0 ? null : loaded.config,
    ruleSet: inRules.length > 0 ? null : ruleSet,
    diagnostics: [...loaded.diagnostics, ...inTemplates, ...diagnostics, ...inRules],
  };
}
