import type { Event, Looked, ObjectMeta } from "../model/event.ts";
import type { RuleSet, Statement } from "../model/rule.ts";
import { splitByKey } from "../language/algebra/index-keys.ts";
import { createRuleIndex } from "../language/algebra/rule-index.ts";
import { createFilterCompiler, FALSE, TRUE, UNKNOWN, type Filter, type Truth } from "./filter.ts";

/** Positions of statements in their set, ascending. Both end with the first `drop` or `stop` that holds. */
export interface Met {
  readonly holding: readonly number[];
  /** Those that turn on labels or annotations which could not be looked up: they count as not holding. */
  readonly unknown: readonly number[];
}

export interface Matcher {
  /**
   * The statements the Event meets.
   *
   * `needs-meta`: whether a statement holds turns on a label or annotation, and `looked` is null. Never otherwise.
   */
  match(event: Event, now: number, looked: Looked | null): Met | "needs-meta";
}

const NO_POSITIONS: readonly number[] = [];
const NOTHING: Met = { holding: NO_POSITIONS, unknown: NO_POSITIONS };

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
  let holding: number[] | null = null;
  let unknown: number[] | null = null;
  /** Nothing from here on is met: a statement before it has ended the Event. */
  let end = 0;
  /** The first statement for which somebody has yet to look the object up: nothing behind it matters until then. */
  let firstUnasked = 0;
  let isLookedUp = false;

  /** False: whatever comes later is not met either. */
  const meet = (
    position: number,
    filter: Filter | null,
    event: Event,
    now: number,
    meta: ObjectMeta | null,
  ): boolean => {
    if (position >= end || position > firstUnasked) return false;
    const truth = filter === null ? TRUE : ask(filter, position, event, now, meta);
    if (truth === TRUE) {
      holding = withPosition(holding, position);
      if (ends[position]) end = position + 1;
    } else if (truth === UNKNOWN) {
      if (isLookedUp) unknown = withPosition(unknown, position);
      else firstUnasked = position;
    }
    return true;
  };

  return {
    match(event, now, looked) {
      compiler.beginEvent();
      holding = null;
      unknown = null;
      end = statements.length;
      firstUnasked = statements.length;
      isLookedUp = looked !== null;
      const meta = metaOf(looked);
      const found = index.find(event.namespace, event.reason, event.involvedObject.kind, event.type);
      // What may hold for every Event comes last: by then a drop may have spared most of it.
      for (let i = 0; i < found.length; i += 2) {
        const last = found[i + 1] ?? 0;
        for (let at = found[i] ?? 0; at < last; at += 1) {
          if (!meet(index.positions[at] ?? 0, index.rests[at] ?? null, event, now, meta)) break;
        }
      }
      if (firstUnasked < end) return "needs-meta";
      if (holding === null && unknown === null) return NOTHING;
      return { holding: before(holding, end), unknown: before(unknown, end) };
    },
  };
}

/** What is known of the object's labels; null where nobody has looked, or looking has failed. */
export function metaOf(looked: Looked | null): ObjectMeta | null {
  return looked === null || "unknown" in looked ? null : looked;
}

/** Takes off what was found before the statement was that ended the Event. */
function before(positions: number[] | null, end: number): readonly number[] {
  if (positions === null) return NO_POSITIONS;
  while ((positions.at(-1) ?? -1) >= end) positions.pop();
  return positions;
}

/**
 * Puts a position where it belongs: keys are searched one after the other, and a statement with several of them may
 * be found twice.
 */
function withPosition(positions: number[] | null, position: number): number[] {
  if (positions === null) return [position];
  const last = positions[positions.length - 1] ?? -1;
  if (last < position) positions.push(position);
  else if (last > position && !positions.includes(position)) {
    positions.push(position);
    positions.sort((a, b) => a - b);
  }
  return positions;
}
