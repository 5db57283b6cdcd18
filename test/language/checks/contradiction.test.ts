import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadRules } from "../../../src/language/load.ts";
import { NOON, anEvent } from "../../support/events.ts";
import { evaluateLinearly } from "../../support/linear-evaluator.ts";

const load = (text: string): ReturnType<typeof loadRules> =>
  loadRules([{ file: "a.rules", text }], { receivers: null, templates: null });
const messagesOf = (text: string): readonly string[] => load(text).diagnostics.map(({ message }) => message);
const isDead = (text: string): boolean => load(text).diagnostics.some(({ code }) => code === "E301");

describe("sees that it can never be true", () => {
  test.each([
    "reason=Failed and reason=BackOff",
    "reason in (A, B) and reason not in (B, C, A)",
    "kind=Pod and not (kind=Pod or name=x)",
    "label.app=x and label.app not exists",
    "namespace=a and (namespace=b or namespace=c) and message =~ 'x'",
    'name not exists and name!=""',
    "message =~ 'x' and kind=Pod and message !~ 'x'",
    "count>3 and not (kind=Pod or count>3)",
  ])("%s", (condition) => {
    expect(isDead(`drop when ${condition}`)).toBe(true);
  });

  test("through a let, once", () => {
    const { diagnostics } = load(
      "let a = kind=Pod and name=x\nlet never = kind=Pod and kind=Node\nwhen a and kind=Node notify b",
    );
    expect(diagnostics.map(({ code, line, message }) => `${line} ${code} ${message}`)).toEqual([
      "3 E301 this condition can never be true",
    ]);
  });
});

test("names the field over which comparisons contradict each other", () => {
  expect(messagesOf("drop when kind=Pod and reason=a and name=x and reason in (b, c)")).toEqual([
    "this can never be true: no `reason` is what these comparisons ask for",
  ]);
  expect(messagesOf("drop when kind=Pod and not (kind=Pod or name=x)")).toEqual(["this condition can never be true"]);
});

describe("says nothing of", () => {
  test.each([
    "type!=Warning and type!=Normal",
    "reason=BackOff and reason =~ '^Failed'",
    "count<1 and count>2",
    "kind=Pod and (kind=Node or name=x)",
    'name not exists and name=""',
  ])("%s", (condition) => {
    expect(isDead(`drop when ${condition}`)).toBe(false);
  });
});

test("no Event meets a condition it calls impossible", () => {
  const field = fc.constantFrom("reason", "kind", "namespace");
  const value = fc.constantFrom("a", "b", '""');
  const comparison = fc.oneof(
    fc.tuple(field, fc.constantFrom("=", "!="), value).map((parts) => parts.join("")),
    fc.tuple(field, fc.constantFrom(" in ", " not in "), value, value).map(([f, op, a, b]) => `${f}${op}(${a}, ${b})`),
    fc.tuple(field, fc.constantFrom(" exists", " not exists", " like 'a*'", " =~ a")).map((parts) => parts.join("")),
  );
  const { condition } = fc.letrec<{ condition: string }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 3 },
      comparison,
      fc
        .tuple(tie("condition"), fc.constantFrom("and", "and", "or"), tie("condition"))
        .map((parts) => `(${parts.join(" ")})`),
      tie("condition").map((part) => `not ${part}`),
    ),
  }));
  const values = ["", "a", "b", "c", "ab"];
  const events = values.flatMap((reason) =>
    values.flatMap((kind) => values.map((namespace) => anEvent({ reason, namespace, involvedObject: { kind } }))),
  );
  fc.assert(
    fc.property(condition, (text) => {
      // Refused sets are not handed out, so the condition is read beside a reading that nothing contradicts.
      const { ruleSet } = load(`drop when ${text} or message=never`);
      const met = ruleSet !== null && events.some((event) => evaluateLinearly(ruleSet, event, NOON, null).length > 0);
      expect(isDead(`drop when ${text}`) && met).toBe(false);
    }),
    { numRuns: 1000 },
  );
});
