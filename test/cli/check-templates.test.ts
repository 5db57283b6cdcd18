import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import {
  checkRuleTexts,
  checkTemplates,
  createTemplateUses,
  type TemplateUses,
} from "../../src/cli/check-templates.ts";
import { check } from "../../src/cli/check.ts";
import { createConfigLoader } from "../../src/config/config.ts";
import { loadDialects } from "../../src/deliver/kinds.ts";
import { loadRules } from "../../src/language/load.ts";
import type { Diagnostic } from "../../src/model/diagnostic.ts";
import type { Rule, RuleSet } from "../../src/model/rule.ts";

const loadConfig = await createConfigLoader();
const dialects = await loadDialects();

function rulesOf(ruleSet: RuleSet | null): readonly Rule[] {
  return (ruleSet?.statements ?? []).filter((statement) => statement.kind === "rule");
}

function usesIn(ruleSet: RuleSet | null): TemplateUses | null {
  const uses = createTemplateUses();
  for (const rule of rulesOf(ruleSet)) uses.note(rule);
  return ruleSet && uses;
}

function mistakes(templates: string, rules: string): readonly Diagnostic[] {
  const text = `receivers: [{name: dump, stdout: {}}]\ntemplates:\n${templates}`;
  const loaded = loadConfig("config.yaml", text, {});
  const { ruleSet } = loadRules([{ file: "a.rules", text: rules }], loaded.known);
  return [
    ...checkTemplates({ file: "config.yaml", loaded, uses: usesIn(ruleSet), dialects }),
    ...rulesOf(ruleSet).flatMap((rule) => checkRuleTexts(rule, (file) => file)),
  ];
}

function checked(paths: readonly string[], configPath: string | null): ReturnType<typeof check> {
  return check({ paths, configPath, env: {}, stdin: () => Readable.from([]) });
}

describe("templates are checked before the first Event needs them", () => {
  it("points at the leaf that names an unknown variable, and guesses", () => {
    const [found] = mistakes("  card:\n    text: [a, '{{reasn}}']\n", "when type=Warning using card notify dump");
    expect(found).toMatchObject({ code: "E516", file: "config.yaml", line: 4, column: 15 });
    expect(found?.help).toBe("did you mean `reason`?");
  });

  it("knows the names that rules give", () => {
    const rules = "when type=Warning using card with team=edge notify dump";
    expect(mistakes("  card: {text: '{{team}}'}\n", rules)).toEqual([]);
    expect(mistakes("  card: {text: '{{team}}'}\n", "when type=Warning using card notify dump")).toHaveLength(1);
  });

  it("reads each as those do who get it", () => {
    const text = `receivers: [{name: dump, stdout: {}}, {name: bot, feishu: {urlFile: /u}}]
templates:
  card: {elements: [{tag: markdown, content: "<at id={{name}}></at>"}]}
`;
    const found = (rules: string): readonly Diagnostic[] => {
      const loaded = loadConfig("config.yaml", text, {});
      const { ruleSet } = loadRules([{ file: "a.rules", text: rules }], loaded.known);
      return checkTemplates({ file: "config.yaml", loaded, uses: usesIn(ruleSet), dialects });
    };
    const refusal = {
      code: "E516",
      line: 3,
      column: 46,
      message: "template `card`: no text of an Event may stand inside `<…>`",
    };
    expect(found("when type=Warning using card notify bot, dump")).toMatchObject([refusal]);
    expect(found("when type=Warning notify dump")).toMatchObject([refusal]);
    expect(found("when type=Warning using card notify dump")).toEqual([]);
  });

  it("finds broken Handlebars in a rule's own text, at the rule", () => {
    const rules = 'when type=Normal notify dump\nwhen type=Warning using card with team="{{name" notify dump';
    expect(mistakes("  card: {text: '{{team}}'}\n", rules)).toMatchObject([{ code: "E516", file: "a.rules", line: 2 }]);
  });

  it("is part of a check, of files and of a manifest that holds both", async () => {
    const folder = mkdtempSync(join(tmpdir(), "kubewhen-"));
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const config = "receivers: [{name: dump, stdout: {}}]\ntemplates: {card: {text: '{{reasn}}'}}\n";
    const rules = "when type=Warning using card notify dump\n";
    const manifest = `kind: ConfigMap\ndata:\n  config.yaml: |\n    ${config.trim().replaceAll("\n", "\n    ")}\n  a.rules: |\n    ${rules}`;
    const ofFiles = await checked([write("a.rules", rules)], write("config.yaml", config));
    expect(ofFiles.diagnostics).toMatchObject([{ code: "E516", line: 2, column: 26 }]);
    const ofManifest = await checked([write("all.yaml", manifest)], null);
    expect(ofManifest.diagnostics).toMatchObject([{ code: "E516", line: 5, column: 30 }]);
  });
});
