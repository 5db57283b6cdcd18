import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cleanText, cutText, escapeUrl, oneLine } from "../../src/deliver/escape.ts";

describe("cleanText", () => {
  test.each([
    ["\u{1b}[31mred\u{1b}[0m", "red"],
    ["\u{1b}]0;title\u{7}text", "text"],
    ["\u{1b}]unfinished", "]unfinished"],
    ["a\u{0}b\u{7f}c\u{85}d", "abcd"],
    ["a\r\nb\rc\td", "a\nb\nc d"],
    ["half \u{d83d} pair \u{dc00}", "half \u{fffd} pair \u{fffd}"],
    ["gnp.\u{202e}exe", "gnp.exe"],
    ["a\u{61c}b", "ab"],
    ["one\u{2028}two\u{2029}three", "one\ntwo\nthree"],
    ["好😀", "好😀"],
  ])("makes %j to %j", (dirty, clean) => {
    expect(cleanText(dirty)).toBe(clean);
  });

  test("takes a megabyte of unfinished sequences in its stride", () => {
    expect(cleanText("\u{1b}[".repeat(500_000)).length).toBe(500_000);
  });
});

describe("cutText", () => {
  test("keeps a short text and marks how many bytes of a long one went", () => {
    expect(cutText("short", 5)).toBe("short");
    expect(cutText("好好好好", 2)).toBe("好好… (+6 bytes)");
    expect(cutText("text", 0)).toBe("… (+4 bytes)");
  });

  test("never cuts a character in two", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat({ max: 20 }), (text, length) => {
        expect(cutText(text, length).isWellFormed()).toBe(true);
      }),
    );
  });
});

test("puts a text on one line", () => {
  expect(oneLine("  a \n\n b\tc ")).toBe("a b c");
});

test("nothing percent-encoded ends a link", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...Array.from("<>at id=/[]()!*_`&#;'\"\\\n aā")) }), (text) => {
      expect(escapeUrl(text)).toMatch(/^[A-Za-z0-9%._~-]*$/);
    }),
  );
});
