import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileGlob } from "../../src/decide/glob.ts";
import { likeByTable } from "../support/linear-evaluator.ts";

describe("like", () => {
  it.each([
    ["web-*", "web-", true],
    ["web-*", "a web-", false],
    ["*-web", "my-web", true],
    ["*-web", "my-web-1", false],
    ["*", "", true],
    ["", "", true],
    ["", "a", false],
    ["a*a", "a", false],
    ["a*b*c", "axxbxxc", true],
    ["a*b*c", "axxcxxb", false],
    ["*ab*", "xxabxx", true],
    ["?", "", false],
    ["?", "家", true],
    ["?", "😀", true],
    ["??", "😀", false],
    ["?*?", "😀", false],
    ["*?", "😀", true],
    ["pod-?-*-x", "pod-1-a-b-x", true],
    ["pod-?-*-x", "pod-12-a-x", false],
    ["a.b", "axb", false],
    ["[ab]", "a", false],
    ["a\nb*", "a\nb\nc", true],
  ])("%j on %j is %s", (pattern, text, fits) => {
    expect(compileGlob(pattern)(text)).toBe(fits);
  });

  it("agrees with the textbook table", () => {
    const characters = fc.constantFrom("a", "b", "*", "?", "😀", "\n");
    const word = fc.array(characters, { maxLength: 10 }).map((all) => all.join(""));
    fc.assert(
      fc.property(word, word, (pattern, text) => {
        expect(compileGlob(pattern)(text)).toBe(likeByTable(Array.from(pattern), Array.from(text)));
      }),
      { numRuns: 2000 },
    );
  });

  it("finishes on patterns that make a backtracking matcher despair", () => {
    const pattern = `${"*a?".repeat(300)}b`;
    expect(compileGlob(pattern)("a".repeat(100_000))).toBe(false);
  });
});
