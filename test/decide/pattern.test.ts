import * as fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { lowerPattern } from "../../src/decide/lower.ts";
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
    ["^(BackOff|Failed.*)$", "FailedMount", true],
    ["^(BackOff|Failed.*)$", "BackOffs", false],
    ["^(BackOff|Failed.*)$", "Failed\nMount", false],
    ["A.*B", "A\nA B", true],
    ["A.*B", "A\nB", false],
    ["^A.*B", "x\nA B", false],
    ["A.*B$", "A B\nx", false],
    ["^.*x", "a\nx", false],
    ["aa.*aa", "aaa", false],
    ["(a|b)+", "b", true],
    ["^(a|b)$|c", "xcx", true],
  ])("%j on %j is %s", (pattern, text, found) => {
    expect(compilePattern(pattern)(text)).toBe(found);
  });

  it("finds the same with and without being lowered", () => {
    const operators = [
      "a",
      "b",
      "ab",
      ".",
      ".*",
      ".*?",
      "^",
      "$",
      "(",
      ")",
      "(?:",
      "|",
      "*",
      "+",
      "?",
      "\\.",
      "\\\\",
      "\\$",
      "\\",
    ];
    const composites = [
      "(a|b)",
      "(?:a|.*b)",
      "(|a)",
      "(^a|b$)",
      "((a|b)a|.*)",
      "(?i)",
      "[ab]",
      "\n",
      "\r",
      "😀",
      "\\d",
      "\\Q",
    ];
    const piece = fc.constantFrom(...operators, ...composites);
    const pattern = fc.array(piece, { maxLength: 7 }).map((all) => all.join(""));
    const text = fc.array(fc.constantFrom("a", "b", ".", "$", "\\", "\n", "\r", "\u2028", "😀"), { maxLength: 7 });
    fc.assert(
      fc.property(pattern, text, (written, characters) => {
        const subject = characters.join("");
        fc.pre(compiles(written));
        expect(compilePattern(written)(subject)).toBe(RE2JS.compile(written).test(subject));
      }),
      { numRuns: 5000 },
    );
  });

  it("is a plain text operation for what people write most", () => {
    const lowered = [
      "OOM",
      "exit code (137|143)",
      "^(BackOff|Failed.*)$",
      "^a$|^b$",
      "probe failed: .*(timeout|deadline exceeded)",
    ];
    expect(lowered.filter((one) => lowerPattern(one) === null)).toEqual([]);
    const kept = [
      "\\d",
      "[ab]",
      "a+",
      "(?i)a",
      "a{2}",
      "a.b",
      "(a|b)".repeat(6),
      "a^b",
      "a)",
      "(a",
      "x\n.*y",
      "\ud83d",
    ];
    expect(kept.filter((one) => lowerPattern(one) !== null)).toEqual([]);
  });

  it("does not look inside surrogate pairs", () => {
    expect(compilePattern("\ud83d")("😀")).toBe(RE2JS.compile("\ud83d").test("😀"));
  });

  it("finishes on a long text that a backtracking engine would chew on for hours", () => {
    const text = "error ".repeat(20_000);
    expect(compilePattern(`^${"(a|b)".repeat(6)}$`)("ababab")).toBe(true);
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
