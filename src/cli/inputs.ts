import { readFileSync } from "node:fs";
import type { Compiled } from "../compile.ts";
import { loadConfig } from "../config.ts";
import { loadRules } from "../language/load.ts";
import { readRuleSources } from "../language/read-rule-sources.ts";

export interface InputOptions {
  readonly configPath: string;
  readonly rulesPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Reads and checks configuration and rules together. Throws what the file system throws for an unreadable path. */
export function compileInputs({ configPath, rulesPath, env }: InputOptions): Compiled {
  const { config, known, diagnostics } = loadConfig(configPath, readFileSync(configPath, "utf8"), env);
  const rules = loadRules(readRuleSources(rulesPath), known);
  return { config, ruleSet: rules.ruleSet, diagnostics: [...diagnostics, ...rules.diagnostics] };
}
