import type { Comparison, Condition } from "../../model/rule.ts";
import { fieldText } from "../fields.ts";
import { assume, isAnswerable, type KnownFields } from "./partial.ts";

/** Values tried before the search gives up. */
const MAX_STEPS = 10_000;

/**
 * Field values with which the condition holds, whatever an Event's other fields are. Null when none were found, which
 * proves nothing: patterns are never tried.
 *
 * Fields that are made from others (`workload`, `container`) are filled in as if they were free, so a whole Event must
 * be judged once more before it is shown to anybody.
 */
export function findWitness(condition: Condition): KnownFields | null {
  let steps = 0;
  const search = (rest: Condition | boolean, known: KnownFields): KnownFields | null => {
    if (typeof rest === "boolean") return rest ? known : null;
    const open = comparisonsOf(rest).filter(({ test }) => isAnswerable(test));
    const [first] = open;
    if (!first) return null;
    const name = fieldText(first.field);
    for (const value of candidates(open.filter(({ field }) => fieldText(field) === name))) {
      steps += 1;
      if (steps > MAX_STEPS) return null;
      const found = search(assume(rest, { [name]: value }), { ...known, [name]: value });
      if (found) return found;
    }
    return null;
  };
  return search(condition, {});
}

function comparisonsOf(condition: Condition): readonly Comparison[] {
  if (condition.kind === "comparison") return [condition];
  return condition.kind === "not" ? comparisonsOf(condition.part) : condition.parts.flatMap(comparisonsOf);
}

/**
 * Values of one field, such that any other value is answered like one of them by all these comparisons; but for
 * `contains`, which can be asked in more ways than are tried. Counts and milliseconds are whole.
 */
function candidates(comparisons: readonly Comparison[]): readonly (string | number)[] {
  if (comparisons.some(({ field }) => field.kind === "number")) {
    const bounds = comparisons.flatMap(({ test }) =>
      test.op === "numberIn" ? test.values : "value" in test && typeof test.value === "number" ? [test.value] : [0],
    );
    return [...new Set(bounds.map(Math.floor).flatMap((bound) => [bound, bound + 1, bound - 1]))];
  }
  const named = comparisons.flatMap(({ test }) => (test.op === "in" ? test.values : []));
  const contained = comparisons.flatMap(({ test }) => (test.op === "contains" ? [test.value] : []));
  let other = "other";
  while (named.includes(other)) other += "x";
  return [...new Set([...named, ...contained, contained.join(" "), other, ""])];
}
