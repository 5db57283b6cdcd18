import type { Event, ObjectMeta } from "../model/event.ts";
import type { RuleSet, Statement } from "../model/rule.ts";
import { createFilterCompiler, FALSE, UNKNOWN, type Filter } from "./filter.ts";
import { indexKeys, type IndexKey } from "./index-keys.ts";

export interface Matcher {
  /**
   * Positions of the statements that hold for the Event, in their order, up to and with the first `drop` or `stop`.
   *
   * `needs-meta`: whether a statement holds turns on a label or annotation, and `meta` is null. Never otherwise.
   */
  match(event: Event, now: number, meta: ObjectMeta | null): readonly number[] | "needs-meta";
}

const NONE: readonly number[] = [];

/**
 * Compiles a rule set to closures behind an index on namespace, reason, kind and type, so that the time per Event
 * follows the number of statements that ask for its values and not the size of the set.
 *
 * A statement whose filter throws counts as not holding: `onFailure` is told, the others go on.
 */
export function compileRuleSet(
  ruleSet: RuleSet,
  cluster: string,
  onFailure: (statement: Statement, error: unknown) => void,
): Matcher {
  const { statements } = ruleSet;
  const compiler = createFilterCompiler(cluster);
  const filters: readonly Filter[] = statements.map(({ condition }) => compiler.compile(condition));
  const ends = statements.map((statement) => statement.kind === "drop" || statement.stop);
  const index = createIndex(statements);

  return {
    match(event, now, meta) {
      const candidates = index.candidates(event);
      if (candidates.length === 0) return NONE;
      compiler.beginEvent();
      let held: number[] | null = null;
      for (const position of candidates) {
        const filter = filters[position];
        const statement = statements[position];
        if (!filter || !statement) continue;
        try {
          const truth = filter(event, now, meta);
          if (truth === FALSE) continue;
          if (truth === UNKNOWN) return "needs-meta";
        } catch (error) {
          onFailure(statement, error);
          continue;
        }
        if (held) held.push(position);
        else held = [position];
        if (ends[position]) break;
      }
      return held ?? NONE;
    },
  };
}

interface Index {
  /** Positions of statements that may hold for the Event, ascending. Valid until the next call. */
  candidates(event: Event): readonly number[];
}

/** The buckets of all keys that name the same fields. */
interface Table {
  readonly slots: readonly boolean[];
  readonly buckets: Map<number, number[]>;
}

/**
 * Values are interned to small integers, and the integers of a key's fields mixed to one. Two keys that mix to the
 * same number share a bucket, which costs a filter call and never an answer.
 */
function createIndex(statements: readonly Statement[]): Index {
  const namespaces = new Map<string, number>();
  const reasons = new Map<string, number>();
  const kinds = new Map<string, number>();
  const types = new Map<string, number>();
  const tables = new Map<string, Table>();
  const always: number[] = [];

  const add = (key: IndexKey, position: number): void => {
    const slots = key.map((value) => value !== null);
    const name = slots.join();
    const table: Table = tables.get(name) ?? { slots, buckets: new Map() };
    tables.set(name, table);
    const [namespace, reason, kind, type] = key;
    const mixed = mix(intern(namespaces, namespace), intern(reasons, reason), intern(kinds, kind), intern(types, type));
    const bucket = table.buckets.get(mixed);
    if (!bucket) table.buckets.set(mixed, [position]);
    else if (bucket.at(-1) !== position) bucket.push(position);
  };
  for (const [position, { condition }] of statements.entries()) {
    const keys = indexKeys(condition);
    if (keys) for (const key of keys) add(key, position);
    else always.push(position);
  }

  const lookups = [...tables.values()].map(({ slots: [byNamespace, byReason, byKind, byType], buckets }) => ({
    byNamespace: byNamespace ?? false,
    byReason: byReason ?? false,
    byKind: byKind ?? false,
    byType: byType ?? false,
    buckets,
  }));
  const found: (readonly number[])[] = [];

  return {
    candidates(event) {
      const namespace = namespaces.get(event.namespace) ?? 0;
      const reason = reasons.get(event.reason) ?? 0;
      const kind = kinds.get(event.involvedObject.kind) ?? 0;
      const type = types.get(event.type) ?? 0;
      found.length = 0;
      if (always.length > 0) found.push(always);
      for (const { byNamespace, byReason, byKind, byType, buckets } of lookups) {
        // A value no statement names fits no key that names the field.
        if ((byNamespace && namespace === 0) || (byReason && reason === 0)) continue;
        if ((byKind && kind === 0) || (byType && type === 0)) continue;
        const mixed = mix(byNamespace ? namespace : 0, byReason ? reason : 0, byKind ? kind : 0, byType ? type : 0);
        const bucket = buckets.get(mixed);
        if (bucket) found.push(bucket);
      }
      if (found.length === 0) return NONE;
      return found.length === 1 ? (found[0] ?? NONE) : merged(found);
    },
  };
}

/** 0 for a field left open, else a number of its own. */
function intern(names: Map<string, number>, value: string | null | undefined): number {
  if (value === null || value === undefined) return 0;
  const known = names.get(value) ?? names.size + 1;
  names.set(value, known);
  return known;
}

/** A 30-bit number: those need no memory of their own in V8, wherever it stores them. */
function mix(namespace: number, reason: number, kind: number, type: number): number {
  let mixed = Math.imul(namespace, 0x9e3779b1) ^ reason;
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) ^ kind;
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) ^ type;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x27d4eb2f);
  return (mixed ^ (mixed >>> 15)) & 0x3fffffff;
}

/** Statements are visited in their order whichever bucket they lie in; one that lies in two, once. */
function merged(lists: readonly (readonly number[])[]): readonly number[] {
  const positions = lists.flat().toSorted((a, b) => a - b);
  return positions.filter((position, i) => position !== positions[i - 1]);
}
