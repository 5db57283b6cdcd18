import * as fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { compilePattern } from "../../src/decide/pattern.ts";

describe("=~", () => {
  it.each([
    ["OOM", "an OOM kill", true],
    [".*OOM.*", "line\nOOM\nline", true],
    ["^.*OOM.*$", "line\nOOM\nline", false],
    ["^Back", "Back-off", true],
    ["^Back", "a Back", false],
    ["pod$", "a pod", true],
    ["pod$", "a pod\n", false],
    ["^(a|b|c)$", "b", true],
    ["^(a|b|c)$", "bb", false],
    ["^(?:a|b)$", "a", true],
    ["(a|b)", "xbx", true],
    ["a|b", "xbx", true],
    ["(?i)oom", "OOM", true],
    ["exit code (137|143)", "exit code 143", true],
    ["1\\.2", "1.2", true],
    ["1\\.2", "1x2", false],
    ["a\\.*", "ab", true],
    ["^a\\$", "a$b", true],
    ["\\d+", "x7", true],
    ["", "", true],
    [".*?x", "ax", true],
    ["\\Q.*\\E.*", "a.*", true],
    ["\\Qa.*", "ab", false],
  ])("%j on %j is %s", (pattern, text, found) => {
    expect(compilePattern(pattern)(text)).toBe(found);
  });

  it("finds the same with and without being lowered", () => {
    const piece = fc.constantFrom(
      "a",
      "b",
      ".",
      ".*",
      ".*?",
      "^",
      "$",
      "(",
      ")",
      "(?:",
      "|",
      "\\.",
      "\\\\",
      "\\$",
      "\\",
      "[",
      "]",
      "\n",
      "😀",
    );
    const pattern = fc.array(piece, { maxLength: 7 }).map((all) => all.join(""));
    const text = fc.array(fc.constantFrom("a", "b", ".", "$", "\\", "\n", "😀"), { maxLength: 6 });
    fc.assert(
      fc.property(pattern, text, (written, characters) => {
        const subject = characters.join("");
        fc.pre(compiles(written));
        expect(compilePattern(written)(subject)).toBe(RE2JS.compile(written).test(subject));
      }),
      { numRuns: 3000 },
    );
  });

  it("does not look inside surrogate pairs", () => {
    expect(compilePattern("\ud83d")("😀")).toBe(RE2JS.compile("\ud83d").test("😀"));
  });

  it("finishes on a long text that a backtracking engine would chew on for hours", () => {
    const text = "error ".repeat(20_000);
    expect(compilePattern(".*error.*timeout.*")(text)).toBe(false);
    expect(compilePattern("(e+)+$")(text)).toBe(false);
  });
});

function compiles(pattern: string): boolean {
  try {
    return RE2JS.compile(pattern) !== null;
  } catch {
    return false;
  }
}
