import { complement, intersection, isEmpty, union, type ValueSet } from "./value-set.ts";

/**
 * What is asked of an Event, field by field and all at once. Fields are named as in rules; one that is not in it may
 * have any value. No set in it is empty, and none has all values.
 */
export type Box = ReadonlyMap<string, ValueSet>;

export const ANYTHING: Box = new Map();

const ANY_VALUE: ValueSet = { kind: "except", values: new Set() };

/** What all boxes ask together; null when no Event fits them all. */
export function meet(boxes: readonly Box[]): Box | null {
  const asked = new Map<string, ValueSet[]>();
  for (const box of boxes) {
    for (const [field, values] of box) {
      const sets = asked.get(field);
      if (sets) sets.push(values);
      else asked.set(field, [values]);
    }
  }
  const met = new Map<string, ValueSet>();
  for (const [field, sets] of asked) {
    const values = intersection(sets);
    if (isEmpty(values)) return null;
    met.set(field, values);
  }
  return met;
}

/** The narrowest box around one or more boxes: what it asks, each of them asks. */
export function hull(boxes: readonly Box[]): Box {
  const [first = ANYTHING, ...others] = boxes;
  if (others.length === 0) return first;
  const around = new Map<string, ValueSet>();
  for (const field of first.keys()) {
    const values = union(boxes.map((box) => box.get(field) ?? ANY_VALUE));
    if (!isEmpty(complement(values))) around.set(field, values);
  }
  return around;
}
