import { describe, expect, test } from "vitest";
import { createLocalTime } from "../../src/deliver/local-time.ts";
import { type Language, TEXTS } from "../../src/deliver/texts.ts";
import { durationText, wordAlert } from "../../src/deliver/words.ts";
import type { Alert } from "../../src/model/alert.ts";
import type { Message } from "../../src/model/message.ts";
import {
  aDigestAlert,
  aDigestLine,
  anAbsentAlert,
  anEventAlert,
  aNoticeAlert,
  aReadyAlert,
  aResolvedAlert,
  aTestAlert,
} from "../support/alerts.ts";
import { anEvent, NOON } from "../support/events.ts";

function say(alert: Alert, language: Language = "en", maxLead = 8000): Message {
  const words = { texts: TEXTS[language], localTime: createLocalTime("Asia/Shanghai") };
  return wordAlert(alert, "feishu", words)(maxLead);
}

const linesOf = ({ facts }: Message): readonly string[] => facts.map(({ label, value }) => `${label}: ${value}`);

describe("an Event", () => {
  test("says what, where, when, how often and what was held back", () => {
    const held = { count: 37, since: NOON - 30 * 60_000 };
    const message = say(anEventAlert({ event: anEvent({ count: 5 }), held }));
    expect(message.title).toBe("家里测试 K3S · BackOff");
    expect(linesOf(message)).toEqual([
      "Type: Warning",
      "Kind: Pod",
      "Object: web-7d9c5b7f6-x2x2x",
      "Namespace: shop",
      "Node: node-a",
      "Reason: BackOff",
      "Time: 2026-11-22 20:00:00",
      "Count: 5 (+37 since 19:30)",
    ]);
    expect(message).toMatchObject({
      lead: "Back-off restarting failed container app in pod web-7d9c5b7f6-x2x2x_shop",
      leadLabel: "Message",
      rule: { label: "Rule", value: "crash-loop" },
      severity: "warning",
      resolved: false,
      lines: [],
    });
    expect(message.summary).toBe(
      "家里测试 K3S · BackOff: Warning Pod shop/web-7d9c5b7f6-x2x2x (+37 since 19:30): Back-off restarting failed container app in pod web-7d9c5b7f6-x2x2x_shop",
    );
  });

  test("without a reason is called by its object's kind, and a count of one is not said", () => {
    const message = say(anEventAlert({ event: anEvent({ reason: "" }) }));
    expect(message.title).toBe("家里测试 K3S · Pod");
    expect(linesOf(message).filter((line) => /^(?:Reason|Count)/.test(line))).toEqual([]);
  });

  test("speaks Chinese when told to", () => {
    const message = say(anEventAlert({ held: { count: 2, since: NOON } }), "zh");
    expect(linesOf(message)).toEqual(expect.arrayContaining(["类型: Warning", "次数: 1 (自 20:00 起另有 2 次)"]));
    expect(message.leadLabel).toBe("信息");
  });

  test("shortens its message to the length that is asked for, but not what it says in one line", () => {
    const event = anEvent({ message: "x".repeat(500) });
    const alert = anEventAlert({ event });
    expect(say(alert, "en", 20).lead).toBe(`${"x".repeat(20)}… (+480 bytes)`);
    expect(say(alert, "en", 0).summary).toContain("x".repeat(500));
    expect(say(anEventAlert({ event: anEvent({ message: "x".repeat(5000) }) })).summary.length).toBeLessThan(1030);
  });

  test("keeps controls out and titles short and on one line", () => {
    const event = anEvent({ reason: `Back\u{1b}[31m\nOff\u{202e}${"!".repeat(300)}`, message: "a\u{0}b\nc" });
    const message = say(anEventAlert({ event, cluster: "home\n" }));
    expect(message.title).toMatch(/^home · Back Off!+… \(\+\d+ bytes\)$/);
    expect(message.title.length).toBeLessThan(140);
    expect(message.lead).toBe("ab\nc");
    expect(message.summary).not.toContain("\n");
  });
});

test("an end says that it is one, and how long it lasted", () => {
  const message = say(aResolvedAlert());
  expect(message).toMatchObject({ title: "家里测试 K3S · BackOff is over", resolved: true, leadLabel: "Message" });
  expect(linesOf(message).at(-1)).toBe("Lasted: 1h 30m");
});

test("an absence says for how long, of which group, and when it was last seen", () => {
  const message = say(anAbsentAlert());
  expect(message.title).toBe("家里测试 K3S · crash-loop: nothing came");
  expect(message.lead).toBe("Nothing of what this rule waits for has come for 15m.");
  expect(linesOf(message)).toEqual(["namespace: shop", "name: web", "Last seen: 2026-11-22 20:00:00"]);
  expect(linesOf(say(anAbsentAlert({ last: null })))).toEqual(["namespace: shop", "name: web"]);
});

describe("a digest", () => {
  test("of a flood says how much, how long, and the first of it", () => {
    const lines = [aDigestLine({ occurrences: 88 }), aDigestLine({ label: "shop/api\n", newest: "" })];
    const message = say(aDigestAlert({ lines, more: { groups: 810, alerts: 810, occurrences: 811 } }));
    expect(message.title).toBe("家里测试 K3S · 812 more groups");
    expect(message.lead).toContain("812 new groups with 900 occurrences between 20:00 and 20:01");
    expect(message.lines).toEqual(["shop/web ×88: Back-off", "shop/api", "and 810 more groups with 811 occurrences"]);
    expect(message.summary).toContain("shop/web ×88: Back-off, shop/api");
  });

  test("names rules where there are several, and what may have been told", () => {
    const lines = [aDigestLine(), aDigestLine({ rule: "oom", unsure: true })];
    expect(say(aDigestAlert({ why: "offline", lines })).lines).toEqual([
      "crash-loop: shop/web: Back-off",
      "oom: shop/web (may have been told before): Back-off",
    ]);
  });

  test("shortens its lines, but never so far that they say nothing", () => {
    const lines = Array.from({ length: 50 }, (_one, n) => aDigestLine({ label: `g${n}`, newest: "好".repeat(400) }));
    const alert = aDigestAlert({ lines });
    expect(say(alert).lines[7]).toMatch(/^g7: 好{200,240}… /);
    expect(say(alert, "en", 100).lines[7]).toMatch(/^g7: 好{96}… /);
    expect(say(alert, "en", 0).lines[7]).toMatch(/^g7: 好{36}… /);
  });

  test.each(["rule", "flood", "offline", "quiet", "budget", "age", "full", "start"] as const)(
    "says in both languages why it came: %s",
    (why) => {
      for (const language of ["en", "zh"] as const) {
        const { title, lead } = say(aDigestAlert({ why }), language);
        expect(title).toMatch(/1/);
        expect(lead).toMatch(/1.*20:00|20:00.*1/);
      }
    },
  );
});

test("a notice has a sentence of its own for what is known, and words for everything else", () => {
  const details = { rules: "oom, crash-loop", empty: "" };
  expect(say(aNoticeAlert({ details })).lead).toContain("service account");
  expect(linesOf(say(aNoticeAlert({ details })))).toEqual(["rules: oom, crash-loop"]);
  expect(say(aNoticeAlert({ cause: "constructor" })).lead).toBe(
    "kubewhen has something to say about itself: constructor.",
  );
  expect(say(aNoticeAlert(), "zh").title).toBe("家里测试 K3S · kubewhen 自身");
});

test("a test says that it is one, and knows its receiver", () => {
  expect(say(aTestAlert())).toMatchObject({
    title: "家里测试 K3S · test",
    lead: "A test of kubewhen for receiver feishu. Nothing is wrong.",
    leadLabel: "",
    facts: [],
    rule: null,
  });
  expect(say(aTestAlert(), "zh").summary).toContain("测试消息");
});

test("an alert of version 0.1 says what it kept in one line", () => {
  expect(say(aReadyAlert({ summary: "home ·\nBackOff" })).summary).toBe("home · BackOff");
});

test.each([
  [0, "0s"],
  [999, "1s"],
  [59_400, "59s"],
  [90_000, "1m 30s"],
  [3_600_000, "1h"],
  [3_605_000, "1h"],
  [90_061_000, "1d 1h"],
  [-5, "0s"],
])("%i ms are written %s", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
