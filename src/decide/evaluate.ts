import type { ObjectMeta, SeenEvent } from "../model/event.ts";
import type { FloodDigest, Match, PassedMatch, StatementVerdict } from "../model/match.ts";
import type { Rule, RuleSet, Statement } from "../model/rule.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { createFloodDigests } from "./digest.ts";
import { compileGrouping, type Grouping } from "./group.ts";
import { compileRuleSet, type Matcher } from "./match.ts";
import { createThrottle, type Arrival, type GroupKey, type GroupState } from "./throttle.ts";

/** What a rule set makes of one Event. */
export interface Evaluation {
  /** `matched` also when a drop further down ended what a rule above had matched. */
  readonly outcome: "unmatched" | "dropped" | "matched";
  /** In the order of the rules. No receiver is named twice. */
  readonly passed: readonly PassedMatch[];
  /** Statements that hold; with `everyStatement` all that were met, in order. */
  readonly verdicts: readonly StatementVerdict[];
}

export interface EvaluatorOptions {
  readonly clock: Clock;
  readonly maxGroups: number;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface Evaluator {
  /** Takes a rule set into force. Groups of rules that mean the same as before are kept, all others forgotten. */
  use(ruleSet: RuleSet): void;
  /**
   * Runs one Event through the statements and counts it in their windows: once per Event, never as a trial.
   *
   * `needs-meta`: a label or annotation decides and `meta` is null. Nothing was counted; ask again with it.
   */
  evaluate(seen: SeenEvent, meta: ObjectMeta | null, everyStatement?: boolean): Evaluation | "needs-meta";
  /** Flood digests that are due, each once; all that are open with `everything`. */
  floods(everything?: boolean): readonly FloodDigest[];
  changed(): readonly GroupState[];
  removed(): readonly GroupKey[];
  restore(states: readonly GroupState[]): void;
}

const UNMATCHED: Evaluation = { outcome: "unmatched", passed: [], verdicts: [] };
const NOBODY: readonly string[] = [];
const FAILURE_LOG_MS = 60_000;

/** The engine's judge: rule set × Event → who is to be told, and why everybody else is not. Starts without rules. */
export function createEvaluator({ clock, maxGroups, metrics, logger }: EvaluatorOptions): Evaluator {
  const throttle = createThrottle({ clock, maxGroups, metrics });
  const digests = createFloodDigests(clock);
  const failureLoggedAt = new Map<string, number>();
  let statements: readonly Statement[] = [];
  let groupings: readonly (Grouping | null)[] = [];
  let matcher: Matcher = { match: () => [] };

  const reportFailure = ({ name }: Statement, error: unknown): void => {
    metrics.ruleFailures.inc({ rule: name });
    const at = clock.monotonic();
    if (at - (failureLoggedAt.get(name) ?? -Infinity) < FAILURE_LOG_MS) return;
    failureLoggedAt.set(name, at);
    logger.error({ rule: name, err: error }, "rule failed while running; it counts as not matched");
  };

  /** Decides one match and counts how it ended, unless it passed: then whoever renders it does. */
  const decide = (match: Match, arrival: Arrival, told: readonly string[]): PassedMatch | StatementVerdict => {
    const { rule, seen, group } = match;
    const receivers = told.length === 0 ? rule.receivers : rule.receivers.filter((name) => !told.includes(name));
    const covered = receivers.length === 0;
    metrics.matches.inc({ rule: rule.name });
    const decision = throttle.decide(rule, group, seen, arrival, covered);
    if (decision.kind === "suppressed") {
      metrics.matchOutcomes.inc({ rule: rule.name, outcome: "suppressed" });
      metrics.suppressed.inc({ rule: rule.name, why: decision.why });
      return verdictOf(rule, "suppressed", NOBODY, decision.why);
    }
    if (covered) {
      metrics.matchOutcomes.inc({ rule: rule.name, outcome: "covered" });
      return verdictOf(rule, "covered", NOBODY);
    }
    if (decision.kind === "flooded") {
      metrics.matchOutcomes.inc({ rule: rule.name, outcome: "digested" });
      digests.add(rule, group, seen);
      return verdictOf(rule, "notified", rule.receivers);
    }
    return { match, receivers, held: decision.held };
  };

  const evaluateHeld = (
    positions: readonly number[],
    seen: SeenEvent,
    now: number,
    meta: ObjectMeta | null,
  ): Evaluation => {
    const arrival = { wall: now, monotonic: clock.monotonic() };
    const passed: PassedMatch[] = [];
    const verdicts: StatementVerdict[] = [];
    const told: string[] = [];
    let outcome: Evaluation["outcome"] = "dropped";
    for (const position of positions) {
      const statement = statements[position];
      if (!statement) continue;
      if (statement.kind === "drop") {
        verdicts.push(verdictOf(statement, "dropped", NOBODY));
        continue;
      }
      outcome = "matched";
      const group = groupings[position]?.groupOf(seen.event, now, meta) ?? "";
      const decided = decide({ rule: statement, seen, group }, arrival, told);
      if ("match" in decided) {
        passed.push(decided);
        told.push(...decided.receivers);
        verdicts.push(verdictOf(statement, "notified", decided.receivers));
      } else verdicts.push(decided);
    }
    return { outcome, passed, verdicts };
  };

  return {
    use(ruleSet) {
      ({ statements } = ruleSet);
      matcher = compileRuleSet(ruleSet, reportFailure);
      groupings = statements.map((statement) => (statement.kind === "rule" ? compileGrouping(statement.by) : null));
      const rules = statements.filter((statement): statement is Rule => statement.kind === "rule");
      throttle.keepOnly(new Set(rules.map((rule) => rule.key)));
      failureLoggedAt.clear();
    },
    evaluate(seen, meta, everyStatement = false) {
      const now = clock.now();
      const positions = matcher.match(seen.event, now, meta);
      if (positions === "needs-meta") return "needs-meta";
      if (!meta && positions.some((position) => groupings[position]?.needsMeta)) return "needs-meta";
      const evaluation = positions.length === 0 ? UNMATCHED : evaluateHeld(positions, seen, now, meta);
      return everyStatement
        ? { ...evaluation, verdicts: withUnmatched(statements, positions, evaluation) }
        : evaluation;
    },
    floods: (everything) => digests.due(everything),
    changed: () => throttle.changed(),
    removed: () => throttle.removed(),
    restore: (states) => throttle.restore(states),
  };
}

function verdictOf(
  { name, line }: Statement,
  verdict: StatementVerdict["verdict"],
  receivers: readonly string[],
  why: StatementVerdict["why"] = null,
): StatementVerdict {
  return { statement: name, line, matched: verdict !== "unmatched", verdict, why, receivers };
}

function withUnmatched(
  statements: readonly Statement[],
  positions: readonly number[],
  { verdicts }: Evaluation,
): readonly StatementVerdict[] {
  const last = statements[positions.at(-1) ?? -1];
  const ended = last && (last.kind === "drop" || last.stop);
  const met = ended ? statements.slice(0, (positions.at(-1) ?? 0) + 1) : statements;
  const held = new Map(positions.map((position, i) => [position, verdicts[i]]));
  return met.map((statement, position) => held.get(position) ?? verdictOf(statement, "unmatched", NOBODY));
}
