import { describe, expect, test } from "vitest";
import { dialect } from "../../src/deliver/feishu/dialect.ts";
import {
  checkLayout,
  checkText,
  compileLayout,
  compileText,
  LayoutError,
  type LayoutTree,
} from "../../src/deliver/layout.ts";
import { createLocalTime } from "../../src/deliver/local-time.ts";
import { dialect as plainDialect } from "../../src/deliver/stdout/dialect.ts";

const localTime = createLocalTime("Asia/Shanghai");

function render(tree: LayoutTree, view: object): unknown {
  return compileLayout(tree, dialect, localTime)(view);
}

describe("a leaf escapes every value for its dialect", () => {
  const view = { message: "<at id=all></at> 50%" };
  const escaped = "&#60;at id=all&#62;&#60;&#47;at&#62; 50%";

  test.each([
    ["lark_md", "{{message}}", escaped],
    ["lark_md", "{{{message}}}", escaped],
    ["lark_md", "{{&message}}", escaped],
    ["markdown", "<at id=ou_x></at> {{#if message}}{{{message}}}{{/if}}", `<at id=ou_x></at> ${escaped}`],
    ["markdown", "{{upper message}}", escaped.replace("at id=all", "AT ID=ALL").replace(";at&", ";AT&")],
    ["markdown", "[x](https://e.test/{{url message}})", "[x](https://e.test/%3Cat%20id%3Dall%3E%3C%2Fat%3E%2050%25)"],
    ["markdown", "{{{'<at id=all>'}}}", "&#60;at id=all&#62;"],
    ["plain_text", "{{message}}", "<at id=all></at> 50%"],
    ["unknown", "{{message}}", "<\u{200B}at id=all><\u{200B}/at> 50%"],
    // Every object inherits something of these names.
    ["constructor", "{{message}}", "<\u{200B}at id=all><\u{200B}/at> 50%"],
    ["__proto__", "{{message}}", "<\u{200B}at id=all><\u{200B}/at> 50%"],
  ])("under %s, %s", (tag, content, expected) => {
    expect(render({ tag, content }, view)).toEqual({ tag, content: expected });
  });

  test("in addresses, and in parts of a text that inherit its tag", () => {
    const tree = {
      tag: "lark_md",
      i18n: { en_us: "{{message}}" },
      href: { urlVal: { url: "https://e.test/{{url message}}" } },
    };
    expect(render(tree, { message: "a b<" })).toEqual({
      tag: "lark_md",
      i18n: { en_us: "a b&#60;" },
      href: { urlVal: { url: "https://e.test/a%20b%3C" } },
    });
  });
});

test("everything that is no string stays as it is", () => {
  const tree = { config: { wide_screen_mode: true, n: 3, none: null }, list: [1, "{{name}}", false] };
  expect(render(tree, { name: "x" })).toEqual({
    config: { wide_screen_mode: true, n: 3, none: null },
    list: [1, "x", false],
  });
});

test("helpers: time, default, short, lower, eq, blocks", () => {
  const view = {
    lastSeen: "2026-11-22T16:00:00.000Z",
    host: "",
    name: "abcdef",
    kind: "Pod",
    held: { count: 3, since: "x" },
  };
  const text =
    "{{time lastSeen}}|{{default host 'none'}}|{{short name 3}}|{{lower kind}}|{{#if (eq kind 'Pod')}}pod{{/if}}|{{#with held}}{{count}}{{/with}}";
  expect(render(text, view)).toBe("2026-11-23 00:00:00|none|abc… (+3 bytes)|pod|pod|3");
});

test.each(["{{constructor}}", "{{__proto__}}", "{{held.constructor}}", "{{message.length.constructor}}"])(
  "nothing an object inherits can be read: %s",
  (text) => {
    expect(checkLayout(text, dialect)).not.toEqual([]);
    expect(render(text, { message: "m", held: { count: 1, since: "" } })).toBe("");
  },
);

describe("checkLayout", () => {
  test.each([
    ["{{mesage}}", { message: "unknown variable", unknownName: "mesage" }],
    ["{{held.cuont}}", { message: "unknown variable", unknownName: "held.cuont" }],
    ["{{@root.message}}", { message: "unknown variable", unknownWord: "@root.message" }],
    ["{{uppr name}}", { message: "unknown helper", unknownWord: "uppr" }],
    ["{{short}}", { message: "wrong number of arguments of `short`" }],
    ["{{lookup held 'count'}}", { message: "unknown helper", unknownWord: "lookup" }],
    ["{{#if mesage}}x{{/if}}", { message: "unknown variable", unknownName: "mesage" }],
    ["{{#unless message}}{{else}}{{mesage}}{{/unless}}", { message: "unknown variable", unknownName: "mesage" }],
    ["{{#message}}x{{/message}}", { message: "unknown block", unknownWord: "message" }],
    ["{{if message}}", { message: "`if` needs a block: {{#if …}}" }],
    ["{{> other}}", { message: "partials are not supported" }],
    ["{{time lastSeen zone='UTC'}}", { message: "`time` takes no named arguments" }],
    ["{{#if message}}", { message: "the braces of this template do not fit together" }],
    ["{{#if message}}x{{/each}}", { message: "a block of this template ends under another name" }],
    ["{{message", { message: "the braces of this template do not fit together" }],
  ])("finds fault with %s", (text, problem) => {
    expect(checkLayout({ card: [{ content: text }] }, dialect)).toEqual([{ path: "card[0].content", ...problem }]);
  });

  test("lets a tag be no template, and knows what rules add", () => {
    expect(checkLayout({ tag: "{{kind}}" }, dialect)).toMatchObject([
      { path: "tag", message: "a tag must not be a template" },
    ]);
    expect(checkLayout("{{runbook}} {{message}}", dialect)).toMatchObject([{ unknownName: "runbook" }]);
    expect(checkLayout("{{runbook}} {{message}}", dialect, ["runbook"])).toEqual([]);
  });

  test("is asked again before compiling", () => {
    expect(() => compileLayout("{{> other}}", dialect, localTime)).toThrow(LayoutError);
  });
});

function faultsOf(tree: LayoutTree): readonly string[] {
  return checkLayout(tree, dialect, ["oncall"]).map(({ path, message }) => `${path}: ${message}`);
}

describe("a place that is no text takes nothing of an Event", () => {
  test.each<[LayoutTree, RegExp]>([
    [{ tag: "lark_md", content: "<at id={{name}}></at>" }, /^content: no text of an Event may stand inside `<…>`$/],
    [{ tag: "markdown", content: "<at id={{oncall}}></at>" }, /inside `<…>`/],
    [{ tag: "markdown", content: "<at id={{#if host}}{{upper host}}{{else}}all{{/if}}></at>" }, /inside `<…>`/],
    [{ tag: "markdown", content: "<{{#if host}}at id={{/if}}{{name}}>" }, /inside `<…>`/],
    [{ tag: "markdown", content: "{{#if host}}<at id={{/if}}{{name}}>" }, /inside `<…>`/],
    [{ msg_type: "text", content: { text: '<at user_id="{{name}}">x</at>' } }, /^content\.text: no text of an Event/],
    [{ tag: "at", user_id: "{{name}}" }, /^user_id: this names somebody or something/],
    [{ tag: "at", user_id: "{{url name}}" }, /^user_id: this names somebody or something/],
    [{ tag: "at", user_id: "https://e.test/{{url name}}" }, /^user_id: this names somebody or something/],
    [{ tag: "img", img_key: "{{message}}" }, /^img_key: this names/],
    [{ tag: "lark_md", content: "[x]({{message}})" }, /^content: an address takes text of an Event only as/],
    [{ tag: "lark_md", content: "[x](https://e.test/{{message}})" }, /an address takes/],
    [{ tag: "lark_md", content: "[x]{{#if host}}({{message}}){{/if}}" }, /an address takes/],
    [{ tag: "lark_md", content: "[x]( {{message}})" }, /an address takes/],
    [{ tag: "lark_md", content: "[x](https://{{url name}}.e.test/)" }, /an address takes/],
    [{ tag: "button", behaviors: [{ default_url: "{{message}}" }] }, /^behaviors\[0\]\.default_url: an address takes/],
    [{ tag: "button", url: "https://e.test/{{message}}" }, /^url: an address takes/],
    [{ tag: "a", href: "{{url message}}" }, /^href: an address takes/],
    [
      { tag: "a", href: "{{#unless host}}{{else}}https://e.test/{{/unless}}{{url message}}" },
      /^href: an address takes/,
    ],
    [{ tag: "a", href: "{{#if host}}https://e.test/{{/if}}{{url message}}" }, /^href: an address takes/],
  ])("%j is refused", (tree, expected) => {
    const [fault, ...more] = faultsOf(tree);
    expect(fault).toMatch(expected);
    expect(more).toEqual([]);
  });

  test.each<[LayoutTree]>([
    [
      {
        tag: "lark_md",
        content: "<at id=all></at> {{message}} [{{reason}}](https://e.test/?q={{url message}}) {{name}}",
      },
    ],
    [{ tag: "lark_md", content: "{{count}} < {{occurrences}} <{{severity}} {{cluster}}> <5 {{message}}" }],
    [{ tag: "button", url: "https://e.test/{{cluster}}/{{url namespace}}", value: { is: "{{message}}" } }],
    [{ tag: "plain_text", content: "<at id={{name}}> [x]({{message}})" }],
    [{ tag: "img", img_key: "img_v2_{{severity}}" }],
    ["<https://e.test/{{url name}}|{{name}}>"],
  ])("%j is taken", (tree) => {
    expect(faultsOf(tree)).toEqual([]);
  });

  test("even where rules are read that were never checked", () => {
    expect(() => compileLayout({ user_id: "{{name}}" }, dialect, localTime)).toThrow("no text of an Event");
  });

  test("unless its receiver knows no such places", () => {
    expect(checkLayout({ user_id: "{{name}}", text: "<{{message}}>" }, plainDialect)).toEqual([]);
  });
});

test("a rule's own text is checked and rendered as it is", () => {
  expect(checkText("<at id={{name}}>")).toEqual([]);
  expect(checkText("{{nmae}}")).toMatchObject([{ unknownName: "nmae" }]);
  expect(compileText("<{{name}}>", localTime)({ name: "a&b" })).toBe("<a&b>");
  expect(() => compileText("{{name", localTime)).toThrow(LayoutError);
});
