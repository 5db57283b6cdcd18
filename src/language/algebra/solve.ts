import type { Condition } from "../../model/rule.ts";
import { meet, type Box } from "./box.ts";
import { cover } from "./cover.ts";

/*
 * What can be proved of conditions. Every comparison touches one field, so a conjunction is impossible exactly when
 * what it asks of some field is. `=`, `!=`, `in` and `exists` are worked out exactly; a pattern or a number only
 * excludes its own opposite. What cannot be proved is answered as if it were not so.
 */

/** Larger conditions are taken to be possible: a hostile rule set must not cost minutes. */
const MAX_COMPARISONS = 64;
const MAX_BOXES = 32;

/** Whether no Event can ever meet the condition. */
export function isImpossible(condition: Condition): boolean {
  return boxesOf(condition, "holds").length === 0;
}

/** Whether every Event that meets `one` meets `other` too. */
export function implies(one: Condition, other: Condition): boolean {
  return areApart(boxesOf(one, "holds"), boxesOf(other, "misses"));
}

/** False if no Event can meet both. */
export function mayOverlap(one: Condition, other: Condition): boolean {
  return !areApart(boxesOf(one, "holds"), boxesOf(other, "holds"));
}

function boxesOf(condition: Condition, sense: "holds" | "misses"): readonly Box[] {
  const isSmall = countComparisons(condition) <= MAX_COMPARISONS;
  return cover(condition, sense, { most: MAX_BOXES, reads: () => isSmall });
}

function areApart(some: readonly Box[], others: readonly Box[]): boolean {
  return some.every((box) => others.every((other) => meet([box, other]) === null));
}

function countComparisons(condition: Condition): number {
  if (condition.kind === "comparison") return 1;
  if (condition.kind === "not") return countComparisons(condition.part);
  return condition.parts.reduce((sum, part) => sum + countComparisons(part), 0);
}
