import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FIELD_ALIASES, FIELD_NAMES } from "../../src/language/fields.ts";
import { loadRules } from "../../src/language/load.ts";

const page = readFileSync(new URL("../../grammar/README.md", import.meta.url), "utf8");
const examples = Array.from(page.matchAll(/```rules\n([\s\S]*?)```/g), ([, text = ""]) => text);

test.each(examples)("the example %j is free of errors and warnings", (text) => {
  const known = { receivers: ["feishu", "dump"], templates: [] };
  const { diagnostics, rules } = loadRules([{ file: "example.rules", text }], known);
  expect(diagnostics).toEqual([]);
  expect(rules).toBeGreaterThan(0);
});

test("names every field and alias", () => {
  const aliases = [...FIELD_ALIASES.keys()].filter((alias) => !/^(?:involvedObject|regarding)\./.test(alias));
  for (const name of [...FIELD_NAMES, ...aliases]) expect(page).toContain(`\`${name}\``);
});
