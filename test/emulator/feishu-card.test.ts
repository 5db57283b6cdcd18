import { describe, expect, test } from "vitest";
import { checkCard, textMentions } from "../../src/emulator/feishu-card.ts";

const md = (content: string): object => ({ elements: [{ tag: "div", text: { tag: "lark_md", content } }] });
const v2 = (elements: readonly object[], more: object = {}): object => ({ schema: "2.0", body: { elements }, ...more });
const faultOf = (card: object): string | null => checkCard({ ...card }).fault;
const hr = { tag: "hr" };

describe("checkCard", () => {
  test.each([
    ["a blank card", {}],
    ["unknown keys in 1.0", { elements: [{ tag: "hr", surprise: 1 }], more: true }],
    [
      "allowed tags",
      md("**a** <font color='red'>x</font> [x](https://e.test) <at id=all></at> &#60;nil&#62; 1 < 2 > 0"),
    ],
    ["notes in 1.0", { elements: [{ tag: "note", elements: [{ tag: "plain_text", content: "x" }] }] }],
    ["a template", { type: "template", data: { template_id: "x" } }],
    ["a card of 2.0", v2([{ tag: "markdown", content: "# x <br>" }, hr], { config: { update_multi: true } })],
    [
      "anything in plain text",
      { elements: [{ tag: "div", text: { tag: "plain_text", content: "<nil> <at id=all>" } }] },
    ],
  ])("accepts %s", (_what, card) => {
    expect(faultOf(card)).toBeNull();
  });

  test.each([
    ["an unknown HTML tag", md("exit <nil>"), "unsupported type of html tag nil"],
    ["a closing one too", md("</html>"), "unsupported type of html tag html"],
    ["an unknown component", { elements: [{ tag: "divider" }] }, "unsupported type of block"],
    ["a bare string as text", { elements: [{ tag: "div", text: "x" }] }, "must be an object"],
    ["a text without content", { elements: [{ tag: "markdown" }] }, "has no content"],
    ["a script as link", md("[x](javascript:alert)"), "invalid href"],
    ["a script as address", { elements: [{ tag: "button", url: "javascript:x" }] }, "invalid href"],
    ["a made-up user", md("<at id=ou_nobody></at>"), "invalid at user"],
    ["a mention by e-mail", md("<at email=a@b.c></at>"), "invalid at user"],
    ["an unknown colour", { header: { template: "pink" } }, "unknown header template"],
    ["null for a boolean", { config: { wide_screen_mode: null } }, "must be a boolean"],
    ["elements that are no list", { elements: {} }, "must be a list"],
    ["too many nodes", { elements: Array.from({ length: 201 }, () => hr) }, "element exceeds the limit"],
    [
      "too many tables",
      { elements: Array.from({ length: 6 }, () => ({ tag: "table" })) },
      "card table number over limit",
    ],
    ["top-level elements in 2.0", v2([], { elements: [] }), "unknown property elements"],
    ["a key of 1.0 in 2.0", v2([], { config: { wide_screen_mode: true } }), "unknown property config.wide_screen_mode"],
    ["a note in 2.0", v2([{ tag: "note" }]), "no longer support this capability"],
    ["a card of 2.0 that cannot update", v2([], { config: { update_multi: false } }), "update_multi"],
    ["a card of 2.0 without body", { schema: "2.0" }, "no body.elements"],
  ])("refuses %s", (_what, card, fault) => {
    expect(faultOf(card)).toContain(fault);
  });

  test("tells whom a card mentions", () => {
    const user = `ou_${"0".repeat(32)}`;
    expect(checkCard({ ...md(`<at id=all></at> <at ids="${user},0a1b2c3d"></at>`) }).mentions).toEqual([
      { id: "all" },
      { id: user },
      { id: "0a1b2c3d" },
    ]);
  });
});

test("finds the mentions of a text, and none in a broken tag", () => {
  expect(textMentions('hi <at user_id="all">all</at>')).toEqual([{ id: "all" }]);
  expect(textMentions('hi <\u{200B}at user_id="all">')).toEqual([]);
});
