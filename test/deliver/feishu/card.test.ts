import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createComposer } from "../../../src/deliver/compose.ts";
import { cleanText } from "../../../src/deliver/escape.ts";
import { cardOf, textBody } from "../../../src/deliver/feishu/card.ts";
import { dialect, escapeMarkdown } from "../../../src/deliver/feishu/dialect.ts";
import { formsFor } from "../../../src/deliver/feishu/kind.ts";
import { fitBody } from "../../../src/deliver/fit.ts";
import type { LayoutTree } from "../../../src/deliver/layout.ts";
import { checkCard, textMentions } from "../../../src/emulator/feishu-card.ts";
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
import { anEvent, NOON } from "../../support/events.ts";
import { aMessage } from "../../support/world.ts";

const LAYOUT: LayoutTree = {
  msg_type: "interactive",
  card: {
    header: { title: { tag: "plain_text", content: "{{cluster}} {{reason}}" }, template: "{{colour}}" },
    elements: [
      { tag: "div", text: { tag: "lark_md", content: "**M** {{{message}}} {{short name 20}} {{upper kind}}" } },
      {
        tag: "markdown",
        content: "{{#if held}}+{{held.count}}{{else}}{{default host 'none'}}{{/if}} {{time lastSeen}}",
      },
      {
        tag: "button",
        text: { tag: "plain_text", content: "open" },
        url: "https://grafana.test/d?ns={{url namespace}}",
      },
    ],
  },
};

const composer = createComposer({
  templates: { own: LAYOUT, large: { msg_type: "text", content: { text: `{{message}}${"x".repeat(30_000)}` } } },
  language: "en",
  timeZone: "Asia/Shanghai",
  logger: aLogger().logger,
});

function bodyOf(alert: Alert, plain: 0 | 1 | 2 = 0): string {
  const item = composer.item(aDelivery(alert, { plain }), dialect);
  return fitBody(item, formsFor(["集群告警"]), dialect.limits.bytes);
}

interface Card {
  readonly header: { readonly template: string; readonly title: { readonly content: string } };
  readonly elements: readonly { readonly text: { readonly tag: string; readonly content: string } }[];
}

const cardIn = (body: string): Card => (JSON.parse(body) as { card: Card }).card;

describe("the card of an Event", () => {
  test("looks as it always has", () => {
    const held = { count: 37, since: NOON - 30 * 60_000 };
    const card = cardIn(bodyOf(anEventAlert({ event: anEvent({ count: 5 }), held })));
    expect(card).toEqual({
      config: { wide_screen_mode: true, enable_forward: true },
      header: { template: "orange", title: { tag: "plain_text", content: "家里测试 K3S · BackOff 集群告警" } },
      elements: [{ tag: "div", text: { tag: "lark_md", content: expect.any(String) as string } }],
    });
    expect(card.elements[0]?.text.content).toBe(
      [
        "**Type:** Warning",
        "**Kind:** Pod",
        "**Object:** web&#45;7d9c5b7f6&#45;x2x2x",
        "**Namespace:** shop",
        "**Node:** node&#45;a",
        "**Reason:** BackOff",
        "**Time:** 2026&#45;11&#45;22 20&#58;00&#58;00",
        "**Count:** 5 &#40;&#43;37 since 19&#58;30&#41;",
        "**Message:** Back&#45;off restarting failed container app in pod web&#45;7d9c5b7f6&#45;x2x2x&#95;shop",
        "**Rule:** crash&#45;loop",
      ].join("\n"),
    );
  });

  test.each([
    ["critical", "red"],
    ["warning", "orange"],
    ["info", "blue"],
  ] as const)("is for %s %s", (severity, colour) => {
    expect(cardIn(bodyOf(anEventAlert({ severity }))).header.template).toBe(colour);
  });

  test("whose layout cannot fit is the default one", () => {
    const rule = { key: "k", name: "r", template: "large", values: {} };
    expect(cardIn(bodyOf(anEventAlert({ rule }))).header.title.content).toContain("BackOff");
  });
});

test("the card of a test looks as it always has", () => {
  expect(cardIn(bodyOf(aTestAlert()))).toMatchObject({
    header: { template: "blue", title: { content: "家里测试 K3S · test 集群告警" } },
    elements: [
      { text: { tag: "lark_md", content: "A test of kubewhen for receiver feishu&#46; Nothing is wrong&#46;" } },
    ],
  });
});

test("the card of an end is green", () => {
  expect(cardIn(bodyOf(aResolvedAlert({ severity: "critical" }))).header.template).toBe("green");
});

test("a card says what else a message holds: lines as plain text, the rest as markup of ours", () => {
  const card = cardOf(
    aMessage({
      facts: [],
      lead: "a sentence.",
      leadLabel: "",
      rule: null,
      lines: ["<one>", "two"],
      hints: ["look *here*"],
      commands: ["kubectl get pods"],
      mentions: ["ou_1", "all"],
      links: [{ text: "[dash]", url: "https://e.test/a b(c)" }],
    }),
    [],
  ).card as unknown as Card;
  expect(card.elements.map(({ text }) => text)).toEqual([
    {
      tag: "lark_md",
      content: [
        "a sentence&#46;",
        "look &#42;here&#42;",
        "kubectl get pods",
        "[&#91;dash&#93;](https://e.test/a%20b%28c%29)",
        "<at id=ou_1></at><at id=all></at>",
      ].join("\n"),
    },
    { tag: "plain_text", content: "<one>\ntwo" },
  ]);
});

test("a text mentions nobody, holds a keyword and stays short", () => {
  expect(textBody("a\n<at id=all>", ["k"])).toEqual({
    msg_type: "text",
    content: { text: "a <\u{200B}at id=all> k" },
  });
  expect(JSON.stringify(textBody("好".repeat(9000), [])).length).toBeLessThan(4100);
});

/** What strangers may write into an Event. */
const nasty = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.string({ maxLength: 300 }),
  fc
    .array(
      fc.constantFrom(
        '"',
        "\n",
        "\u{0}",
        "\u{1b}[31m",
        "<at id=all></at>",
        '<at user_id="all">x</at>',
        "</font>",
        "<nil>",
        "&#60;at id=all&#62;",
        "[x](javascript:alert)",
        "{{message}}",
        "\u{d800}",
        "\u{2028}===",
        "```",
        "| a | b |\n|---|---|",
        "constructor",
        "好",
        "😀",
      ),
      { maxLength: 40 },
    )
    .map((parts) => parts.join("")),
  fc
    .tuple(fc.constantFrom("x", "<", "好", "\u{1b}", "😀"), fc.constantFrom(9000, 100_000))
    .map(([one, n]) => one.repeat(n)),
);

/** Fails if a body breaks a limit, mentions anybody or is no body a bot takes. */
function expectHarmless(body: string): void {
  expect(Buffer.byteLength(body)).toBeLessThanOrEqual(18_000);
  expect(body.isWellFormed()).toBe(true);
  const { card, content } = JSON.parse(body) as { card?: Record<string, unknown>; content?: { text: string } };
  expect(checkCard(card ?? {})).toEqual({ fault: null, mentions: [] });
  expect(textMentions(content?.text ?? "")).toEqual([]);
  expect(body).toContain("集群告警");
}

test("whatever an Event says, its card is valid, mentions nobody, is short enough and shows the text", () => {
  fc.assert(
    fc.property(nasty, nasty, nasty, fc.constantFrom(null, "own"), (message, reason, name, template) => {
      const event = anEvent({ message, reason, host: name, namespace: name, involvedObject: { name, kind: reason } });
      const rule = { key: "k", name: "crash-loop", template, values: {} };
      const body = bodyOf(anEventAlert({ event, rule }));
      expectHarmless(body);
      const shown = escapeMarkdown(Array.from(cleanText(message)).slice(0, 10).join(""));
      expect(body).toContain(JSON.stringify(shown).slice(1, -1).slice(0, 15));
    }),
    { numRuns: 150 },
  );
});

test("whatever any alert says, at every rung of the ladder its body is harmless", () => {
  const rung = fc.constantFrom<0 | 1 | 2>(0, 1, 2);
  fc.assert(
    fc.property(nasty, nasty, rung, (text, other, plain) => {
      const event = anEvent({ message: text, reason: other, involvedObject: { kind: other, name: text } });
      const line = aDigestLine({ label: other, newest: text, rule: other.slice(0, 50) });
      const alerts: readonly Alert[] = [
        anEventAlert({ event }),
        aResolvedAlert({ event }),
        anAbsentAlert({ last: event, group: [["name", text]] }),
        aDigestAlert({ lines: Array.from({ length: 50 }, () => line) }),
        aNoticeAlert({ cause: other, details: { why: text } }),
        aTestAlert({ cluster: other }),
        aReadyAlert({ bodyKind: "stdout", summary: text }),
      ];
      const bodies = alerts.map((alert) => bodyOf(alert, plain));
      expect(bodies).toHaveLength(alerts.length);
      for (const body of bodies) expectHarmless(body);
    }),
    { numRuns: 40 },
  );
});
