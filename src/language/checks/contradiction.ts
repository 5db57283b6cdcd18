import type { Comparison, Condition } from "../../model/rule.ts";
import type { Check } from "../check.ts";
import { fieldText } from "../fields.ts";

/**
 * E301: a condition that no Event can meet.
 *
 * Every comparison touches one field, so a conjunction is impossible exactly when what it asks of some field is. Only
 * equality, `in` and `exists` are understood; anything else is taken to hold whenever it suits, so nothing is reported
 * that could be true.
 */
export const contradiction: Check = ({ node, condition }) => {
  if (condition === null || node.kind === "let") return [];
  const ways = sizeOf(condition) > MAX_COMPARISONS ? null : waysOf(condition, false);
  if (ways === null || ways.length > 0) return [];
  const { start, end } = node.condition;
  const field = condition.kind === "and" ? contradicted(condition.parts) : null;
  return [
    {
      code: "E301",
      message:
        field === null
          ? "this condition can never be true"
          : `this can never be true: no \`${field}\` is what these comparisons ask for`,
      help: "`or`, or `in (a, b)`, asks for one of several values",
      start,
      end,
    },
  ];
};

/** What is asked of one field: one of these values, or with `but` any other. */
interface Wanted {
  readonly but: boolean;
  readonly values: ReadonlySet<string>;
}

/** Fields with what is asked of each, all at once. */
type Way = ReadonlyMap<string, Wanted>;

/** A condition with more ways or comparisons is not looked into: a hostile rule set must not cost minutes. */
const MAX_WAYS = 32;
const MAX_COMPARISONS = 64;
const ANY: readonly Way[] = [new Map()];

/** All ways to meet a condition (or, negated, to miss it): none if there is none, null if there are too many. */
function waysOf(condition: Condition, negated: boolean): readonly Way[] | null {
  switch (condition.kind) {
    case "comparison":
      return wayOf(condition, negated);
    case "not":
      return waysOf(condition.part, !negated);
    case "and":
    case "or":
      break;
  }
  const parts = condition.parts.map((part) => waysOf(part, negated));
  const every = (condition.kind === "and") !== negated;
  let ways: readonly Way[] = every ? ANY : [];
  for (const part of parts) {
    if (part === null || ways.length * part.length > MAX_WAYS || ways.length + part.length > MAX_WAYS) return null;
    ways = every ? ways.flatMap((way) => part.flatMap((other) => both(way, other) ?? [])) : [...ways, ...part];
  }
  return ways;
}

function sizeOf(condition: Condition): number {
  if (condition.kind === "comparison") return 1;
  if (condition.kind === "not") return sizeOf(condition.part);
  return condition.parts.reduce((sum, part) => sum + sizeOf(part), 0);
}

function wayOf({ field, test, negated: turned }: Comparison, negated: boolean): readonly Way[] {
  const but = turned !== negated;
  if (test.op === "exists") return [new Map([[fieldText(field), { but: !but, values: new Set([""]) }]])];
  if (test.op !== "in") return ANY;
  return [new Map([[fieldText(field), { but, values: new Set(test.values) }]])];
}

/** Two ways at once; null when they exclude each other. */
function both(a: Way, b: Way): Way | null {
  const ways = new Map(a);
  for (const [field, wanted] of b) {
    const known = ways.get(field);
    const together = known === undefined ? wanted : bothOf(known, wanted);
    if (!together.but && together.values.size === 0) return null;
    ways.set(field, together);
  }
  return ways;
}

function bothOf(a: Wanted, b: Wanted): Wanted {
  if (a.but && b.but) return { but: true, values: new Set([...a.values, ...b.values]) };
  const [asked, other] = a.but ? [b, a] : [a, b];
  // What is in the other is wanted, unless the other is about all but those.
  return { but: false, values: new Set([...asked.values].filter((value) => other.values.has(value) !== other.but)) };
}

/** The field over which plain comparisons joined by `and` contradict each other. */
function contradicted(parts: readonly Condition[]): string | null {
  let together: Way = new Map();
  for (const part of parts) {
    if (part.kind !== "comparison") continue;
    const [way] = wayOf(part, false);
    const next = way === undefined ? together : both(together, way);
    if (next === null) return fieldText(part.field);
    together = next;
  }
  return null;
}
