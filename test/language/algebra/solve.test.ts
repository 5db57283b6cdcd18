import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cover } from "../../../src/language/algebra/cover.ts";
import { implies, isImpossible, mayOverlap } from "../../../src/language/algebra/solve.ts";
import { findWitness } from "../../../src/language/algebra/witness.ts";
import { comparison, conditionsOf, equality, judged, truthOf } from "../../support/arbitrary-conditions.ts";
import { allOf, anyOf, compare, is, label, notOf, number } from "../../support/rules.ts";

const contains = (text: string) => compare("message", { op: "contains", value: text });
const condition = conditionsOf(comparison, 3);

/** A contradiction of so many comparisons. */
function dead(size: number) {
  return allOf(...Array.from({ length: size - 1 }, (_, i) => notOf(is("name", `n${i}`))), is("name", "n0"));
}

describe("what is proved", () => {
  it("is contradicted by no Event", () => {
    const proved = { impossible: 0, implied: 0, apart: 0 };
    const all = fc.array(judged, { minLength: 20, maxLength: 40, size: "max" });
    fc.assert(
      fc.property(condition, condition, all, (one, other, events) => {
        const [isDead, isImplied, isApart] = [isImpossible(one), implies(one, other), !mayOverlap(one, other)];
        proved.impossible += Number(isDead);
        proved.implied += Number(isImplied && !isDead);
        proved.apart += Number(isApart && !isDead);
        for (const event of events) {
          const [first, second] = [truthOf(one, event) === true, truthOf(other, event) === true];
          expect(first && isDead).toBe(false);
          expect(first && !second && isImplied).toBe(false);
          expect(first && second && isApart).toBe(false);
        }
      }),
      { numRuns: 10_000 },
    );
    for (const count of Object.values(proved)) expect(count).toBeGreaterThan(30);
  });

  it("is all there is to prove about equality", () => {
    let impossible = 0;
    fc.assert(
      fc.property(conditionsOf(equality, 3), (one) => {
        const isDead = cover(one, "holds", { most: 100_000, reads: () => true }).length === 0;
        impossible += Number(isDead);
        expect(findWitness(one) === null).toBe(isDead);
        expect(isImpossible(one) && !isDead).toBe(false);
      }),
      { numRuns: 5000 },
    );
    expect(impossible).toBeGreaterThan(50);
  });

  it.each([
    ["one of several values implies all of them", is("kind", "Pod"), is("kind", "Pod", "Node")],
    ["a value implies that there is one", is("kind", "Pod"), compare("kind", { op: "exists" })],
    ["a narrower condition implies a wider one", allOf(contains("a"), is("kind", "Pod")), contains("a")],
    ["each way implies it", anyOf(is("kind", "Pod"), is("kind", "Node")), notOf(is("kind", "Job"))],
    ["a known label implies that it exists", label("team", "a"), notOf(label("team", ""))],
    ["what is impossible implies anything", allOf(is("kind", "a"), is("kind", "b")), is("reason", "c")],
  ])("%s", (_what, one, other) => {
    expect(implies(one, other)).toBe(true);
    expect(mayOverlap(one, notOf(other))).toBe(false);
  });

  it.each([
    ["another value", is("kind", "Pod", "Node"), is("kind", "Pod")],
    ["labels that may not be looked up", is("kind", "Pod"), anyOf(label("team", "a"), notOf(label("team", "a")))],
    ["a pattern of another field", contains("a"), compare("reason", { op: "contains", value: "a" })],
  ])("%s is not implied", (_what, one, other) => {
    expect(implies(one, other)).toBe(false);
  });

  it("takes a condition of more than 64 comparisons to be possible", () => {
    expect(isImpossible(dead(64))).toBe(true);
    expect(isImpossible(dead(65))).toBe(false);
    expect(implies(is("name", "n0"), notOf(dead(65)))).toBe(false);
  });
});

describe("findWitness", () => {
  it("gives values with which the condition holds", () => {
    let found = 0;
    fc.assert(
      fc.property(condition, judged, (one, { event, meta }) => {
        const witness = findWitness(one);
        if (witness === null) return;
        found += 1;
        expect(isImpossible(one)).toBe(false);
        const text = (name: string, otherwise: string): string => String(witness[name] ?? otherwise);
        const team = text("label.team", meta?.labels["team"] ?? "");
        const filled = {
          ...event,
          namespace: text("namespace", event.namespace),
          reason: text("reason", event.reason),
          type: text("type", event.type),
          count: Number(witness["count"] ?? event.count),
          involvedObject: {
            ...event.involvedObject,
            kind: text("kind", event.involvedObject.kind),
            name: text("name", event.involvedObject.name),
          },
        };
        const known = meta ?? ("label.team" in witness ? { labels: {}, annotations: {} } : null);
        expect(truthOf(one, { event: filled, meta: known && { ...known, labels: { team } } })).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(found).toBeGreaterThan(500);
  });

  it.each([
    ["a number between two others", allOf(number("count", ">", 3), number("count", "<", 5)), { count: 4 }],
    ["a number below another", number("count", "<", 3), { count: 2 }],
    ["an empty text", allOf(notOf(contains("a")), compare("message", { op: "exists" }, true)), { message: "" }],
    ["texts that are contained together", allOf(contains("a"), contains("b")), { message: "a b" }],
    ["nothing that patterns decide", compare("name", { op: "like", pattern: "web-*" }), null],
    [
      "another way past a pattern",
      anyOf(compare("name", { op: "like", pattern: "w*" }), is("kind", "Pod")),
      {
        kind: "Pod",
      },
    ],
    ["no number where there is none", allOf(number("count", ">", 3), number("count", "<", 4)), null],
  ])("finds %s", (_what, one, witness) => {
    expect(findWitness(one)).toEqual(witness);
  });

  it("gives up on a puzzle rather than search for minutes", () => {
    const fields = ["name", "kind", "type", "reason", "namespace", "uid", "host", "action"] as const;
    const values = Array.from({ length: 20 }, (_, i) => `v${i}`);
    const clauses = fields.map((field) => is(field, ...values));
    const pattern = compare("message", { op: "matches", pattern: "x" });
    expect(findWitness(allOf(...clauses, pattern))).toBeNull();
  });
});
