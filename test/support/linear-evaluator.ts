import type { Met } from "../../src/decide/match.ts";
import { textReader } from "../../src/language/fields.ts";
import type { Event, Looked, ObjectMeta } from "../../src/model/event.ts";
import type { Comparison, Condition, RuleSet } from "../../src/model/rule.ts";

/** True, false, or null where a label or annotation decides and there is none to look at. */
type Answer = boolean | null;

/**
 * What the language says, read off the tree: every statement in turn, every comparison afresh, nothing compiled.
 * Slow and plain, to hold the index and the closures against. Patterns are run by JavaScript's own engine.
 */
export function meetLinearly(ruleSet: RuleSet, event: Event, now: number, looked: Looked | null): Met | "needs-meta" {
  const meta = looked === null || "unknown" in looked ? null : looked;
  const holding: number[] = [];
  const unknown: number[] = [];
  for (const [position, statement] of ruleSet.statements.entries()) {
    const answer = holds(statement.condition, event, now, meta);
    if (answer === null && looked === null) return "needs-meta";
    if (answer === null) unknown.push(position);
    if (!answer) continue;
    holding.push(position);
    if (statement.kind === "drop" || statement.stop) break;
  }
  return { holding, unknown };
}

/** Positions of the statements that hold, up to the one that ends the Event. */
export function evaluateLinearly(
  ruleSet: RuleSet,
  event: Event,
  now: number,
  looked: Looked | null,
): readonly number[] | "needs-meta" {
  const met = meetLinearly(ruleSet, event, now, looked);
  return met === "needs-meta" ? met : met.holding;
}

function holds(condition: Condition, event: Event, now: number, meta: ObjectMeta | null): Answer {
  if (condition.kind === "comparison") {
    const value = valueOf(condition, event, now, meta);
    return value === null ? null : test(condition, value) !== condition.negated;
  }
  if (condition.kind === "not") {
    const answer = holds(condition.part, event, now, meta);
    return answer === null ? null : !answer;
  }
  const decides = condition.kind === "or";
  const answers = new Set(condition.parts.map((part) => holds(part, event, now, meta)));
  if (answers.has(decides)) return decides;
  return answers.has(null) ? null : !decides;
}

function valueOf({ field }: Comparison, event: Event, now: number, meta: ObjectMeta | null): string | number | null {
  if (field.kind === "text") return textReader(field)(event);
  if (field.kind === "number") return field.name === "count" ? event.count : Math.max(0, now - event.lastSeenAt);
  if (!meta) return null;
  const entries = Object.entries(field.kind === "label" ? meta.labels : meta.annotations);
  return new Map(entries).get(field.key) ?? "";
}

function test({ test: asked }: Comparison, value: string | number): boolean {
  const text = String(value);
  const number = Number(value);
  switch (asked.op) {
    case "in":
      return asked.values.some((one) => one === text);
    case "contains":
      return text.split(asked.value).length > 1 || asked.value === "";
    case "like":
      return likeByTable(Array.from(asked.pattern), Array.from(text));
    case "matches":
      return new RegExp(asked.pattern, "u").test(text);
    case "exists":
      return value !== "" && value !== 0;
    case "numberIn":
      return asked.values.some((one) => one === number);
    case "<":
      return number < asked.value;
    case "<=":
      return number <= asked.value;
    case ">":
      return number > asked.value;
    case ">=":
      break;
  }
  return number >= asked.value;
}

/** The textbook table: does the pattern's first `p` fit the text's first `t`? */
export function likeByTable(pattern: readonly string[], text: readonly string[]): boolean {
  let row = [true, ...text.map(() => false)];
  for (const wanted of pattern) {
    const next = [wanted === "*" && row[0] === true];
    for (const [i, character] of text.entries()) {
      next.push(
        wanted === "*"
          ? next[i] === true || row[i + 1] === true
          : (wanted === "?" || wanted === character) && row[i] === true,
      );
    }
    row = next;
  }
  return row.at(-1) === true;
}
