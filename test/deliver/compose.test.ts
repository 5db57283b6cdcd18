import { describe, expect, test } from "vitest";
import { type Composer, createComposer } from "../../src/deliver/compose.ts";
import { dialect as feishu } from "../../src/deliver/feishu/dialect.ts";
import type { LayoutTree } from "../../src/deliver/layout.ts";
import { dialect as stdout } from "../../src/deliver/stdout/dialect.ts";
import {
  aDelivery,
  aDigestAlert,
  anAbsentAlert,
  anEventAlert,
  aReadyAlert,
  aResolvedAlert,
  aTestAlert,
} from "../support/alerts.ts";
import { aLogger } from "../support/delivery.ts";
import { anEvent } from "../support/events.ts";

const RULE = { key: "k", name: "crash-loop", template: "own", values: {} };

function aComposer(templates: Readonly<Record<string, LayoutTree>> = {}): { composer: Composer; lines: string[] } {
  const { logger, lines } = aLogger();
  return { composer: createComposer({ templates, language: "en", timeZone: "UTC", logger }), lines };
}

const LAYOUT = { elements: [{ tag: "markdown", content: "{{alert}} {{reason}} {{message}} {{runbook}}" }] };

function contentOf(tree: unknown): unknown {
  return (tree as { elements: [{ content: unknown }] }).elements[0].content;
}

describe("a layout", () => {
  test.each([
    ["event", anEventAlert({ rule: RULE })],
    ["resolved", aResolvedAlert({ rule: RULE })],
    ["absent", anAbsentAlert({ rule: RULE })],
  ])("writes an alert of the kind %s, and may say which it is", (kind, alert) => {
    const { layout } = aComposer({ own: LAYOUT }).composer.item(aDelivery(alert), feishu);
    expect(contentOf(layout?.(4))).toBe(`${kind} BackOff Back… &#40;&#43;68 bytes&#41; `);
  });

  test("is given what the rule says with it, escaped like all else", () => {
    const rule = { ...RULE, values: { runbook: "see {{upper reason}} <b>" } };
    const { composer } = aComposer({ own: LAYOUT });
    const { layout } = composer.item(aDelivery(anEventAlert({ rule })), feishu);
    expect(contentOf(layout?.(0))).toContain("see BACKOFF &#60;b&#62;");
    const broken = { ...RULE, values: { runbook: "{{oops" } };
    expect(contentOf(composer.item(aDelivery(anEventAlert({ rule: broken })), feishu).layout?.(0))).toContain("oops");
  });

  test("cannot be told apart from an Event's own fields by a rule", () => {
    const rule = { ...RULE, values: { message: "forged" } };
    const { layout } = aComposer({ own: LAYOUT }).composer.item(aDelivery(anEventAlert({ rule })), feishu);
    expect(contentOf(layout?.(8000))).not.toContain("forged");
  });

  test("is read as each kind of receiver reads it", () => {
    const { composer } = aComposer({ own: LAYOUT });
    const event = anEvent({ message: "<nil>" });
    const delivery = aDelivery(anEventAlert({ rule: RULE, event }));
    expect(contentOf(composer.item(delivery, feishu).layout?.(99))).toContain("&#60;nil&#62;");
    expect(contentOf(composer.item(delivery, stdout).layout?.(99))).toContain("<nil>");
  });

  test("is for alerts about Events alone, and for first attempts alone", () => {
    const { composer, lines } = aComposer({ own: LAYOUT });
    for (const alert of [aDigestAlert({ rule: RULE }), aTestAlert(), anEventAlert()]) {
      expect(composer.item(aDelivery(alert), feishu).layout).toBeNull();
    }
    for (const plain of [1, 2] as const) {
      expect(composer.item(aDelivery(anEventAlert({ rule: RULE }), { plain }), feishu).layout).toBeNull();
    }
    expect(lines).toEqual([]);
  });

  test.each<[string, Readonly<Record<string, LayoutTree>>]>([
    ["gone", {}],
    ["of another kind", { own: { blocks: [] } }],
    ["no longer taken", { own: { elements: [{ tag: "at", user_id: "{{name}}" }] } }],
  ])("that is %s gives way to the default message, with one warning", (_what, templates) => {
    const { composer, lines } = aComposer(templates);
    for (let n = 0; n < 3; n += 1) {
      const item = composer.item(aDelivery(anEventAlert({ rule: RULE })), feishu);
      expect(item.layout).toBeNull();
      expect(item.message(8000).title).toContain("BackOff");
    }
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ template: "own", kind: "feishu" }]);
  });

  test("called as what every object inherits is none", () => {
    const rule = { ...RULE, template: "constructor" };
    const { composer, lines } = aComposer();
    expect(composer.item(aDelivery(anEventAlert({ rule })), stdout).layout).toBeNull();
    expect(lines[0]).toContain("no such template");
  });
});

describe("a body of version 0.1", () => {
  test("goes as it is to the kind it was made for", () => {
    const { composer } = aComposer();
    const alert = aReadyAlert();
    expect(JSON.stringify(composer.item(aDelivery(alert), feishu).layout?.(0))).toBe(alert.body);
    expect(composer.item(aDelivery(alert), stdout).layout).toBeNull();
    expect(composer.item(aDelivery(alert, { plain: 1 }), feishu).layout).toBeNull();
  });

  test("that is broken is told in one line", () => {
    const item = aComposer().composer.item(aDelivery(aReadyAlert({ body: "{" })), feishu);
    expect(item.layout).toBeNull();
    expect(item.message(8000).summary).toBe("home · BackOff: as it was");
  });
});
