import type { Event, ObjectMeta } from "../model/event.ts";
import type { RuleSet, Statement } from "../model/rule.ts";
import { splitByKey } from "../language/algebra/index-keys.ts";
import { createRuleIndex } from "../language/algebra/rule-index.ts";
import { createFilterCompiler, FALSE, TRUE, UNKNOWN, type Filter, type Truth } from "./filter.ts";

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
export function compileRuleSet(ruleSet: RuleSet, onFailure: (statement: Statement, error: unknown) => void): Matcher {
  const { statements } = ruleSet;
  const compiler = createFilterCompiler();
  const entries = statements.flatMap(({ condition }, position) =>
    splitByKey(condition).map(({ key, rest }) => ({
      key,
      position,
      rest: rest === true ? null : compiler.compile(rest),
    })),
  );
  const index = createRuleIndex(entries);
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

  /** False: whatever comes later is not met either. */
  const meet = (
    position: number,
    filter: Filter | null,
    event: Event,
    now: number,
    meta: ObjectMeta | null,
  ): boolean => {
    if (position >= end || position > firstUnknown) return false;
    const truth = filter === null ? TRUE : ask(filter, position, event, now, meta);
    if (truth === TRUE) {
      held = withPosition(held, position);
      if (ends[position]) end = position + 1;
    } else if (truth === UNKNOWN) firstUnknown = position;
    return true;
  };

  return {
    match(event, now, meta) {
      compiler.beginEvent();
      held = null;
      end = statements.length;
      firstUnknown = statements.length;
      const found = index.find(event.namespace, event.reason, event.involvedObject.kind, event.type);
      // What may hold for every Event comes last: by then a drop may have spared most of it.
      for (let i = 0; i < found.length; i += 2) {
        const last = found[i + 1] ?? 0;
        for (let at = found[i] ?? 0; at < last; at += 1) {
          if (!meet(index.positions[at] ?? 0, index.rests[at] ?? null, event, now, meta)) break;
        }
      }
      if (firstUnknown < end) return "needs-meta";
      return held === null ? NONE : before(held, end);
    },
  };
}

/** Takes off what was found before the statement was that ended the Event. */
function before(held: number[], end: number): readonly number[] {
  while ((held.at(-1) ?? 0) >= end) held.pop();
  return held;
}

/**
 * Puts a position where it belongs: keys are searched one after the other, and a statement with several of them may
 * be found twice.
 */
function withPosition(held: number[] | null, position: number): number[] {
  if (held === null) return [position];
  const last = held[held.length - 1] ?? -1;
  if (last < position) held.push(position);
  else if (last > position && !held.includes(position)) {
    held.push(position);
    held.sort((a, b) => a - b);
  }
  return held;
}
