import type { Comparison, Condition } from "../../model/rule.ts";
import { hull, type Box } from "./box.ts";
import { cover } from "./cover.ts";
import { assume } from "./partial.ts";

/** The fields the index knows. */
export const INDEX_FIELDS = ["namespace", "reason", "kind", "type"] as const;

/** What an Event has in them. */
export type IndexedValues = Readonly<Record<(typeof INDEX_FIELDS)[number], string>>;

/** Values an Event must have; a field that is not in it may have any. */
export type IndexKey = Partial<IndexedValues>;

/** What a condition asks of the Events that fit a key, beside the key. */
export interface KeyedCondition {
  readonly key: IndexKey;
  readonly rest: Condition | true;
}

/** Beyond this many keys for one condition, fewer and wider ones are taken. */
const MAX_KEYS = 64;

/**
 * Splits a condition by keys such that every Event for which it holds fits one of them. One key without any value when
 * that cannot be said with equality on the index fields alone; no keys when the condition never holds.
 */
export function splitByKey(condition: Condition): readonly KeyedCondition[] {
  const boxes = cover(condition, "holds", { most: MAX_KEYS, reads: isIndexed });
  const exact = new Map(
    boxes.flatMap(keysOf).map((key) => [JSON.stringify(INDEX_FIELDS.map((field) => key[field])), key]),
  );
  const keys = exact.size > MAX_KEYS ? keysOf(hull(boxes)) : [...exact.values()];
  if (keys.some((key) => Object.keys(key).length === 0)) return [{ key: {}, rest: condition }];
  return keys.flatMap((key) => {
    const rest = assume(condition, key);
    return rest === false ? [] : [{ key, rest }];
  });
}

function isIndexed({ field, test }: Comparison): boolean {
  return (
    (test.op === "in" || test.op === "exists") &&
    INDEX_FIELDS.some((name) => field.kind === "text" && name === field.name)
  );
}

/** All mixes of the values a box names, of as many fields as make few enough; the field with the fewest always. */
function keysOf(box: Box): readonly IndexKey[] {
  const named = INDEX_FIELDS.flatMap((field) => {
    const asked = box.get(field);
    return asked?.kind === "only" ? [[...asked.values].map((value) => ({ [field]: value ?? "" }))] : [];
  });
  const [first = [{}], ...others] = named.toSorted((a, b) => a.length - b.length);
  return others.reduce<readonly IndexKey[]>(
    (keys, values) =>
      keys.length * values.length > MAX_KEYS
        ? keys
        : keys.flatMap((key) => values.map((value) => Object.assign({}, key, value))),
    first,
  );
}
