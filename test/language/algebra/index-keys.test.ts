import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitByKey, type IndexKey } from "../../../src/language/algebra/index-keys.ts";
import type { Condition } from "../../../src/model/rule.ts";
import { comparison, conditionsOf, judged, truthOf, type Judged } from "../../support/arbitrary-conditions.ts";
import { allOf, anyOf, compare, is, notOf } from "../../support/rules.ts";

function fits({ event }: Judged, key: IndexKey): boolean {
  const { namespace = event.namespace, reason = event.reason, type = event.type } = key;
  const { kind = event.involvedObject.kind } = key;
  return (
    namespace === event.namespace &&
    reason === event.reason &&
    type === event.type &&
    kind === event.involvedObject.kind
  );
}

function keysOf(condition: Condition): readonly IndexKey[] {
  return splitByKey(condition).map(({ key }) => key);
}

function many(count: number, of: string): string[] {
  return Array.from({ length: count }, (_, i) => `${of}${i}`);
}

describe("splitByKey", () => {
  it("asks of an Event under its keys just what the condition asks", () => {
    let outside = 0;
    fc.assert(
      fc.property(
        conditionsOf(comparison),
        fc.array(judged, { minLength: 20, maxLength: 40, size: "max" }),
        (condition, all) => {
          const split = splitByKey(condition);
          for (const one of all) {
            const truth = truthOf(condition, one);
            const fitting = split.filter(({ key }) => fits(one, key));
            if (fitting.length === 0) outside += 1;
            expect(truth === true && fitting.length === 0).toBe(false);
            for (const { rest } of fitting) expect(rest === true || truthOf(rest, one)).toBe(truth);
          }
        },
      ),
      { numRuns: 2000 },
    );
    expect(outside).toBeGreaterThan(2000);
  });

  it("finds one key for values that belong together, and none twice", () => {
    expect(keysOf(allOf(is("kind", "Pod"), is("type", "Warning"), notOf(is("name", "x"))))).toEqual([
      { kind: "Pod", type: "Warning" },
    ]);
    const twice = [allOf(is("kind", "Pod"), is("name", "a")), allOf(is("kind", "Pod"), is("name", "b"))];
    expect(splitByKey(anyOf(...twice))).toEqual([
      { key: { kind: "Pod" }, rest: anyOf(is("name", "a"), is("name", "b")) },
    ]);
  });

  it.each([
    ["says nothing of the index's fields", is("name", "x")],
    ["excludes values only", notOf(is("kind", "Pod"))],
    ["has a way without them", anyOf(is("kind", "Pod"), is("name", "x"))],
    ["looks at them through patterns", compare("kind", { op: "like", pattern: "P*" })],
  ])("keeps a condition whole that %s", (_what, condition) => {
    expect(splitByKey(condition)).toEqual([{ key: {}, rest: condition }]);
  });

  it("has no key for what can never hold", () => {
    expect(splitByKey(allOf(is("kind", "Pod"), notOf(is("kind", "Pod", "Node"))))).toEqual([]);
    expect(splitByKey(allOf(is("kind", "Pod"), compare("kind", { op: "contains", value: "x" })))).toEqual([]);
  });

  it("takes no more than 64 mixes of values, but all values of one field", () => {
    expect(keysOf(allOf(is("kind", ...many(8, "k")), is("reason", ...many(8, "r"))))).toHaveLength(64);
    expect(keysOf(allOf(is("kind", ...many(8, "k")), is("reason", ...many(9, "r"))))).toEqual(
      many(8, "k").map((kind) => ({ kind })),
    );
    expect(keysOf(is("reason", ...many(500, "r")))).toHaveLength(500);
    const halves = ["a", "b"].map((kind) => allOf(is("kind", kind), is("reason", ...many(40, kind))));
    expect(keysOf(anyOf(...halves))).toEqual([{ kind: "a" }, { kind: "b" }]);
    const pairs = many(70, "x").map((x, i) => allOf(is("reason", x), is("kind", `k${i % 35}`)));
    expect(keysOf(anyOf(...pairs))).toEqual(many(35, "k").map((kind) => ({ kind })));
  });
});
