import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileRuleSet } from "../../src/decide/match.ts";
import type { Event, Looked } from "../../src/model/event.ts";
import type { Condition, Statement } from "../../src/model/rule.ts";
import { anEvent, NOON } from "../support/events.ts";
import { meetLinearly } from "../support/linear-evaluator.ts";
import { aDrop, allOf, anyOf, aRule, compare, is, label, notOf, number } from "../support/rules.ts";

function matchOf(
  statements: readonly Statement[],
  event: Event = anEvent(),
  looked: Looked | null = null,
): readonly number[] | "needs-meta" {
  const met = compileRuleSet({ statements }, rethrow).match(event, NOON, looked);
  return met === "needs-meta" ? met : met.holding;
}

function rethrow(_statement: Statement, error: unknown): void {
  throw error;
}

const HOLDS = aRule({ condition: is("type", "Warning") });
const FAILS = aRule({ condition: is("type", "Normal") });

describe("match", () => {
  it("names the statements that hold in their order, whichever field finds them", () => {
    const statements = [
      aRule({ condition: is("reason", "BackOff") }),
      FAILS,
      aRule({ condition: compare("message", { op: "contains", value: "restarting" }) }),
      aRule({ condition: allOf(is("namespace", "shop"), is("kind", "Pod")) }),
      HOLDS,
      aRule({ condition: anyOf(is("reason", "BackOff"), is("type", "Warning")) }),
    ];
    expect(matchOf(statements)).toEqual([0, 2, 3, 4, 5]);
  });

  it("stops at a drop that holds and goes on past one that does not", () => {
    expect(matchOf([HOLDS, aDrop(is("type", "Normal")), HOLDS, aDrop(is("kind", "Pod")), HOLDS])).toEqual([0, 2, 3]);
  });

  it("stops behind a rule that says stop", () => {
    expect(matchOf([HOLDS, { ...FAILS, stop: true }, { ...HOLDS, stop: true }, HOLDS])).toEqual([0, 2]);
  });

  it("asks for labels only when they decide before the Event has ended", () => {
    const labelled = aRule({ condition: allOf(is("type", "Warning"), label("team", "web")) });
    expect(matchOf([labelled])).toBe("needs-meta");
    expect(matchOf([labelled], anEvent({ type: "Normal" }))).toEqual([]);
    expect(matchOf([aDrop(is("type", "Warning")), labelled])).toEqual([0]);
    expect(matchOf([labelled], anEvent(), { labels: { team: "web" }, annotations: {} })).toEqual([0]);
    expect(matchOf([labelled], anEvent(), { labels: {}, annotations: {} })).toEqual([]);
  });

  it.each(["forbidden", "failed"] as const)("takes what labels decide for unknown where looking has %s", (unknown) => {
    const missing = aRule({ condition: compare({ kind: "label", key: "app" }, { op: "exists" }, true) });
    const statements = [
      missing,
      aDrop(notOf(label("app", "web"))),
      aRule({ condition: anyOf(label("app", "web"), is("type", "Warning")) }),
      aRule({ condition: allOf(label("app", "web"), is("type", "Normal")) }),
      { ...missing, stop: true },
      HOLDS,
      { ...HOLDS, stop: true },
      missing,
    ];
    const matcher = compileRuleSet({ statements }, rethrow);
    expect(matcher.match(anEvent(), NOON, { unknown })).toEqual({ holding: [2, 5, 6], unknown: [0, 1, 4] });
    expect(matcher.match(anEvent(), NOON, { labels: {}, annotations: {} })).toEqual({ holding: [0, 1], unknown: [] });
  });

  it("matches nothing without statements or with contradictions", () => {
    expect(matchOf([])).toEqual([]);
    expect(matchOf([aRule({ condition: allOf(is("kind", "Pod"), is("kind", "Node")) })])).toEqual([]);
  });

  it("finds statements with more combinations than the index takes", () => {
    const many = Array.from({ length: 40 }, (_, i) => `v${i}`);
    const wide = allOf(is("namespace", "shop", ...many), is("reason", "BackOff", ...many), is("kind", "Pod", ...many));
    const either = anyOf(
      ...many.flatMap((one) => [allOf(is("reason", one), is("kind", one)), is("reason", `${one}!`)]),
    );
    const mixed = anyOf(...many.flatMap((one) => [is("reason", one), is("kind", one)]), is("type", "Warning"));
    expect(matchOf([wide, either, mixed].map((condition) => aRule({ condition })))).toEqual([0, 2]);
    expect(matchOf([aRule({ condition: either })], anEvent({ reason: "v7!" }))).toEqual([0]);
  });

  it("asks no more than the index left open", () => {
    const statements = [
      aRule({ condition: allOf(is("kind", "Pod"), notOf(is("kind", "Node")), compare("kind", { op: "exists" })) }),
      aRule({ condition: allOf(is("kind", "Pod"), compare("kind", { op: "exists" }, true)) }),
      aRule({ condition: anyOf(allOf(is("kind", "Pod"), notOf(is("name", "x"))), is("kind", "Node")) }),
    ];
    expect(matchOf(statements)).toEqual([0, 2]);
  });

  it("keeps apart keys that look alike to it", () => {
    const names = Array.from({ length: 5000 }, (_, i) => `n${i}`);
    const statements = names.map((name) =>
      aRule({ condition: allOf(is("namespace", name), is("reason", `r-${name}`)) }),
    );
    const matcher = compileRuleSet({ statements }, rethrow);
    for (const [i, namespace] of names.entries()) {
      expect(matcher.match(anEvent({ namespace, reason: `r-${namespace}` }), NOON, null)).toMatchObject({
        holding: [i],
      });
      expect(matcher.match(anEvent({ namespace, reason: `r-${names[i - 1] ?? ""}` }), NOON, null)).toMatchObject({
        holding: [],
      });
    }
  });

  it("goes on with the other statements when a filter fails, and says which", () => {
    const failed: string[] = [];
    const bad = aRule({ name: "bad", condition: compare("message", { op: "contains", value: "x" }) });
    const matcher = compileRuleSet({ statements: [bad, HOLDS] }, ({ name }) => failed.push(name));
    const hostile = {
      ...anEvent(),
      get message(): string {
        throw new Error("cannot happen");
      },
    };
    expect(matcher.match(hostile, NOON, null)).toEqual({ holding: [1], unknown: [] });
    expect(failed).toEqual(["bad"]);
  });
});

const VALUES = ["", "Pod", "Node", "BackOff", "shop", "Warning"];
const value = fc.constantFrom(...VALUES);
const comparison: fc.Arbitrary<Condition> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        fc.constantFrom("type", "kind", "reason", "namespace", "name"),
        fc.array(value, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
      )
      .map(([field, values, negated]) => compare(field as "type", { op: "in", values }, negated)),
  },
  fc.tuple(value, fc.boolean()).map(([part, negated]) => compare("message", { op: "contains", value: part }, negated)),
  fc.constantFrom("B*", "*o?", "*").map((pattern) => compare("reason", { op: "like", pattern })),
  fc
    .constantFrom("^Ba", "o+", ".*hop", "^(Pod|Node)$")
    .map((pattern) => compare("message", { op: "matches", pattern })),
  fc.constantFrom<"type" | "namespace">("type", "namespace").map((field) => compare(field, { op: "exists" })),
  fc.nat(3).map((count) => number("count", ">=", count)),
  fc.nat(3).map((age) => number("age", "<", age * 1000)),
  fc
    .tuple(value, fc.boolean())
    .map(([wanted, negated]) => compare({ kind: "label", key: "team" }, { op: "in", values: [wanted] }, negated)),
);
const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4 },
    comparison,
    fc.array(tie("condition"), { minLength: 2, maxLength: 4 }).map((parts) => allOf(...parts)),
    fc.array(tie("condition"), { minLength: 2, maxLength: 4 }).map((parts) => anyOf(...parts)),
    tie("condition").map((part) => notOf(part)),
  ),
}));
const statement: fc.Arbitrary<Statement> = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(condition, fc.boolean()).map(([held, stop]) => aRule({ condition: held, stop })) },
  condition.map((held) => aDrop(held)),
);
const event = fc
  .record({
    type: value,
    reason: value,
    message: value,
    namespace: value,
    count: fc.nat(3),
    kind: value,
    name: value,
    age: fc.nat(3),
  })
  .map(({ kind, name, age, ...parts }) =>
    anEvent({ ...parts, lastSeenAt: NOON - age * 1000, involvedObject: { kind, name } }),
  );
const looked: fc.Arbitrary<Looked | null> = fc.oneof(
  { weight: 3, arbitrary: value.map((team) => ({ labels: { team }, annotations: {} })) },
  fc.constantFrom(null, { unknown: "forbidden" } as const, { unknown: "failed" } as const),
);

describe("the index", () => {
  it("answers as reading every statement in turn does", () => {
    fc.assert(
      fc.property(
        fc.array(statement, { maxLength: 12 }),
        fc.array(fc.tuple(event, looked), { maxLength: 12 }),
        (statements, asked) => {
          const matcher = compileRuleSet({ statements }, rethrow);
          for (const [one, itsLooked] of asked) {
            expect(matcher.match(one, NOON, itsLooked)).toEqual(meetLinearly({ statements }, one, NOON, itsLooked));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
