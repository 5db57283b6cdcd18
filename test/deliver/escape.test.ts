import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cleanText, cutText, escapeFor, escapeMarkdown, oneLine } from "../../src/deliver/escape.ts";

describe("escapeMarkdown", () => {
  test.each([
    ["<at id=all></at>", "&#60;at id=all&#62;&#60;&#47;at&#62;"],
    ["path \\D: <nil>", "path &#92;D&#58; &#60;nil&#62;"],
    ["[x](https://e.test)", "&#91;x&#93;&#40;https&#58;&#47;&#47;e&#46;test&#41;"],
    ["1. a & b", "1&#46; a &#38; b"],
    ["&#60;at id=all&#62;", "&#38;&#35;60;at id=all&#38;&#35;62;"],
    ["    code", "&nbsp;&nbsp;&nbsp;&nbsp;code"],
    ["好 ~*_`$|", "好 &#126;&#42;&#95;&#96;&#36;&#124;"],
  ])("writes %j as %j", (text, escaped) => {
    expect(escapeMarkdown(text)).toBe(escaped);
  });
});

describe("cleanText", () => {
  test.each([
    ["\u{1b}[31mred\u{1b}[0m", "red"],
    ["\u{1b}]0;title\u{7}text", "text"],
    ["\u{1b}]unfinished", "]unfinished"],
    ["a\u{0}b\u{7f}c\u{85}d", "abcd"],
    ["a\r\nb\rc\td", "a\nb\nc d"],
    ["half \u{d83d} pair \u{dc00}", "half \u{fffd} pair \u{fffd}"],
    ["gnp.\u{202e}exe", "gnp.exe"],
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

test("no text escaped for markdown or text can open a tag, link or mention", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...Array.from("<>at id=/[]()!*_`&#;\\\n aā")) }), (text) => {
      expect(escapeFor("markdown", text)).not.toMatch(/[<>[\]()*_`~|]/);
      expect(escapeFor("text", text)).not.toMatch(/<[a-z/!]/i);
      expect(escapeFor("url", text)).toMatch(/^[A-Za-z0-9%._~-]*$/);
      expect(escapeFor("plain", text)).toBe(text);
    }),
  );
});
