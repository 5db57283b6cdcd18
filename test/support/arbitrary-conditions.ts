import * as fc from "fast-check";
import { fieldText, readText } from "../../src/language/fields.ts";
import type { Event, ObjectMeta } from "../../src/model/event.ts";
import type { Comparison, Condition, FieldRef, TextFieldName } from "../../src/model/rule.ts";
import { anEvent, NOON } from "./events.ts";
import { evaluateLinearly } from "./linear-evaluator.ts";
import { allOf, anyOf, aRule, compare, notOf, number } from "./rules.ts";

/*
 * Conditions over a few values and Events that hold them or none of them, so that chance meets most of what a
 * condition can turn on.
 */

const FIELDS = ["namespace", "reason", "kind", "type", "name"] as const satisfies readonly TextFieldName[];
const VALUES = ["", "Pod", "Node", "BackOff"] as const;
/** No condition names it. */
const STRANGE = "Strange";

const field = fc.constantFrom(...FIELDS);
const value = fc.constantFrom(...VALUES);

/** `=`, `!=`, `in`, `exists` of text fields: what the algebra works out exactly. */
export const equality: fc.Arbitrary<Comparison> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(field, fc.subarray([...VALUES], { minLength: 1, maxLength: 3 }), fc.boolean())
      .map(([name, values, negated]) => compare(name, { op: "in", values }, negated)),
  },
  fc.tuple(field, fc.boolean()).map(([name, negated]) => compare(name, { op: "exists" }, negated)),
);

/** Any comparison of the language. */
export const comparison: fc.Arbitrary<Comparison> = fc.oneof(
  { weight: 4, arbitrary: equality },
  fc
    .tuple(field, fc.constantFrom("o", "Back", "x"), fc.boolean())
    .map(([name, part, negated]) => compare(name, { op: "contains", value: part }, negated)),
  fc
    .tuple(field, fc.constantFrom("*o*", "?od", "*"), fc.boolean())
    .map(([name, pattern, negated]) => compare(name, { op: "like", pattern }, negated)),
  fc
    .tuple(field, fc.constantFrom("^Ba", "d$"), fc.boolean())
    .map(([name, pattern, negated]) => compare(name, { op: "matches", pattern }, negated)),
  fc.tuple(fc.constantFrom("<", "<=", ">", ">="), fc.nat(3)).map(([op, bound]) => number("count", op as "<", bound)),
  fc
    .tuple(fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 2 }), fc.boolean())
    .map(([values, negated]) => compare({ kind: "number", name: "count" }, { op: "numberIn", values }, negated)),
  fc
    .tuple(value, fc.boolean())
    .map(([wanted, negated]) => compare({ kind: "label", key: "team" }, { op: "in", values: [wanted] }, negated)),
  fc.boolean().map((negated) => compare({ kind: "label", key: "team" }, { op: "exists" }, negated)),
);

/** Conditions of such comparisons, with `not`, `and` and `or` in each other. */
export function conditionsOf(comparisons: fc.Arbitrary<Comparison>, most = 4): fc.Arbitrary<Condition> {
  return fc.letrec<{ condition: Condition }>((tie) => {
    const parts = fc.array(tie("condition"), { minLength: 2, maxLength: most, size: "max" });
    return {
      condition: fc.oneof(
        { maxDepth: 3, depthSize: "small" },
        { weight: 2, arbitrary: comparisons },
        { weight: 2, arbitrary: parts.map((all) => allOf(...all)) },
        { weight: 2, arbitrary: parts.map((all) => anyOf(...all)) },
        { weight: 1, arbitrary: tie("condition").map(notOf) },
      ),
    };
  }).condition;
}

/** An Event, and its object's labels or null where they cannot be looked up. */
export interface Judged {
  readonly event: Event;
  readonly meta: ObjectMeta | null;
}

const held = fc.constantFrom(...VALUES, STRANGE);

export const judged: fc.Arbitrary<Judged> = fc
  .record({
    namespace: held,
    reason: held,
    kind: held,
    type: held,
    name: held,
    count: fc.nat(4),
    team: fc.option(held),
  })
  .map(({ namespace, reason, kind, type, name, count, team }) => ({
    event: anEvent({ namespace, reason, type, count, involvedObject: { kind, name } }),
    meta: team === null ? null : { labels: team === "" ? {} : { team }, annotations: {} },
  }));

/** Plainly read off the condition; null where it turns on labels that cannot be looked up. */
export function truthOf(condition: Condition, { event, meta }: Judged): boolean | null {
  const statements = [aRule({ condition })];
  const answer = evaluateLinearly({ statements }, event, NOON, meta);
  return answer === "needs-meta" ? null : answer.length > 0;
}

/** The value of a field of the Event; null for a label that cannot be looked up. */
export function valueIn({ event, meta }: Judged, ref: FieldRef): string | number | null {
  if (ref.kind === "number") return event.count;
  if (ref.kind !== "text" && meta === null) return null;
  return readText(ref, event, { now: NOON, meta });
}

/** Fields the conditions here are made of, under their names in rules. */
export const CONDITION_FIELDS: ReadonlyMap<string, FieldRef> = new Map(
  [
    ...FIELDS.map((name): FieldRef => ({ kind: "text", name })),
    { kind: "number", name: "count" } as const,
    { kind: "label", key: "team" } as const,
  ].map((ref) => [fieldText(ref), ref]),
);
