import { readFileSync } from "node:fs";
import type { Compiled } from "../compile.ts";
import { loadConfig } from "../config/config.ts";
import { checkRuleTexts, checkTemplates, pathsOf } from "./check-templates.ts";
import { loadRules } from "../language/load.ts";
import { readRuleSources } from "../language/read-rule-sources.ts";

export interface InputOptions {
  readonly configPath: string;
  readonly rulesPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Reads and checks configuration and rules together. Throws what the file system throws for an unreadable path. */
export function compileInputs({ configPath, rulesPath, env }: InputOptions): Compiled {
  const loaded = loadConfig(configPath, readFileSync(configPath, "utf8"), env);
  const sources = readRuleSources(rulesPath);
  const { ruleSet, diagnostics } = loadRules(sources, loaded.known);
  const inTemplates = checkTemplates({ file: configPath, loaded, ruleSet });
  const inRules = checkRuleTexts(ruleSet, pathsOf(sources));
  return {
    config: inTemplates.length > 0 ? null : loaded.config,
    ruleSet: inRules.length > 0 ? null : ruleSet,
    diagnostics: [...loaded.diagnostics, ...inTemplates, ...diagnostics, ...inRules],
  };
}
