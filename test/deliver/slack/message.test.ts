import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createComposer } from "../../../src/deliver/compose.ts";
import { fitBody } from "../../../src/deliver/fit.ts";
import type { LayoutTree } from "../../../src/deliver/layout.ts";
import { dialect } from "../../../src/deliver/slack/dialect.ts";
import { forms } from "../../../src/deliver/slack/kind.ts";
import { layoutBody } from "../../../src/deliver/slack/layout-body.ts";
import { messageOf, textBody } from "../../../src/deliver/slack/message.ts";
import { checkMessage } from "../../../src/emulator/slack-blocks.ts";
import type { Alert } from "../../../src/model/alert.ts";
import {
  aDelivery,
  aDigestAlert,
  aDigestLine,
  anAbsentAlert,
  anEventAlert,
  aNoticeAlert,
  aReadyAlert,
  aResolvedAlert,
  aTestAlert,
} from "../../support/alerts.ts";
import { aLogger } from "../../support/delivery.ts";
import { anEvent } from "../../support/events.ts";
import { aMessage } from "../../support/world.ts";

const LAYOUT: LayoutTree = [
  { type: "header", text: { type: "plain_text", text: "{{reason}} {{message}}" } },
  { type: "section", text: { type: "mrkdwn", text: "{{{message}}} {{short name 20}}" } },
  {
    type: "section",
    fields: [
      { type: "mrkdwn", text: "{{kind}}" },
      { type: "plain_text", text: "{{name}}" },
    ],
  },
  { type: "context", elements: [{ type: "mrkdwn", text: "{{host}}{{namespace}}" }] },
  {
    type: "actions",
    elements: [
      {
        type: "button",
        text: { type: "plain_text", text: "open" },
        url: "https://grafana.test/d?ns={{url namespace}}",
      },
    ],
  },
];

const composer = createComposer({
  templates: { own: LAYOUT },
  language: "en",
  timeZone: "UTC",
  logger: aLogger().logger,
});

function bodyOf(alert: Alert, plain: 0 | 1 | 2 = 0): string {
  return fitBody(composer.item(aDelivery(alert, { plain }), dialect), forms, dialect.limits.bytes);
}

const plain = (text: string): object => ({ type: "plain_text", text, emoji: false });

describe("a message", () => {
  const all = aMessage({
    title: "home *BackOff*",
    lead: "<!channel> hello",
    lines: ["<one>", "two"],
    hints: ["look here"],
    commands: ["kubectl get pods"],
    mentions: ["U0AB", "all", "here", "S0AB", "<x>"],
    links: [{ text: "[dash]|", url: "https://e.test/a b|c>?d&e" }],
    summary: "a <!here> & *b*",
  });

  test("is blocks whose texts of an Event are plain", () => {
    expect(messageOf(all, 0)).toEqual({
      text: "a &lt;!here&gt; &amp; \u{200B}*\u{200B}b\u{200B}*\u{200B}",
      mrkdwn: false,
      parse: "none",
      link_names: false,
      unfurl_links: false,
      unfurl_media: false,
      blocks: [
        { type: "header", text: plain("home *BackOff*") },
        { type: "section", text: plain("<!channel> hello") },
        { type: "section", fields: [plain("Kind: Pod")] },
        { type: "section", text: plain("<one>\ntwo") },
        { type: "section", text: plain("look here\nkubectl get pods") },
        {
          type: "section",
          text: { type: "mrkdwn", text: "<https://e.test/a%20b%7Cc%3E?d&amp;e|[dash]¦>", verbatim: true },
        },
        {
          type: "section",
          text: { type: "mrkdwn", text: "<@U0AB>\n<!channel>\n<!here>\n<!subteam^S0AB>\n&lt;x&gt;", verbatim: true },
        },
        { type: "context", elements: [plain("Rule: crash-loop")] },
      ],
    });
  });

  test("to be plainer is its header and its lead", () => {
    expect(messageOf(all, 1).blocks).toEqual(messageOf(all, 0).blocks?.slice(0, 2));
    const body = JSON.parse(bodyOf(anEventAlert(), 1)) as { blocks: { type: string }[] };
    expect(body.blocks.map(({ type }) => type)).toEqual(["header", "section"]);
  });

  test("at its plainest is a line of text", () => {
    const body = JSON.parse(bodyOf(anEventAlert(), 2)) as { text: string };
    expect(body).not.toHaveProperty("blocks");
    expect(body.text).toContain("BackOff: Warning Pod");
  });

  test("leaves out what is blank, because Slack refuses it", () => {
    const body = messageOf(aMessage({ title: " ", lead: "\n", facts: [], rule: null, summary: "" }), 0);
    expect(body.blocks).toEqual([{ type: "header", text: plain("kubewhen") }]);
    expect(body.text).toBe("kubewhen");
  });

  test("has ten facts in a section, and whole lines as far as there is room", () => {
    const facts = Array.from({ length: 11 }, (_, n) => ({ label: "L", value: String(n) }));
    const lines = Array.from({ length: 40 }, (_, n) => `${n} ${"x".repeat(400)}`);
    const body = messageOf(aMessage({ facts, lines }), 0);
    expect(checkMessage(body).fault).toBeNull();
    expect(
      body.blocks?.flatMap((one) => ("fields" in one && Array.isArray(one.fields) ? [one.fields.length] : [])),
    ).toEqual([10, 1]);
    expect(JSON.stringify(body)).toContain("15 xxx");
    expect(JSON.stringify(body)).toContain("… (+23)");
  });

  test("stays within the lengths of Slack, however it counts signs that it escapes", () => {
    const body = messageOf(aMessage({ title: "<".repeat(151), lead: "&".repeat(3001) }), 0);
    expect(checkMessage(body).fault).toBeNull();
    expect(JSON.stringify(body)).toContain("<<<<");
    expect(textBody("好".repeat(9000)).text.length).toBeLessThan(1100);
  });
});

function long(type: string, n: number): object {
  return { type, text: type === "mrkdwn" ? "&amp;".repeat(n) : "<".repeat(n) };
}

describe("a layout", () => {
  const blocks = [
    { type: "header", text: { type: "plain_text", text: "a < b" } },
    { type: "section", text: { type: "mrkdwn", text: "*c*" } },
  ];

  test("of blocks alone gets its wrapper, and a text for notifications", () => {
    const whole = { text: "a &lt; b", unfurl_links: false, unfurl_media: false, blocks };
    expect(layoutBody(blocks)).toEqual(whole);
    expect(layoutBody({ blocks })).toEqual(whole);
    expect(layoutBody(blocks.slice(1))).toMatchObject({ text: "*c*" });
  });

  test("keeps what it says itself", () => {
    expect(layoutBody({ blocks, text: "mine", unfurl_links: true })).toMatchObject({
      text: "mine",
      unfurl_links: true,
    });
    expect(layoutBody({ text: "mine" })).toEqual({ text: "mine", unfurl_links: false, unfurl_media: false });
    expect(layoutBody("text")).toBe("text");
  });

  test("has no text that Slack refuses for its length", () => {
    const body = layoutBody([
      { type: "header", text: long("plain_text", 151) },
      { type: "section", text: long("mrkdwn", 700), fields: [long("plain_text", 2001)] },
      { type: "context", elements: [{ type: "mrkdwn", text: " " }, long("plain_text", 600)] },
      {
        type: "actions",
        elements: [{ type: "button", url: "https://e.test", text: { type: "plain_text", text: "x".repeat(76) } }],
      },
    ]);
    expect(checkMessage(body as Readonly<Record<string, unknown>>).fault).toBeNull();
    expect(JSON.stringify(body)).toContain("&amp;…");
  });
});

/** What strangers may write into an Event. */
const nasty = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc
    .array(
      fc.constantFrom(
        "<!channel>",
        "<!here|here>",
        "<@U0AB>",
        "<#C0AB>",
        "@here",
        "#general",
        "&lt;!channel&gt;",
        "<https://evil.test|bank>",
        "https://evil.test/x",
        "www.evil.test",
        "mailto:a@b.test",
        "*bold*",
        "_slanted_",
        "~struck~",
        "`code`",
        "```",
        ":bomb:",
        "> quote",
        "\n",
        "|",
        '"',
        "{{message}}",
        "\u{d800}",
        "\u{200b}",
        "好",
        "😀",
        " ",
      ),
      { maxLength: 40 },
    )
    .map((parts) => parts.join("")),
  fc
    .tuple(fc.constantFrom("x", "<", "*", "好", "\u{1b}", "😀", "&", " "), fc.constantFrom(160, 3001, 100_000))
    .map(([one, n]) => one.repeat(n)),
);

/** Fails if Slack would refuse a body, or anything in it would draw a reader anywhere. */
function expectHarmless(body: string): void {
  expect(Buffer.byteLength(body)).toBeLessThanOrEqual(dialect.limits.bytes);
  expect(body.isWellFormed()).toBe(true);
  expect(checkMessage(JSON.parse(body) as Readonly<Record<string, unknown>>)).toEqual({
    fault: null,
    mentions: [],
    links: [],
    styled: [],
  });
}

test("whatever any alert says, at every rung of the ladder its body is valid and does nothing", () => {
  const rung = fc.constantFrom<0 | 1 | 2>(0, 1, 2);
  fc.assert(
    fc.property(nasty, nasty, rung, fc.constantFrom(null, "own"), (text, other, plainness, template) => {
      const event = anEvent({ message: text, reason: other, host: text, involvedObject: { kind: other, name: text } });
      const line = aDigestLine({ label: other, newest: text, rule: other.slice(0, 50) });
      const rule = { key: "k", name: "crash-loop", template, values: {} };
      const alerts: readonly Alert[] = [
        anEventAlert({ event, rule }),
        aResolvedAlert({ event }),
        anAbsentAlert({ last: event, group: [["name", text]] }),
        aDigestAlert({ lines: Array.from({ length: dialect.limits.lines }, () => line) }),
        aNoticeAlert({ cause: other, details: { why: text } }),
        aTestAlert({ cluster: other }),
        aReadyAlert({ bodyKind: "stdout", summary: text }),
      ];
      const bodies = alerts.map((alert) => bodyOf(alert, plainness));
      for (const body of bodies) expectHarmless(body);
      expect(bodies).toHaveLength(alerts.length);
    }),
    { numRuns: 80 },
  );
});
