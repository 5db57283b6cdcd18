import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cleanText, escapeMarkdown } from "../../src/deliver/escape.ts";
import type { LayoutTree } from "../../src/deliver/layout.ts";
import { createRenderer, type Renderer } from "../../src/deliver/render.ts";
import { checkCard } from "../../src/emulator/feishu-card.ts";
import { NOON } from "../support/events.ts";
import { aPassedMatch } from "../support/passed-match.ts";

interface Body {
  readonly msg_type: string;
  readonly card: {
    readonly header: { readonly template: string; readonly title: { readonly content: string } };
    readonly elements: readonly { readonly text: { readonly content: string } }[];
  };
}

function aRenderer(templates: Readonly<Record<string, LayoutTree>> = {}, language: "en" | "zh" = "en"): Renderer {
  return createRenderer({
    cluster: "家里测试 K3S",
    receivers: [
      { kind: "feishu", name: "feishu", keywords: ["集群告警"] },
      { kind: "stdout", name: "dump" },
    ],
    templates,
    language,
    timeZone: "Asia/Shanghai",
  });
}

function cardOf(body: string): Body {
  return JSON.parse(body) as Body;
}

describe("the default card", () => {
  test("says what, where, when, how often and what was held back", () => {
    const held = { count: 37, since: NOON - 30 * 60_000 };
    const [notification] = aRenderer().render(aPassedMatch({ count: 5 }, { held }));
    const { card, msg_type: type } = cardOf(notification?.body ?? "");
    expect(type).toBe("interactive");
    expect(card.header).toEqual({
      template: "orange",
      title: { tag: "plain_text", content: "家里测试 K3S · BackOff 集群告警" },
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
    expect(notification?.summary).toBe(
      "家里测试 K3S · BackOff 集群告警: Warning Pod shop/web-7d9c5b7f6-x2x2x (+37 since 19:30): Back-off restarting failed container app in pod web-7d9c5b7f6-x2x2x_shop",
    );
  });

  test.each([
    ["critical", "red"],
    ["warning", "orange"],
    ["info", "blue"],
  ] as const)("is for %s %s", (severity, colour) => {
    const [notification] = aRenderer().render(aPassedMatch({}, { rule: { severity } }));
    expect(notification?.severity).toBe(severity);
    expect(cardOf(notification?.body ?? "").card.header.template).toBe(colour);
  });

  test("speaks Chinese when told to", () => {
    const [notification] = aRenderer({}, "zh").render(aPassedMatch({ type: "Normal" }));
    expect(cardOf(notification?.body ?? "").card.elements[0]?.text.content).toContain("**类型:** Normal");
    expect(notification?.severity).toBe("info");
  });

  test("is one JSON line for stdout", () => {
    const [feishu, dump] = aRenderer().render(aPassedMatch({}, { receivers: ["feishu", "dump"] }));
    expect([feishu?.receiver, dump?.receiver]).toEqual(["feishu", "dump"]);
    expect(JSON.parse(dump?.body ?? "")).toMatchObject({
      time: "2026-11-22T12:00:00.000Z",
      reason: "BackOff",
      held: null,
    });
  });
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
    .tuple(fc.constantFrom("x", "<", "好", "\u{1b}", "😀"), fc.constantFrom(20_000, 400_000))
    .map(([one, n]) => one.repeat(n)),
);

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
      { tag: "button", text: { tag: "plain_text", content: "open" }, url: "https://grafana.test/d?ns={{namespace}}" },
    ],
  },
};

test("whatever an Event says, the card is valid, mentions nobody, is short enough and shows the text", () => {
  const renderer = aRenderer({ own: LAYOUT });
  fc.assert(
    fc.property(nasty, nasty, nasty, fc.constantFrom(null, "own"), (message, reason, name, template) => {
      const about = aPassedMatch(
        { message, reason, host: name, namespace: name, involvedObject: { name, kind: reason } },
        { rule: { template } },
      );
      const [notification] = renderer.render(about);
      const body = notification?.body ?? "";
      expect(Buffer.byteLength(body)).toBeLessThanOrEqual(18_000);
      const parsed = JSON.parse(body) as { card: Record<string, unknown> };
      expect(checkCard(parsed.card)).toEqual({ fault: null, mentions: [] });
      expect(body.isWellFormed()).toBe(true);
      const shown = escapeMarkdown(Array.from(cleanText(message)).slice(0, 10).join(""));
      expect(body).toContain(JSON.stringify(shown).slice(1, -1).slice(0, 15));
      expect(notification?.summary).not.toContain("\n");
    }),
    { numRuns: 150 },
  );
});

test("a template that cannot fit gives way to the default card", () => {
  const large = { msg_type: "text", content: { text: `{{message}}${"x".repeat(30_000)}` } };
  const [notification] = aRenderer({ large }).render(aPassedMatch({}, { rule: { template: "large" } }));
  expect(cardOf(notification?.body ?? "").msg_type).toBe("interactive");
});

test("a rule's own values reach its template", () => {
  const renderer = aRenderer({ own: { elements: [{ tag: "markdown", content: "{{runbook}}" }] } });
  const rule = { template: "own", values: { runbook: "see {{upper reason}} <b>" } };
  const [notification] = renderer.render(aPassedMatch({}, { rule }));
  expect(notification?.body).toContain("see BACKOFF &#60;b&#62;");
  expect(cardOf(notification?.body ?? "").msg_type).toBe("interactive");
});

test("a flood becomes one card per receiver with the first of its Events", () => {
  const { match } = aPassedMatch({ message: "<nil>" });
  const flood = {
    rule: match.rule,
    receivers: ["feishu", "dump"],
    groups: 812,
    occurrences: 900,
    from: NOON,
    to: NOON + 60_000,
    samples: [match.seen, match.seen],
  };
  const [feishu, dump] = aRenderer().renderDigest(flood);
  const { card } = cardOf(feishu?.body ?? "");
  expect(card.header.title.content).toBe("家里测试 K3S · 812 more groups 集群告警");
  expect(card.elements[0]?.text.content).toContain(
    "812 new groups with 900 occurrences between 20&#58;00 and 20&#58;01",
  );
  expect(checkCard({ ...card })).toEqual({ fault: null, mentions: [] });
  expect(JSON.parse(dump?.body ?? "")).toMatchObject({ flood: { groups: 812 }, rule: "crash-loop" });
});

test("a test says that it is one, and knows its receiver", () => {
  const notification = aRenderer().renderTest("feishu");
  expect(cardOf(notification.body).card.header.title.content).toContain("test");
  expect(() => aRenderer().renderTest("nobody")).toThrow("no receiver");
  expect(aRenderer({}, "zh").renderTest("dump").summary).toContain("测试消息");
});
