import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asksFor, assume, type KnownFields } from "../../../src/language/algebra/partial.ts";
import {
  comparison,
  CONDITION_FIELDS,
  conditionsOf,
  judged,
  truthOf,
  valueIn,
  type Judged,
} from "../../support/arbitrary-conditions.ts";
import { allOf, anyOf, compare, is, notOf } from "../../support/rules.ts";

const names = [...CONDITION_FIELDS.keys()];
const some = fc.subarray(names);

function knownOf(one: Judged, fields: readonly string[]): KnownFields {
  const entries = fields.flatMap((name): [string, string | number][] => {
    const ref = CONDITION_FIELDS.get(name);
    const value = ref ? valueIn(one, ref) : null;
    return value === null ? [] : [[name, value]];
  });
  return Object.fromEntries(entries);
}

describe("assume", () => {
  it("leaves a question with the same answer for every Event with these values", () => {
    const settled = { true: 0, false: 0 };
    fc.assert(
      fc.property(conditionsOf(comparison), judged, some, (condition, one, fields) => {
        const rest = assume(condition, knownOf(one, fields));
        if (typeof rest === "boolean") settled[`${rest}`] += 1;
        expect(typeof rest === "boolean" ? rest : truthOf(rest, one)).toBe(truthOf(condition, one));
      }),
      { numRuns: 3000 },
    );
    expect(settled.true).toBeGreaterThan(200);
    expect(settled.false).toBeGreaterThan(200);
  });

  it("does not ask again what was answered", () => {
    fc.assert(
      fc.property(conditionsOf(comparison), judged, some, (condition, one, fields) => {
        const known = knownOf(one, fields);
        const rest = assume(condition, known);
        expect(typeof rest !== "boolean" && asksFor(rest, Object.keys(known))).toBe(false);
      }),
    );
  });

  it("decides everything but patterns when all fields are known", () => {
    const exact = comparison.filter(({ test }) => test.op !== "like" && test.op !== "matches");
    const looked = judged.filter(({ meta }) => meta !== null);
    fc.assert(
      fc.property(conditionsOf(exact), looked, (condition, one) => {
        expect(assume(condition, knownOf(one, names))).toBe(truthOf(condition, one));
      }),
    );
  });

  it("keeps what the values say nothing about", () => {
    const open = compare("reason", { op: "matches", pattern: "x" });
    expect(assume(allOf(is("kind", "Pod"), open), { kind: "Pod", reason: "x" })).toEqual(open);
    expect(assume(anyOf(is("kind", "Pod"), notOf(open)), { kind: "Node" })).toEqual(notOf(open));
  });
});

describe("asksFor", () => {
  it("is false only if no values of these fields can change what is left", () => {
    fc.assert(
      fc.property(conditionsOf(comparison), judged, some, (condition, one, fields) => {
        fc.pre(!asksFor(condition, fields));
        expect(assume(condition, knownOf(one, fields))).toEqual(condition);
      }),
      { numRuns: 2000 },
    );
  });

  it("takes a pattern for open whatever its field holds", () => {
    expect(asksFor(compare("reason", { op: "like", pattern: "B*" }), ["reason"])).toBe(false);
    expect(asksFor(notOf(allOf(is("kind", "Pod"), is("type", "x"))), ["type"])).toBe(true);
  });
});
