import type { Event } from "../model/event.ts";
import type { IndexKey } from "./index-keys.ts";

/** What lies under one key: positions of statements, ascending, and what else each asks of the Event. */
export interface Bucket<T> {
  readonly positions: number[];
  readonly rests: T[];
}

export interface RuleIndex<T> {
  /** Positions under one key must be added in ascending order. */
  add(key: IndexKey, position: number, rest: T): void;
  /** Buckets of all keys the Event fits. The array is the index's own: valid until the next call. */
  find(event: Event): readonly Bucket<T>[];
}

interface Entry<T> extends Bucket<T> {
  readonly namespace: number;
  readonly reason: number;
  readonly kind: number;
  readonly type: number;
  /** Another key whose numbers mix to the same. */
  readonly next: Entry<T> | undefined;
}

/** All keys that name the same fields. */
interface Table<T> {
  readonly namespace: boolean;
  readonly reason: boolean;
  readonly kind: boolean;
  readonly type: boolean;
  readonly entries: Map<number, Entry<T>>;
}

/**
 * Finds what is kept under the values of an Event's namespace, reason, kind and type: one look-up for each set of
 * fields that keys name, so at most 15, however many keys there are.
 */
export function createRuleIndex<T>(): RuleIndex<T> {
  const namespaces = new Map<string, number>();
  const reasons = new Map<string, number>();
  const kinds = new Map<string, number>();
  const types = new Map<string, number>();
  const tables: Table<T>[] = [];
  const found: Bucket<T>[] = [];

  const tableOf = ([namespace, reason, kind, type]: readonly boolean[]): Table<T> => {
    const names = { namespace: namespace === true, reason: reason === true, kind: kind === true, type: type === true };
    const known = tables.find(
      (one) =>
        one.namespace === names.namespace &&
        one.reason === names.reason &&
        one.kind === names.kind &&
        one.type === names.type,
    );
    if (known) return known;
    const table = { ...names, entries: new Map<number, Entry<T>>() };
    tables.push(table);
    return table;
  };

  return {
    add(key, position, rest) {
      const namespace = intern(namespaces, key[0]);
      const reason = intern(reasons, key[1]);
      const kind = intern(kinds, key[2]);
      const type = intern(types, key[3]);
      const { entries } = tableOf(key.map((value) => value !== null));
      const mixed = mix(namespace, reason, kind, type);
      const next = entries.get(mixed);
      let entry = entryOf(next, namespace, reason, kind, type);
      if (!entry) {
        entry = { namespace, reason, kind, type, next, positions: [], rests: [] };
        entries.set(mixed, entry);
      }
      entry.positions.push(position);
      entry.rests.push(rest);
    },
    find(event) {
      const ofNamespace = namespaces.get(event.namespace) ?? 0;
      const ofReason = reasons.get(event.reason) ?? 0;
      const ofKind = kinds.get(event.involvedObject.kind) ?? 0;
      const ofType = types.get(event.type) ?? 0;
      found.length = 0;
      for (const table of tables) {
        const namespace = table.namespace ? ofNamespace : 0;
        const reason = table.reason ? ofReason : 0;
        const kind = table.kind ? ofKind : 0;
        const type = table.type ? ofType : 0;
        const entry = entryOf(table.entries.get(mix(namespace, reason, kind, type)), namespace, reason, kind, type);
        if (entry) found.push(entry);
      }
      return found;
    },
  };
}

/** 0 for a field left open, and so for a value no key names; else a number of its own. */
function intern(names: Map<string, number>, value: string | null | undefined): number {
  if (value === null || value === undefined) return 0;
  const number = names.get(value) ?? names.size + 1;
  names.set(value, number);
  return number;
}

function entryOf<T>(
  first: Entry<T> | undefined,
  namespace: number,
  reason: number,
  kind: number,
  type: number,
): Entry<T> | undefined {
  let entry = first;
  while (entry) {
    if (entry.namespace === namespace && entry.reason === reason && entry.kind === kind && entry.type === type) break;
    entry = entry.next;
  }
  return entry;
}

/** One number of 30 bits for four: V8 keeps those in place, larger ones as objects of their own. */
function mix(namespace: number, reason: number, kind: number, type: number): number {
  const mixed = Math.imul(Math.imul(Math.imul(namespace, 0x01000193) ^ reason, 0x01000193) ^ kind, 0x01000193) ^ type;
  return (mixed ^ (mixed >>> 15)) & 0x3fffffff;
}
