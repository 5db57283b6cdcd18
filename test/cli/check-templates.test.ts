import { describe, expect, it } from "vitest";
import { checkTemplates } from "../../src/cli/check-templates.ts";
import { loadConfig } from "../../src/config/config.ts";
import { loadRules } from "../../src/language/load.ts";
import type { Diagnostic } from "../../src/model/diagnostic.ts";

function mistakes(templates: string, rules: string): readonly Diagnostic[] {
  const text = `receivers: [{name: dump, stdout: {}}]\ntemplates:\n${templates}`;
  const loaded = loadConfig("config.yaml", text, {});
  const { ruleSet } = loadRules([{ file: "a.rules", text: rules }], loaded.known);
  return checkTemplates({ file: "config.yaml", loaded, ruleSet });
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

  it("finds broken Handlebars in a rule's own text, at the rule", () => {
    const rules = 'when type=Normal notify dump\nwhen type=Warning using card with team="{{name" notify dump';
    expect(mistakes("  card: {text: '{{team}}'}\n", rules)).toMatchObject([{ code: "E516", file: "a.rules", line: 2 }]);
  });
});
