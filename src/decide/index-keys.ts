import type { Condition } from "../model/rule.ts";

/** The fields the index knows, in the order of a key's slots. */
export const INDEX_FIELDS = ["namespace", "reason", "kind", "type"] as const;

/** Values an Event must have, one slot per index field; null where the key leaves the field open. */
export type IndexKey = readonly (string | null)[];

/** Beyond this many keys for one statement, fewer and wider ones are taken. */
const MAX_KEYS = 64;
const OPEN: IndexKey = INDEX_FIELDS.map(() => null);

/**
 * Keys such that every Event the condition can hold for fits one of them; null when that cannot be said with equality
 * on the index fields alone. No keys at all means the condition never holds.
 */
export function indexKeys(condition: Condition): readonly IndexKey[] | null {
  const keys = keysOf(condition, false);
  return keys.some(isOpen) ? null : keys;
}

function isOpen(key: IndexKey | undefined): boolean {
  return key === undefined || key.every((value) => value === null);
}

function keysOf(condition: Condition, turned: boolean): readonly IndexKey[] {
  if (condition.kind === "not") return keysOf(condition.part, !turned);
  if (condition.kind === "comparison") {
    const { field, test, negated } = condition;
    if (field.kind !== "text" || test.op !== "in" || negated !== turned) return [OPEN];
    const slot = INDEX_FIELDS.findIndex((name) => name === field.name);
    return slot < 0 ? [OPEN] : [...new Set(test.values)].map((value) => OPEN.with(slot, value));
  }
  const parts = condition.parts.map((part) => keysOf(part, turned));
  return (condition.kind === "and") === turned ? either(parts) : all(parts);
}

/** Fits one of the parts. Too many keys are widened to the one field that all name with the fewest values. */
function either(parts: readonly (readonly IndexKey[])[]): readonly IndexKey[] {
  const keys = distinct(parts.flat());
  if (keys.some(isOpen)) return [OPEN];
  if (keys.length <= MAX_KEYS) return keys;
  let best: readonly IndexKey[] = [OPEN];
  for (const slot of INDEX_FIELDS.keys()) {
    const values = new Set(keys.map((key) => key[slot] ?? null));
    if (values.has(null) || (!isOpen(best[0]) && values.size >= best.length)) continue;
    best = [...values].map((value) => OPEN.with(slot, value));
  }
  return best;
}

/** Fits all parts. A part that would make too many keys is left out: keys may be too wide, never too narrow. */
function all(parts: readonly (readonly IndexKey[])[]): readonly IndexKey[] {
  let keys: readonly IndexKey[] = [OPEN];
  for (const part of parts.toSorted((a, b) => a.length - b.length)) {
    if (keys.length > 1 && keys.length * part.length > MAX_KEYS) continue;
    if (keys.length === 1 && !isOpen(keys[0]) && part.length > MAX_KEYS) continue;
    keys = distinct(keys.flatMap((key) => part.flatMap((other) => joined(key, other) ?? [])));
  }
  return keys;
}

/** The key that asks for both, or null when they ask for different values of one field. */
function joined(one: IndexKey, other: IndexKey): readonly [IndexKey] | null {
  const key: (string | null)[] = [];
  for (const [slot, value] of one.entries()) {
    const second = other[slot] ?? null;
    if (value !== null && second !== null && value !== second) return null;
    key.push(value ?? second);
  }
  return [key];
}

function distinct(keys: readonly IndexKey[]): readonly IndexKey[] {
  const known = new Map<string, IndexKey>();
  for (const key of keys) known.set(JSON.stringify(key), key);
  return [...known.values()];
}
