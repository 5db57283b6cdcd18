import { describe, expect, test } from "vitest";
import { bodyWithKeywords, withKeywords } from "../../../src/deliver/feishu/keywords.ts";

test("a text gets the keywords unless it holds one", () => {
  expect(withKeywords("a", [])).toBe("a");
  expect(withKeywords("a", ["k", "l"])).toBe("a k l");
  expect(withKeywords("a l", ["k", "l"])).toBe("a l");
});

const element = { tag: "div", text: { tag: "plain_text", content: "k" } };

describe("a body gets the keywords", () => {
  test.each([
    [
      "in the title of its header",
      { card: { header: { title: { tag: "plain_text", content: "t" } }, elements: [] } },
      { card: { header: { title: { tag: "plain_text", content: "t k" } }, elements: [] } },
    ],
    [
      "in an element, where the title is none of plain text",
      { card: { header: { title: { tag: "lark_md", content: "t" } }, elements: [1] } },
      { card: { header: { title: { tag: "lark_md", content: "t" } }, elements: [1, element] } },
    ],
    ["in an element, where there is no header", { card: { elements: [] } }, { card: { elements: [element] } }],
    ["in an element, where there is nothing", { card: {} }, { card: { elements: [element] } }],
    [
      "in an element of the body of JSON 2.0",
      { card: { schema: "2.0", body: { elements: [] } } },
      { card: { schema: "2.0", body: { elements: [element] } } },
    ],
    ["behind a text", { content: { text: "t" } }, { content: { text: "t k" } }],
    [
      "in the title of a post",
      { content: { post: { zh_cn: { title: "t" }, en_us: {} } } },
      { content: { post: { zh_cn: { title: "t k" }, en_us: { title: "k" } } } },
    ],
  ])("%s", (_where, body, expected) => {
    expect(bodyWithKeywords(body, ["k"])).toEqual(expected);
  });

  test.each([
    [{ card: { elements: [{ tag: "markdown", content: "a k" }] } }],
    [{ content: { text: "key" } }],
    [{ content: { image_key: "img" } }],
    ["text"],
    [null],
  ])("unless one is shown, or there is no place for it: %j", (body) => {
    expect(bodyWithKeywords(body, ["k"])).toEqual(body);
  });

  test("unless the bot has none", () => {
    expect(bodyWithKeywords({ card: {} }, [])).toEqual({ card: {} });
  });

  test("even where an address holds one, because the bot looks at texts alone", () => {
    const body = { card: { elements: [{ tag: "a", href: "https://e.test/k" }] } };
    expect(bodyWithKeywords(body, ["k"])).not.toEqual(body);
  });
});
