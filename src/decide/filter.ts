import type { Event, ObjectMeta } from "../model/event.ts";
import type { Condition, FieldRef, Test } from "../model/rule.ts";
import { fieldText, numberReader, textReader } from "../language/fields.ts";
import { compileGlob } from "./glob.ts";
import { compilePattern } from "./pattern.ts";

/** Kleene's three values. `UNKNOWN`: it turns on a label or annotation, and the object's are not at hand. */
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
 * Compiles conditions to closures. One compiler makes one filter of all conditions that say the same, so that the
 * working set of thousands of rules is the few dozen things they ask; and each distinct pattern is tried at most once
 * per field and Event.
 */
export function createFilterCompiler(): FilterCompiler {
  let generation = 0;
  const patterns = new Map<string, (text: string) => boolean>();
  const filters = new Map<string, Filter>();
  const numbers = new Map<Filter, number>();

  const kept = (key: string, compile: () => (text: string) => boolean): ((text: string) => boolean) => {
    const known = patterns.get(key);
    if (known) return known;
    const test = compile();
    patterns.set(key, test);
    return test;
  };

  /** The one filter of this key, made when it is first asked for. */
  const once = (key: string, make: () => Filter): Filter => {
    const known = filters.get(key);
    if (known) return known;
    const filter = make();
    filters.set(key, filter);
    if (!numbers.has(filter)) numbers.set(filter, numbers.size);
    return filter;
  };

  /** A test worth remembering for the length of one Event. */
  const searchOf = (test: Test): ((text: string) => boolean) | null => {
    if (test.op === "contains") return (text) => text.includes(test.value);
    if (test.op === "like") return kept(`l${test.pattern}`, () => compileGlob(test.pattern));
    if (test.op === "matches") return kept(`m${test.pattern}`, () => compilePattern(test.pattern));
    return null;
  };

  const textFilter = (field: Extract<FieldRef, { kind: "text" }>, test: Test): Filter => {
    const read = textReader(field);
    const search = searchOf(test);
    if (!search) return valueFilter(read, test);
    let answeredAt = -1;
    let answer: Truth = FALSE;
    return (event) => {
      if (answeredAt !== generation) {
        answer = search(read(event)) ? TRUE : FALSE;
        answeredAt = generation;
      }
      return answer;
    };
  };

  const compileTest = (field: FieldRef, test: Test): Filter => {
    if (field.kind === "text") return textFilter(field, test);
    if (field.kind === "number") return numberFilter(field, test);
    return metaFilter(field, searchOf(test) ?? compileValueTest(test));
  };

  const turned = (filter: Filter): Filter => once(`not ${numbers.get(filter)}`, () => not(filter));

  const compile = (condition: Condition): Filter => {
    if (condition.kind === "comparison") {
      const { field, test, negated } = condition;
      const filter = once(JSON.stringify([fieldText(field), test]), () => compileTest(field, test));
      return negated ? turned(filter) : filter;
    }
    if (condition.kind === "not") return turned(compile(condition.part));
    const join = condition.kind === "and" ? and : or;
    const parts = condition.parts.toSorted((a, b) => costOf(a) - costOf(b)).map((part) => compile(part));
    return parts.reduceRight((rest, first) =>
      once(`${condition.kind} ${numbers.get(first)} ${numbers.get(rest)}`, () => join(first, rest)),
    );
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

/** A text field under a test that costs no more than remembering its answer would. */
function valueFilter(read: (event: Event) => string, test: Test): Filter {
  if (test.op === "in" && test.values.length === 1) {
    const [only] = test.values;
    return (event) => (read(event) === only ? TRUE : FALSE);
  }
  const holds = compileValueTest(test);
  return (event) => (holds(read(event)) ? TRUE : FALSE);
}

function numberFilter(field: Extract<FieldRef, { kind: "number" }>, test: Test): Filter {
  const read = numberReader(field);
  switch (test.op) {
    case "numberIn": {
      const { values } = test;
      return (event, now) => (values.includes(read(event, now)) ? TRUE : FALSE);
    }
    case "<": {
      const { value } = test;
      return (event, now) => (read(event, now) < value ? TRUE : FALSE);
    }
    case "<=": {
      const { value } = test;
      return (event, now) => (read(event, now) <= value ? TRUE : FALSE);
    }
    case ">": {
      const { value } = test;
      return (event, now) => (read(event, now) > value ? TRUE : FALSE);
    }
    case ">=": {
      const { value } = test;
      return (event, now) => (read(event, now) >= value ? TRUE : FALSE);
    }
    case "exists":
      return (event, now) => (read(event, now) === 0 ? FALSE : TRUE);
    case "in":
    case "contains":
    case "like":
    case "matches":
      break;
  }
  throw new Error(`a number field cannot be tested with ${test.op}`);
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

function compileValueTest(test: Test): (text: string) => boolean {
  if (test.op === "exists") return (text) => text !== "";
  if (test.op !== "in") throw new Error(`a text field cannot be tested with ${test.op}`);
  const [only] = test.values;
  if (test.values.length === 1 && only !== undefined) return (text) => text === only;
  const values = new Set(test.values);
  return (text) => values.has(text);
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
