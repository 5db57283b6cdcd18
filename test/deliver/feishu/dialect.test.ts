import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dialect, escapeMarkdown, escapeText } from "../../../src/deliver/feishu/dialect.ts";

describe("escapeMarkdown", () => {
  test.each([
    ["<at id=all></at>", "&#60;at id=all&#62;&#60;&#47;at&#62;"],
    ["path \\D: <nil>", "path &#92;D&#58; &#60;nil&#62;"],
    ["[x](https://e.test)", "&#91;x&#93;&#40;https&#58;&#47;&#47;e&#46;test&#41;"],
    ["1. a & b", "1&#46; a &#38; b"],
    ["&#60;at id=all&#62;", "&#38;&#35;60;at id=all&#38;&#35;62;"],
    ["    code", "&nbsp;&nbsp;&nbsp;&nbsp;code"],
    ["好 ~*_`$|", "好 &#126;&#42;&#95;&#96;&#36;&#124;"],
    ["a = b\n===\n  == c", "a = b\n&#61;==\n  &#61;= c"],
  ])("writes %j as %j", (text, escaped) => {
    expect(escapeMarkdown(text)).toBe(escaped);
  });

  test("leaves no sign that opens a tag, link, mention or heading", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from("<>at id=/[]()!*_`&#;\\\n aā")) }), (text) => {
        expect(escapeMarkdown(text)).not.toMatch(/[<>[\]()*_`~|]|^ *=/m);
        expect(escapeText(text)).not.toMatch(/<[a-z/!]/i);
      }),
    );
  });
});

test.each([
  [{ msg_type: "text" }, true],
  [{ elements: [] }, true],
  [{ schema: "2.0" }, true],
  [{ header: {} }, true],
  [{ blocks: [] }, false],
  ["text", false],
  [[{ elements: [] }], false],
  [null, false],
])("%j is a layout of this kind: %s", (tree, expected) => {
  expect(dialect.isLayout(tree)).toBe(expected);
});
