import { describe, expect, test } from "vitest";
import { type BodyForms, fitBody } from "../../src/deliver/fit.ts";
import type { Item } from "../../src/deliver/kind.ts";
import type { Message } from "../../src/model/message.ts";
import { aDelivery, anEventAlert, aReadyAlert } from "../support/alerts.ts";

const FORMS: BodyForms = {
  compose: ({ lead, mentions }) => ({ card: lead, mentions }),
  composeLayout: (tree) => ({ layout: tree }),
  plain: (text) => ({ text }),
};

function anItem(text: string, over: Partial<Item> = {}): Item {
  const message = (maxLead: number): Message => ({
    title: "t",
    severity: "info",
    resolved: false,
    facts: [],
    lead: text.slice(0, maxLead),
    leadLabel: "",
    lines: [],
    hints: [],
    commands: [],
    mentions: ["ou_1"],
    links: [],
    rule: null,
    summary: "in one line",
  });
  return { delivery: aDelivery(), message, layout: null, edits: null, ...over };
}

const LONG: Partial<Item> = { layout: () => "x".repeat(100) };

const plain = (rung: 0 | 1 | 2): Partial<Item> => ({ delivery: aDelivery(anEventAlert(), { plain: rung }) });

describe("the ladder", () => {
  test("begins with the layout, or the composed message", () => {
    expect(fitBody(anItem("x", { layout: () => "own" }), FORMS, 99)).toBe('{"layout":"own"}');
    expect(fitBody(anItem("x"), FORMS, 99)).toBe('{"card":"x","mentions":["ou_1"]}');
  });

  test("goes on without mentions, and ends with one line of text", () => {
    expect(fitBody(anItem("x", plain(1)), FORMS, 99)).toBe('{"card":"x","mentions":[]}');
    expect(fitBody(anItem("x", plain(2)), FORMS, 99)).toBe('{"text":"in one line"}');
  });

  test("has one rung for what version 0.1 left, unless it is of this kind", () => {
    const delivery = aDelivery(aReadyAlert());
    expect(fitBody(anItem("x", { delivery }), FORMS, 99)).toBe('{"text":"in one line"}');
    expect(fitBody(anItem("x", { delivery, layout: () => "own" }), FORMS, 99)).toBe('{"layout":"own"}');
  });
});

describe("a limit of bytes", () => {
  test("cuts the lead as little as it must", () => {
    const body = fitBody(anItem("好".repeat(8000)), FORMS, 6000);
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(6000);
    expect(Buffer.byteLength(body)).toBeGreaterThan(4500);
  });

  test("is kept exactly", () => {
    const exact = Buffer.byteLength('{"card":"xxxx","mentions":["ou_1"]}');
    expect(fitBody(anItem("xxxx"), FORMS, exact)).toContain("xxxx");
    expect(fitBody(anItem("xxxx"), FORMS, exact - 1)).not.toContain("xxxx");
  });

  test("that no layout can keep lets the message through, and one no message can, a line", () => {
    expect(fitBody(anItem("short", LONG), FORMS, 80)).toContain('"card":"short"');
    expect(fitBody(anItem("short", LONG), FORMS, 20)).toBe('{"text":"in one line"}');
  });

  test("lets nothing grow beyond 8,000 characters of a lead", () => {
    expect(fitBody(anItem("x".repeat(9000)), FORMS, 100_000)).toHaveLength(
      8000 + '{"card":"","mentions":["ou_1"]}'.length,
    );
  });
});
