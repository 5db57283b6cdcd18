import type { Event, ObjectMeta } from "../model/event.ts";
import type { Condition, RuleSet, Statement } from "../model/rule.ts";
import { assume } from "./assume.ts";
import { createFilterCompiler, FALSE, TRUE, UNKNOWN, type Filter, type Truth } from "./filter.ts";
import { indexKeys } from "./index-keys.ts";
import { createRuleIndex, type Bucket } from "./rule-index.ts";

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
 * follows the number of statements that ask for its values and not the size of the set. What the index has answered
 * is not asked again.
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
  const index = createRuleIndex<Filter | null>();
  const always: Bucket<Filter | null> = { positions: [], rests: [] };
  for (const [position, { condition }] of statements.entries()) {
    const keys = indexKeys(condition);
    if (!keys) {
      always.positions.push(position);
      always.rests.push(compiler.compile(condition));
      continue;
    }
    const compileRest = onceEach((rest) => compiler.compile(rest));
    for (const key of keys) {
      const rest = assume(condition, key);
      if (rest !== false) index.add(key, position, rest === true ? null : compileRest(rest));
    }
  }
  const ends = statements.map((statement) => statement.kind === "drop" || statement.stop);

  const ask = (filter: Filter, position: number, event: Event, now: number, meta: ObjectMeta | null): Truth => {
    try {
      return filter(event, now, meta);
    } catch (error) {
      const statement = statements[position];
      if (statement) onFailure(statement, error);
      return FALSE;
    }
  };

  // Of the Event at hand. Kept here and not in the call, so that an Event nobody asks for leaves no garbage.
  let held: number[] | null = null;
  /** Nothing from here on is met: a statement before it has ended the Event. */
  let end = 0;
  let firstUnknown = 0;

  const search = (
    { positions, rests }: Bucket<Filter | null>,
    event: Event,
    now: number,
    meta: ObjectMeta | null,
  ): void => {
    for (let i = 0; i < positions.length; i += 1) {
      const position = positions[i] ?? 0;
      if (position >= end || position > firstUnknown) return;
      const filter = rests[i] ?? null;
      const truth = filter === null ? TRUE : ask(filter, position, event, now, meta);
      if (truth === TRUE) {
        if (held === null) held = [position];
        else held.push(position);
        if (ends[position]) end = position + 1;
      } else if (truth === UNKNOWN) firstUnknown = position;
    }
  };

  return {
    match(event, now, meta) {
      compiler.beginEvent();
      held = null;
      end = statements.length;
      firstUnknown = statements.length;
      for (const bucket of index.find(event)) search(bucket, event, now, meta);
      // What may hold for every Event is searched last: by then a drop may have spared most of it.
      search(always, event, now, meta);
      if (firstUnknown < end) return "needs-meta";
      return held === null ? NONE : inOrder(held, end);
    },
  };
}

/** Buckets are searched one after the other, and a statement with several keys may have been found in two. */
function inOrder(held: readonly number[], end: number): readonly number[] {
  if (held.length === 1) return held;
  const positions = held.toSorted((a, b) => a - b);
  return positions.filter((position, i) => position < end && position !== positions[i - 1]);
}

/** Compiles equal rests of one statement once: those made of the same parts of its condition. */
function onceEach(compile: (condition: Condition) => Filter): (rest: Condition) => Filter {
  const names = new Map<Condition, string>();
  const known = new Map<string, Filter>();
  const nameOf = (condition: Condition): string => {
    if (condition.kind === "comparison") {
      const name = names.get(condition) ?? String(names.size);
      names.set(condition, name);
      return name;
    }
    const parts = condition.kind === "not" ? [condition.part] : condition.parts;
    return `${condition.kind}(${parts.map((part) => nameOf(part)).join()})`;
  };
  return (rest) => {
    const name = nameOf(rest);
    const filter = known.get(name) ?? compile(rest);
    known.set(name, filter);
    return filter;
  };
}
