import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Box } from "../../../src/language/algebra/box.ts";
import { cover } from "../../../src/language/algebra/cover.ts";
import {
  comparison,
  CONDITION_FIELDS,
  conditionsOf,
  equality,
  judged,
  truthOf,
  valueIn,
  type Judged,
} from "../../support/arbitrary-conditions.ts";
import { allOf, anyOf, compare, is, label, notOf } from "../../support/rules.ts";

/** A box asks nothing an Event has no value for but of patterns and numbers, which are left out here. */
function fits(one: Judged, box: Box): boolean {
  return [...box].every(([field, { kind, values }]) => {
    const ref = CONDITION_FIELDS.get(field);
    if (!ref || ref.kind === "number") return true;
    const value = valueIn(one, ref);
    return values.has(value === null ? null : String(value)) === (kind === "only");
  });
}

const everything = (): boolean => true;
const judgedOnes = fc.array(judged, { minLength: 20, maxLength: 40, size: "max" });

function shown(boxes: readonly Box[]): readonly string[] {
  return boxes.map((box) =>
    [...box].map(([field, { kind, values }]) => `${field} ${kind} ${[...values].join()}`).join("; "),
  );
}

describe("cover", () => {
  it("leaves out no Event for which the condition holds, or misses, however few boxes are wanted", () => {
    const seen = { outside: 0, widened: 0 };
    fc.assert(
      fc.property(conditionsOf(comparison), judgedOnes, fc.integer({ min: 1, max: 8 }), (condition, all, most) => {
        for (const sense of ["holds", "misses"] as const) {
          const boxes = cover(condition, sense, { most, reads: everything });
          expect(boxes.length).toBeLessThanOrEqual(most);
          if (boxes.length < cover(condition, sense, { most: 1000, reads: everything }).length) seen.widened += 1;
          for (const one of all) {
            const isIn = boxes.some((box) => fits(one, box));
            if (!isIn) seen.outside += 1;
            const belongs = (truthOf(condition, one) === true) === (sense === "holds");
            expect(belongs && !isIn).toBe(false);
          }
        }
      }),
      { numRuns: 2000 },
    );
    // The law says nothing if every Event fits.
    expect(seen.outside).toBeGreaterThan(10_000);
    expect(seen.widened).toBeGreaterThan(100);
  });

  it("is exact about equality when it need not be widened", () => {
    const exact = fc.oneof(
      { weight: 4, arbitrary: equality },
      fc.boolean().map((negated) => compare({ kind: "label", key: "team" }, { op: "exists" }, negated)),
      fc.boolean().map((negated) => compare({ kind: "label", key: "team" }, { op: "in", values: ["Pod"] }, negated)),
    );
    fc.assert(
      fc.property(conditionsOf(exact, 3), judgedOnes, (condition, all) => {
        for (const sense of ["holds", "misses"] as const) {
          const boxes = cover(condition, sense, { most: 100_000, reads: everything });
          for (const one of all) {
            const isIn = boxes.some((box) => fits(one, box));
            expect(isIn).toBe((truthOf(condition, one) === true) === (sense === "holds"));
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    [
      "the product of alternatives",
      allOf(anyOf(is("kind", "a"), is("type", "b")), is("reason", "c")),
      8,
      ["reason only c; kind only a", "reason only c; type only b"],
    ],
    [
      "what alternatives have in common, where they are too many",
      anyOf(allOf(is("kind", "a"), is("type", "b")), allOf(is("kind", "c"), is("reason", "d"))),
      1,
      ["kind only a,c"],
    ],
    ["no box for what excludes itself", allOf(is("kind", "a"), notOf(is("kind", "a", "b"))), 8, []],
    ["a box without limits for what may be anything", anyOf(is("kind", "a"), notOf(is("kind", "a"))), 1, [""]],
  ])("gives %s", (_what, condition, most, boxes) => {
    expect(shown(cover(condition, "holds", { most, reads: everything }))).toEqual(boxes);
  });

  it("widens no sooner than it must", () => {
    const both = allOf(anyOf(is("kind", "a"), is("kind", "b")), anyOf(is("type", "a"), is("type", "b")));
    expect(cover(both, "holds", { most: 4, reads: everything })).toHaveLength(4);
    expect(shown(cover(both, "holds", { most: 3, reads: everything }))).toEqual([
      "type only a,b; kind only a",
      "type only a,b; kind only b",
    ]);
  });

  it("knows that no value is one of none", () => {
    expect(cover(is("kind"), "holds", { most: 8, reads: everything })).toEqual([]);
  });

  it("takes comparisons it does not read to come out as it suits", () => {
    const condition = allOf(is("kind", "a"), is("kind", "b"), is("type", "c"));
    const options = { most: 8, reads: ({ field }: { field: object }) => "name" in field && field.name === "type" };
    expect(shown(cover(condition, "holds", options))).toEqual(["type only c"]);
    expect(shown(cover(condition, "misses", options))).toEqual(["", "", "type except c"]);
  });

  it("knows that a drop which turns on labels may not hold for want of them", () => {
    const either = anyOf(label("team", "a"), notOf(label("team", "a")));
    expect(shown(cover(either, "misses", { most: 8, reads: everything }))).toEqual(["label.team only "]);
    expect(cover(notOf(either), "holds", { most: 8, reads: everything })).toEqual([]);
  });

  it("stays small for a condition with a million ways", () => {
    const parts = Array.from({ length: 20 }, (_, i) => anyOf(is("kind", `a${i}`), is("type", `b${i}`)));
    expect(cover(allOf(...parts), "misses", { most: 32, reads: everything })).toHaveLength(20);
    expect(cover(allOf(...parts), "holds", { most: 32, reads: everything }).length).toBeLessThanOrEqual(32);
  });
});
