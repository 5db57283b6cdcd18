import type { Event, ObjectMeta } from "../model/event.ts";
import type { Comparison, Condition, FieldRef, Test } from "../model/rule.ts";
import { numberReader, textReader } from "../language/fields.ts";
import { compileGlob } from "./glob.ts";
import { compilePattern } from "./pattern.ts";

/** Kleene's three values. `UNKNOWN`: a label or annotation decides, and the object's were not given. */
export type Truth = 0 | 1 | 2;
export const FALSE = 0 as const;
export const TRUE = 1 as const;
export const UNKNOWN = 2 as const;

/** A compiled condition. `now` is the wall clock, for `age`. Never `UNKNOWN` when `meta` is given. */
export type Filter = (event: Event, now: number, meta: ObjectMeta | null) => Truth;

export interface FilterCompiler {
  compile(condition: Condition): Filter;
  /** Must be called before the filters of this compiler meet another Event: forgets what they found for the last. */
  beginEvent(): void;
}

/**
 * Compiles conditions to closures. Filters of one compiler share patterns: each distinct pattern is kept once, and
 * tried at most once per field and Event.
 */
export function createFilterCompiler(cluster: string): FilterCompiler {
  let generation = 0;
  const patterns = new Map<string, (text: string) => boolean>();
  const textTests = new Map<string, (event: Event) => Truth>();

  const kept = (key: string, compile: () => (text: string) => boolean): ((text: string) => boolean) => {
    const known = patterns.get(key);
    if (known) return known;
    const test = compile();
    patterns.set(key, test);
    return test;
  };

  /** A test worth remembering for the length of one Event. */
  const searchOf = (test: Test): { key: string; search: (text: string) => boolean } | null => {
    if (test.op === "contains") {
      const { value } = test;
      return { key: `c${value}`, search: (text) => text.includes(value) };
    }
    if (test.op === "like") {
      const key = `l${test.pattern}`;
      return { key, search: kept(key, () => compileGlob(test.pattern)) };
    }
    if (test.op === "matches") {
      const key = `m${test.pattern}`;
      return { key, search: kept(key, () => compilePattern(test.pattern)) };
    }
    return null;
  };

  const textFilter = (field: Extract<FieldRef, { kind: "text" }>, test: Test): Filter => {
    const read = textReader(field);
    const search = searchOf(test);
    if (!search) {
      const holds = compileValueTest(test);
      return (event) => (holds(read(event, cluster)) ? TRUE : FALSE);
    }
    const key = `${field.name} ${search.key}`;
    const known = textTests.get(key);
    if (known) return known;
    const { search: found } = search;
    let answeredAt = -1;
    let answer: Truth = FALSE;
    const remembered = (event: Event): Truth => {
      if (answeredAt !== generation) {
        answer = found(read(event, cluster)) ? TRUE : FALSE;
        answeredAt = generation;
      }
      return answer;
    };
    textTests.set(key, remembered);
    return remembered;
  };

  const compileComparison = ({ field, test, negated }: Comparison): Filter => {
    const filter =
      field.kind === "text"
        ? textFilter(field, test)
        : field.kind === "number"
          ? numberFilter(field, test)
          : metaFilter(field, searchOf(test)?.search ?? compileValueTest(test));
    return negated ? not(filter) : filter;
  };

  const compile = (condition: Condition): Filter => {
    if (condition.kind === "comparison") return compileComparison(condition);
    if (condition.kind === "not") return not(compile(condition.part));
    const join = condition.kind === "and" ? and : or;
    const parts = condition.parts.toSorted((a, b) => costOf(a) - costOf(b)).map((part) => compile(part));
    return parts.reduceRight((rest, first) => join(first, rest));
  };

  return {
    compile,
    beginEvent: () => {
      generation += 1;
    },
  };
}

function and(first: Filter, rest: Filter): Filter {
  return (event, now, meta) => {
    const one = first(event, now, meta);
    if (one === FALSE) return FALSE;
    const other = rest(event, now, meta);
    return other === TRUE ? one : other;
  };
}

function or(first: Filter, rest: Filter): Filter {
  return (event, now, meta) => {
    const one = first(event, now, meta);
    if (one === TRUE) return TRUE;
    const other = rest(event, now, meta);
    return other === FALSE ? one : other;
  };
}

function not(filter: Filter): Filter {
  return (event, now, meta) => {
    const truth = filter(event, now, meta);
    return truth === UNKNOWN ? UNKNOWN : truth === TRUE ? FALSE : TRUE;
  };
}

function numberFilter(field: Extract<FieldRef, { kind: "number" }>, test: Test): Filter {
  const read = numberReader(field);
  const holds = compileNumberTest(test);
  return (event, now) => (holds(read(event, now)) ? TRUE : FALSE);
}

function metaFilter(
  field: Extract<FieldRef, { kind: "label" | "annotation" }>,
  holds: (text: string) => boolean,
): Filter {
  return (_event, _now, meta) => (meta ? (holds(readMeta(field, meta)) ? TRUE : FALSE) : UNKNOWN);
}

/** The value of a label or annotation; a missing one is the empty text. */
function readMeta(field: Extract<FieldRef, { kind: "label" | "annotation" }>, meta: ObjectMeta): string {
  const values = field.kind === "label" ? meta.labels : meta.annotations;
  return Object.hasOwn(values, field.key) ? (values[field.key] ?? "") : "";
}

/** Tests that cost no more than remembering their answer would. */
function compileValueTest(test: Test): (text: string) => boolean {
  if (test.op === "exists") return (text) => text !== "";
  if (test.op !== "in") throw new Error(`a text field cannot be tested with ${test.op}`);
  const [only] = test.values;
  if (test.values.length === 1 && only !== undefined) return (text) => text === only;
  const values = new Set(test.values);
  return (text) => values.has(text);
}

function compileNumberTest(test: Test): (value: number) => boolean {
  switch (test.op) {
    case "numberIn": {
      const { values } = test;
      return (value) => values.includes(value);
    }
    case "<":
      return (value) => value < test.value;
    case "<=":
      return (value) => value <= test.value;
    case ">":
      return (value) => value > test.value;
    case ">=":
      return (value) => value >= test.value;
    case "exists":
      return (value) => value !== 0;
    case "in":
    case "contains":
    case "like":
    case "matches":
      break;
  }
  throw new Error(`a number field cannot be tested with ${test.op}`);
}

/** Rough nanoseconds on a typical Event. Labels cost a look-up in the cluster, so they come after everything. */
const TEST_COST = {
  in: 5,
  numberIn: 2,
  exists: 2,
  "<": 2,
  "<=": 2,
  ">": 2,
  ">=": 2,
  contains: 20,
  like: 40,
  matches: 200,
} as const;
const META_COST = 1_000_000;

function costOf(condition: Condition): number {
  if (condition.kind === "not") return costOf(condition.part);
  if (condition.kind !== "comparison") return condition.parts.reduce((sum, part) => sum + costOf(part), 0);
  const { field, test } = condition;
  return TEST_COST[test.op] + (field.kind === "text" || field.kind === "number" ? 0 : META_COST);
}
