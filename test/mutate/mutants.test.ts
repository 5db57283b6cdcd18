import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { findMutants } from "./mutants.ts";

/** Each mutant of a text as what stands there and what is put for it. */
function changes(text: string): readonly string[] {
  return findMutants("src/a.ts", text).map(({ original, replacement }) => `${original} -> ${replacement}`);
}

it.each([
  ["a < b;", ["a < b; -> ;", "< -> <=", "< -> >="]],
  ["a >= b;", ["a >= b; -> ;", ">= -> >", ">= -> <"]],
  ["a === b;", ["a === b; -> ;", "=== -> !=="]],
  ["a && (b ?? c);", ["a && (b ?? c); -> ;", "&& -> ||", "?? -> &&"]],
  ["const x = a + b % c;", ["+ -> -", "% -> *"]],
  ["const x = a + 'b' + c;", ["'b' -> \"\""]],
  ["x += y;", ["x += y; -> ;", "+= -> -="]],
  ["x++;", ["x++ -> x--", "x++; -> ;"]],
  ["if (a()) throw e;", ["a() -> !(a())", "throw e; -> ;"]],
  ["while (!a) b = c;", ["!a -> (a)", "b = c; -> ;"]],
  ["const x = a ? -b : c;", ["a -> !(a)", "-b -> (b)"]],
  [
    "const x = [0, 9, 60_000, 2n, true];",
    ["[0, 9, 60_000, 2n, true] -> []", "0 -> 1", "9 -> 10", "60_000 -> 120000", "2n -> (2n + 1n)", "true -> false"],
  ],
  ['const x = { "a-b": "", c: `d${e}` };', ['"" -> "mutated"', '`d${e}` -> ""']],
  ["for (const a of b) { if (a) continue; break; }", ["a -> !(a)", "continue; -> ;", "break; -> ;"]],
  ["function f() { return a(); }", ["a() -> null"]],
  ["const f = () => ({ a }), g = () => [];", ["{ a } -> null"]],
  ["const x = a.filter(f).some(g);", ["a.filter(f) -> a", "some -> every"]],
  ["const x = Math.min(a, b);", ["min -> max"]],
])("finds what may be wrong in %s", (text, expected) => {
  expect(changes(text)).toEqual(expected);
});

it.each([
  'import { a } from "b"; export * from "c";',
  'const x: 1 | "a" = y as "b"; interface A { readonly b: "c"; } type D = 2;',
  'logger.info({ a: 1 }, "b"); this.logger?.warn("c");',
  'const x = new RangeError("a" + 1);',
  '"use strict";',
  "function f() { return undefined; }",
])("leaves alone what does not run, and what is only read by people: %s", (text) => {
  expect(changes(text)).toEqual([]);
});

it("looks into what types are taken away from", () => {
  expect(changes("const x = (1 as number)! satisfies 2;")).toEqual(["1 -> 2"]);
});

it("leaves out what would be no program", () => {
  // Without parentheses `&&` and `??` do not mix.
  expect(changes("const x = a ?? b ?? c;")).toEqual([]);
  expect(changes("const x = a && b && c;")).toEqual(["&& -> ||", "&& -> ||"]);
});

it("names the place in code points and gives the whole text", () => {
  const [mutant] = findMutants("src/a.ts", "/* 😀 */ x();\n");
  expect(mutant).toEqual({
    path: "src/a.ts",
    place: { line: 1, column: 9 },
    original: "x();",
    replacement: ";",
    text: "/* 😀 */ ;\n",
  });
});

it("finds hundreds of different mutants in a source of ours, none of which is the source itself", () => {
  const text = readFileSync("grammar/parse-rules.ts", "utf8");
  const mutants = findMutants("grammar/parse-rules.ts", text);
  expect(mutants.length).toBeGreaterThan(100);
  expect(new Set([text, ...mutants.map((mutant) => mutant.text)]).size).toBe(mutants.length + 1);
});
