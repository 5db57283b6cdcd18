import type { IndexKey } from "./index-keys.ts";

export interface IndexEntry<T> {
  readonly key: IndexKey;
  /** Of the statement in its set. */
  readonly position: number;
  /** What else the statement asks of an Event that fits the key. */
  readonly rest: T;
}

export interface RuleIndex<T> {
  /** Both sorted by key, under one key in the order of the entries. */
  readonly positions: Int32Array;
  readonly rests: readonly T[];
  /**
   * Where in `positions` and `rests` that which lies under the keys an Event with these values fits starts and ends,
   * one pair of numbers after the other, last that which lies under the key of every Event. The array is the index's
   * own: valid until the next call.
   */
  find(namespace: string, reason: string, kind: string, type: string): readonly number[];
}

/** All entries of one key, while the index is built. */
interface Bucket<T> {
  /** Numbers of the values, 0 where the key leaves the field open. */
  readonly namespace: number;
  readonly reason: number;
  readonly kind: number;
  readonly type: number;
  readonly entries: IndexEntry<T>[];
}

/** Numbers to a row: those of namespace, reason, kind and type, then start and end. Two rows are one cache line. */
const ROW = 8;
const START = 4;
const END = 5;

/** Bits of the fields a key names. */
const NAMESPACE = 1;
const REASON = 2;
const KIND = 4;
const TYPE = 8;

/**
 * Finds what is kept under the values of an Event's namespace, reason, kind and type: one look-up for each set of
 * fields that keys name, so at most 16, however many keys there are.
 *
 * Flat tables of numbers, because time at thousands of rules goes into fetching memory: a look-up touches one line of
 * the table and what it finds lies together.
 */
export function createRuleIndex<T>(entries: readonly IndexEntry<T>[]): RuleIndex<T> {
  const namespaces = new Map<string, number>();
  const reasons = new Map<string, number>();
  const kinds = new Map<string, number>();
  const types = new Map<string, number>();

  const buckets = new Map<string, Bucket<T>>();
  for (const entry of entries) {
    const namespace = intern(namespaces, entry.key.namespace);
    const reason = intern(reasons, entry.key.reason);
    const kind = intern(kinds, entry.key.kind);
    const type = intern(types, entry.key.type);
    const id = `${namespace} ${reason} ${kind} ${type}`;
    const bucket = buckets.get(id);
    if (bucket) bucket.entries.push(entry);
    else buckets.set(id, { namespace, reason, kind, type, entries: [entry] });
  }

  const fieldSets = [
    ...new Set(
      Array.from(buckets.values(), ({ namespace, reason, kind, type }) => fieldsNamed(namespace, reason, kind, type)),
    ),
  ].toSorted((a, b) => b - a);
  const slots = 2 ** Math.ceil(Math.log2(2 * buckets.size + 1));
  const rows = new Int32Array(slots * ROW);
  const positions = new Int32Array(entries.length);
  const rests: T[] = [];
  for (const bucket of buckets.values()) {
    const { namespace, reason, kind, type } = bucket;
    let slot = mix(namespace, reason, kind, type) & (slots - 1);
    while (rows[slot * ROW + END] !== 0) slot = (slot + 1) & (slots - 1);
    rows.set([namespace, reason, kind, type], slot * ROW);
    rows[slot * ROW + START] = rests.length;
    for (const { position, rest } of bucket.entries) {
      positions[rests.length] = position;
      rests.push(rest);
    }
    rows[slot * ROW + END] = rests.length;
  }

  const found: number[] = [];
  const look = (namespace: number, reason: number, kind: number, type: number): void => {
    for (let slot = mix(namespace, reason, kind, type); ; slot += 1) {
      const row = (slot & (slots - 1)) * ROW;
      const end = rows[row + END] ?? 0;
      if (end === 0) return;
      if (rows[row] === namespace && rows[row + 1] === reason && rows[row + 2] === kind && rows[row + 3] === type) {
        found.push(rows[row + START] ?? 0, end);
        return;
      }
    }
  };

  return {
    positions,
    rests,
    find(namespaceName, reasonName, kindName, typeName) {
      const namespace = namespaces.get(namespaceName) ?? 0;
      const reason = reasons.get(reasonName) ?? 0;
      const kind = kinds.get(kindName) ?? 0;
      const type = types.get(typeName) ?? 0;
      const named = fieldsNamed(namespace, reason, kind, type);
      found.length = 0;
      for (const fields of fieldSets) {
        // A value that no key names fits none that names its field.
        if ((fields & named) !== fields) continue;
        look(
          fields & NAMESPACE ? namespace : 0,
          fields & REASON ? reason : 0,
          fields & KIND ? kind : 0,
          fields & TYPE ? type : 0,
        );
      }
      return found;
    },
  };
}

/** 0 for a field left open, else a number of its own. */
function intern(names: Map<string, number>, value: string | undefined): number {
  if (value === undefined) return 0;
  const number = names.get(value) ?? names.size + 1;
  names.set(value, number);
  return number;
}

function fieldsNamed(namespace: number, reason: number, kind: number, type: number): number {
  return (namespace && NAMESPACE) | (reason && REASON) | (kind && KIND) | (type && TYPE);
}

function mix(namespace: number, reason: number, kind: number, type: number): number {
  const mixed = Math.imul(Math.imul(Math.imul(namespace, 0x01000193) ^ reason, 0x01000193) ^ kind, 0x01000193) ^ type;
  return (mixed ^ (mixed >>> 15)) & 0x3fffffff;
}
