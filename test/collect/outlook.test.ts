import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createOutlook } from "../../src/collect/outlook.ts";
import type { RuleSet, Statement } from "../../src/model/rule.ts";
import { comparison, conditionsOf, judged, truthOf, type Judged } from "../support/arbitrary-conditions.ts";
import { aDrop, allOf, anyOf, aRule, compare, is, label, notOf } from "../support/rules.ts";

const condition = conditionsOf(comparison, 3);
const statement: fc.Arbitrary<Statement> = fc.oneof(
  { weight: 3, arbitrary: condition.map((held) => aRule({ condition: held })) },
  { weight: 1, arbitrary: condition.map((held) => aDrop(held)) },
);
const ruleSet: fc.Arbitrary<RuleSet> = fc
  .array(statement, { maxLength: 8, size: "max" })
  .map((statements) => ({ statements }));

function valuesOf({ event }: Judged) {
  const { namespace, reason, type } = event;
  return { namespace, reason, type, kind: event.involvedObject.kind };
}

/** A drop that turns on labels nobody could look up does not hold. */
function matches({ statements }: RuleSet, one: Judged): boolean {
  for (const { kind, condition: asked } of statements) if (truthOf(asked, one) === true) return kind === "rule";
  return false;
}

describe("createOutlook", () => {
  it("never gives up an Event that a rule matches", () => {
    const seen = { matched: 0, noneByType: 0, noneByAll: 0 };
    fc.assert(
      fc.property(ruleSet, fc.array(judged, { minLength: 5, maxLength: 20, size: "max" }), (rules, all) => {
        const outlook = createOutlook(rules);
        for (const one of all) {
          const values = valuesOf(one);
          const byType = outlook.ofType(values.type);
          const may = outlook.mayMatch(values);
          const isMatched = matches(rules, one);
          expect(isMatched && !may).toBe(false);
          // The type alone says no more than all values say together.
          expect(byType === "open" || may === (byType === "some")).toBe(true);
          seen.matched += Number(isMatched);
          seen.noneByType += Number(byType === "none");
          seen.noneByAll += Number(!may);
        }
      }),
      { numRuns: 2000 },
    );
    expect(seen.matched).toBeGreaterThan(5000);
    expect(seen.noneByType).toBeGreaterThan(1000);
    expect(seen.noneByAll).toBeGreaterThan(seen.noneByType);
  });

  const values = { type: "Warning", kind: "Pod", reason: "BackOff", namespace: "shop" };
  const unlooked = compare("message", { op: "contains", value: "x" });
  it.each<[string, Statement[], "none" | "some" | "open", boolean]>([
    ["nothing without rules", [], "none", false],
    ["nothing of drops", [aDrop(is("reason", "Pulled"))], "none", false],
    ["a rule that asks for the type alone", [aRule({ condition: is("type", "Warning") })], "some", true],
    ["a rule that asks for another type", [aRule({ condition: is("type", "Normal") })], "none", false],
    [
      "what a message decides, when no other value can",
      [aRule({ condition: allOf(is("type", "Warning"), unlooked) })],
      "some",
      true,
    ],
    ["a rule that asks for this kind", [aRule({ condition: is("kind", "Pod", "Node") })], "open", true],
    ["a rule that refuses this kind", [aRule({ condition: allOf(unlooked, notOf(is("kind", "Pod"))) })], "open", false],
    ["a rule below a drop of it", [aDrop(is("kind", "Pod")), aRule({ condition: unlooked })], "open", false],
    ["a rule above a drop of it", [aRule({ condition: unlooked }), aDrop(is("kind", "Pod"))], "some", true],
    [
      "a rule below a drop that its message decides",
      [aDrop(allOf(is("kind", "Pod"), unlooked)), aRule({ condition: is("namespace", "shop") })],
      "open",
      true,
    ],
    [
      "a rule below a drop that unknown labels decide",
      [aDrop(anyOf(label("a", "b"), notOf(label("a", "b")))), aRule({ condition: is("type", "Warning") })],
      "some",
      true,
    ],
    [
      "a rule between two drops of which the first decides",
      [aDrop(is("type", "Warning")), aRule({ condition: unlooked }), aDrop(is("kind", "Pod"))],
      "none",
      false,
    ],
  ])("sees %s", (_what, statements, byType, may) => {
    const outlook = createOutlook({ statements });
    expect(outlook.ofType("Warning")).toBe(byType);
    expect(outlook.mayMatch(values)).toBe(may);
  });
});
