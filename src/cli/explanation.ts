import { fieldsOf } from "../collect/fields.ts";
import { normalize } from "../collect/normalize.ts";
import { createOccurrences } from "../collect/occurrences.ts";
import { createEvaluator } from "../decide/evaluate.ts";
import { createFilterCompiler, TRUE, type Filter } from "../decide/filter.ts";
import { readText } from "../language/fields.ts";
import type { Event, ObjectMeta, Occurrences } from "../model/event.ts";
import { isObject } from "../model/json.ts";
import type { Held, StatementVerdict, Verdict } from "../model/match.ts";
import type { Condition, RuleSet, Statement } from "../model/rule.ts";
import type { Clock } from "../runtime/clock.ts";
import { createLogger } from "../runtime/logger.ts";
import { createMetrics } from "../runtime/metrics.ts";
import { createRedactor } from "../runtime/secret.ts";
import { textsOf } from "./event-file.ts";

/** A condition with what it came to. `value` is the field's actual value. */
export type Traced =
  | { readonly kind: "comparison"; readonly holds: boolean; readonly text: string; readonly value: string }
  | { readonly kind: "and" | "or" | "not"; readonly holds: boolean; readonly parts: readonly Traced[] };

export interface ExplainedStatement {
  readonly statement: Statement;
  readonly verdict: StatementVerdict;
  readonly condition: Traced;
  /** What was held back before and is told now. */
  readonly held: Held | null;
}

/** Why an Event was sent, or was not. */
export interface Explanation {
  readonly event: Event;
  /** `replayed`: its count has not grown since it was last seen, so it reached no statement. */
  readonly verdict: Verdict | "replayed";
  /** Who is told, in the order of the rules. */
  readonly receivers: readonly string[];
  readonly occurrences: Occurrences | null;
  /** Every statement the Event met, in order. */
  readonly statements: readonly ExplainedStatement[];
}

export interface ExplainerOptions {
  readonly ruleSet: RuleSet;
  readonly cluster: string;
  readonly maxGroups: number;
}

/** Best first: an Event that told anybody is `notified`, whatever else became of it. */
const VERDICTS: readonly Verdict[] = ["notified", "silenced", "suppressed", "covered", "dropped"];

/**
 * Runs Events through a rule set with the engine's own evaluator, as one live stream; null for what is no Event.
 *
 * The time is each Event's own last-seen time and never goes back: an Event older than one before it arrives late, as
 * it would live. Labels and annotations are those that stand in the Event's `involvedObject`, as exporters add them.
 */
export function createExplainer({
  ruleSet,
  cluster,
  maxGroups,
}: ExplainerOptions): (object: unknown) => Explanation | null {
  let time = 0;
  const clock: Clock = {
    now: () => time,
    monotonic: () => time,
    sleep: () => Promise.reject(new Error("an explanation waits for nothing")),
  };
  const metrics = createMetrics();
  const logger = createLogger(createRedactor(), "silent");
  const occurrences = createOccurrences({ metrics });
  const evaluator = createEvaluator({ clock, cluster, maxGroups, metrics, logger });
  evaluator.use(ruleSet);
  const trace = createTracer(cluster);

  return (object) => {
    const event = normalize(object);
    if (!event) return null;
    time = Math.max(time, event.lastSeenAt);
    const seen = occurrences.take(event, null);
    if (seen === "replayed") return { event, verdict: "replayed", receivers: [], occurrences: null, statements: [] };
    const meta = metaOf(object);
    const evaluation = evaluator.evaluate(seen, meta, true);
    if (evaluation === "needs-meta") throw new Error("an evaluation with metadata asks for none");
    trace.beginEvent();
    const statements = evaluation.verdicts.map((verdict, i): ExplainedStatement => {
      // Statements are met from the first on, without gaps.
      const statement = ruleSet.statements[i];
      if (!statement) throw new Error("a verdict without a statement");
      const condition = trace.trace(statement.condition, event, time, meta);
      const passed = evaluation.passed.find(({ match }) => match.rule === statement);
      return { statement, verdict, condition, held: passed?.held ?? null };
    });
    const found = new Set(evaluation.verdicts.map(({ verdict }) => verdict));
    return {
      event,
      verdict: VERDICTS.find((verdict) => found.has(verdict)) ?? "unmatched",
      receivers: [...new Set(evaluation.verdicts.flatMap(({ receivers }) => receivers))],
      occurrences: seen.occurrences,
      statements,
    };
  };
}

function metaOf(object: unknown): ObjectMeta {
  const event = fieldsOf(object);
  const about = fieldsOf(isObject(event["regarding"]) ? event["regarding"] : event["involvedObject"]);
  return { labels: textsOf(about["labels"]), annotations: textsOf(about["annotations"]) };
}

interface Tracer {
  beginEvent(): void;
  trace(condition: Condition, event: Event, now: number, meta: ObjectMeta): Traced;
}

/** Asks each comparison by itself, through the filters the engine compiles of it. */
function createTracer(cluster: string): Tracer {
  const compiler = createFilterCompiler(cluster);
  const filters = new Map<Condition, Filter>();
  const trace: Tracer["trace"] = (condition, event, now, meta) => {
    if (condition.kind === "comparison") {
      const filter = filters.get(condition) ?? compiler.compile(condition);
      filters.set(condition, filter);
      const { field, text } = condition;
      const holds = filter(event, now, meta) === TRUE;
      return { kind: "comparison", holds, text, value: readText(field, event, { cluster, now, meta }) };
    }
    if (condition.kind === "not") {
      const part = trace(condition.part, event, now, meta);
      return { kind: "not", holds: !part.holds, parts: [part] };
    }
    const parts = condition.parts.map((part) => trace(part, event, now, meta));
    const holds = condition.kind === "and" ? parts.every((part) => part.holds) : parts.some((part) => part.holds);
    return { kind: condition.kind, holds, parts };
  };
  return { beginEvent: () => compiler.beginEvent(), trace };
}
