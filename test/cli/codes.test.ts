import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkTemplates, createTemplateUses } from "../../src/cli/check-templates.ts";
import { explainCode, listCodes, sectionsOf } from "../../src/cli/codes.ts";
import { CannotRunError } from "../../src/cli/exit-codes.ts";
import { createConfigLoader } from "../../src/config/config.ts";
import { loadDialects } from "../../src/deliver/kinds.ts";
import { DIAGNOSTICS } from "../../src/language/diagnostic.ts";

const CODES = Object.keys(DIAGNOSTICS);
const loadConfig = await createConfigLoader();
const dialects = await loadDialects();
const PAGES = sectionsOf(readFileSync(new URL("../../grammar/diagnostics.md", import.meta.url), "utf8"));

describe("the catalogue", () => {
  it.each(CODES)("explains %s: cause, wrong, right, why", (code) => {
    const page = explainCode(code.toLowerCase());
    expect(page).toMatch(new RegExp(`^## ${code}\n`));
    expect(page.match(/^## /gm)).toHaveLength(1);
    // Ten thousand statements are no example.
    const parts = code === "E111" ? ["Why: "] : ["Wrong:", "Right:", "Why: "];
    for (const part of parts) expect(page).toContain(`\n${part}`);
  });

  it("lists each code once", () => {
    expect(listCodes().match(/^[EW]\d{3}/gm)).toEqual(CODES);
  });

  it("guesses at a code there is not", () => {
    expect(() => explainCode("E2O1")).toThrow(new CannotRunError("there is no code E2O1; did you mean E201?"));
  });
});

function codesIn(text: string): string[] {
  const loaded = loadConfig("c", text, { RELAY_TOKEN: "x" });
  const inTemplates = checkTemplates({ file: "c", loaded, uses: createTemplateUses(), dialects });
  return [...loaded.diagnostics, ...inTemplates].map(({ code }) => code);
}

it("takes no comment of an example for a heading", () => {
  const sections = sectionsOf(
    "# T\n\n## E101\n\n```rules\n# E102 x\n```\nend\n\n### more\n\n## E103\n\nthree\n\n# Last\nx",
  );
  expect([...sections]).toEqual([
    ["E101", "## E101\n\n```rules\n# E102 x\n```\nend\n\n### more"],
    ["E103", "## E103\n\nthree"],
  ]);
});

describe("the examples about config.yaml", () => {
  const examples = [...PAGES].flatMap(([code, page]) => {
    const [wrong, right] = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");
    return wrong === undefined || right === undefined ? [] : [{ code, wrong, right }];
  });

  it.each(examples)("are wrong where they say so, and right: $code", ({ code, wrong, right }) => {
    expect(new Set(codesIn(wrong))).toEqual(new Set([code]));
    expect(codesIn(right)).toEqual([]);
  });

  it("are there for each code of its family", () => {
    expect(examples.map(({ code }) => code)).toEqual(["E511", "E512", "E513", "W514", "E515", "E516", "W517"]);
  });
});
