import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkLayout, compileLayout, type LayoutTree } from "../../../src/deliver/layout.ts";
import { createLocalTime } from "../../../src/deliver/local-time.ts";
import { dialect, escapeMrkdwn } from "../../../src/deliver/slack/dialect.ts";

const B = "\u{200B}";

describe("escapeMrkdwn", () => {
  test.each([
    ["<!channel> & <@U1>", `&lt;!channel&gt; &amp; &lt;@${B}U1&gt;`],
    ["*a* _b_", `${B}*${B}a${B}*${B} ${B}_${B}b${B}_${B}`],
    ["~c~ `d`", `${B}~${B}c${B}~${B} ${B}\`${B}d${B}\`${B}`],
    ["@here #general", `@${B}here #${B}general`],
    ["https://e.test www.e.test", `https:${B}//e.test www.${B}e.test`],
    [":smile: nginx:1.2", `:${B}smile: nginx:1.2`],
    ["mailto:a", `mailto:${B}a`],
    ["> quote\n  > more", `${B}&gt; quote\n${B}  &gt; more`],
  ])("writes %j as %j", (text, escaped) => {
    expect(escapeMrkdwn(text)).toBe(escaped);
  });

  test("leaves no sign that opens a mention, link or style", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from("<>&@#!*_~`:/|\n aw.")) }), (text) => {
        const escaped = escapeMrkdwn(text);
        expect(escaped).not.toMatch(/[<>]|^\s*&gt;|:\/\/|[@#][aw]|(?<!\u{200B})[*_~`]|[*_~`](?!\u{200B})/mu);
        expect(escaped.replaceAll(B, "").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&")).toBe(
          text,
        );
      }),
    );
  });
});

const section = (type: string, text: string): LayoutTree => ({ type: "section", text: { type, text } });

function rendered(tree: LayoutTree, view: object): unknown {
  return compileLayout(tree, dialect, createLocalTime("UTC"))(view);
}

test.each([
  ["mrkdwn", "*own* &lt;!here&gt;"],
  ["plain_text", "*own* <!here>"],
  ["markdown", "*own* &lt;\\!here&gt;"],
  ["text", "*own* <!here>"],
  ["something new", "*own* &lt;!here&gt;"],
])("a text of the type %s is escaped as that is read", (type, text) => {
  expect(rendered(section(type, "*own* {{{message}}}"), { message: "<!here>" })).toEqual(section(type, text));
});

test("a text under no type is read as markup", () => {
  expect(rendered({ text: "{{message}}" }, { message: "<!here>" })).toEqual({ text: "&lt;!here&gt;" });
});

test.each<[string, LayoutTree]>([
  ["url", { type: "button", url: "https://e.test{{message}}" }],
  ["image_url", [{ type: "image", image_url: "{{url message}}", alt_text: "x" }]],
  ["user_id", { type: "user", user_id: "{{message}}" }],
  ["channel", { text: "x", channel: "{{namespace}}" }],
  ["text", section("mrkdwn", "<{{message}}>")],
  ["text", section("mrkdwn", "<!channel {{message}}>")],
  ["type", { type: "{{kind}}" }],
])("text of an Event may not stand in %s: %j", (_key, tree) => {
  expect(checkLayout(tree, dialect)).toHaveLength(1);
});

test("an address takes text of an Event behind a host of the author's own", () => {
  const tree = { type: "button", url: "https://e.test/{{url name}}" };
  expect(checkLayout(tree, dialect)).toEqual([]);
  expect(rendered(tree, { name: "a b>|" })).toEqual({ type: "button", url: "https://e.test/a%20b%3E%7C" });
});

test.each([
  [{ blocks: [] }, true],
  [{ text: "x" }, true],
  [{ attachments: [] }, true],
  [[{ type: "divider" }], true],
  [[], false],
  [["x"], false],
  [{ elements: [] }, false],
  ["text", false],
  [null, false],
])("%j is a layout of this kind: %s", (tree, expected) => {
  expect(dialect.isLayout(tree)).toBe(expected);
});
