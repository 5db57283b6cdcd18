import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { DIAGNOSTICS, isDiagnosticCode } from "../../src/language/diagnostic.ts";
import { loadRules } from "../../src/language/load.ts";

const page = readFileSync(new URL("../../grammar/diagnostics.md", import.meta.url), "utf8");
const sections = page
  .split(/^## /m)
  .slice(1)
  .map((section) => ({ code: section.slice(0, section.indexOf("\n")).trim(), section }));

function codesIn(text: string): readonly string[] {
  const known = { receivers: ["feishu"], templates: ["cards"] };
  return loadRules([{ file: "example.rules", text }], known).diagnostics.map(({ code }) => code);
}

test("has one heading for each code of the catalogue, in its order", () => {
  expect(sections.map(({ code }) => code)).toEqual(Object.keys(DIAGNOSTICS));
});

test("uses no number under two letters", () => {
  const numbers = Object.keys(DIAGNOSTICS).map((code) => code.slice(1));
  expect(new Set(numbers).size).toBe(numbers.length);
});

describe.each(sections)("$code", ({ code, section }) => {
  const [wrong, right] = Array.from(section.matchAll(/```rules\n([\s\S]*?)\n```/g), (block) => block[1]);

  test("is titled as in the catalogue and says why", () => {
    expect(isDiagnosticCode(code) && section.includes(`**${DIAGNOSTICS[code].title}**`)).toBe(true);
    expect(section).toMatch(/^Why: /m);
  });

  test.skipIf(wrong === undefined)("comes of the wrong example alone, and not of the right one", () => {
    expect(new Set(codesIn(wrong ?? ""))).toEqual(new Set([code]));
    expect(codesIn(right ?? "")).toEqual([]);
  });
});
