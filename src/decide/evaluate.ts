import type { AddressedAlert } from "../model/alert.ts";
import type { Looked, ObjectMeta, SeenEvent } from "../model/event.ts";
import type { Held, Match, StatementVerdict, SuppressedWhy } from "../model/match.ts";
import type { Rule, RuleSet, Statement } from "../model/rule.ts";
import type { AgendaEntry, GroupState, StateChanges } from "../model/state.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Metrics } from "../runtime/metrics.ts";
import type { Answer, Moment } from "./clauses/clause.ts";
import { askHistory } from "./clauses/history.ts";
import { askThreshold, countAfresh, countOccurrences } from "./clauses/threshold.ts";
import { askThrottle, takeHeld } from "./clauses/throttle.ts";
import { eventAlert, ruleInAlerts, type RuleInAlerts } from "./event-alert.ts";
import { createFloods } from "./flood.ts";
import { compileGrouping, type Grouping } from "./group.ts";
import { createGroups } from "./groups.ts";
import { compileRuleSet, metaOf, type Matcher, type Met } from "./match.ts";
import { needsSlots, startSlots, type Slots } from "./slots.ts";
import { verdictOf, withUnmatched } from "./verdict.ts";

/** What a rule set makes of one Event. */
export interface Evaluation {
  /** `matched` also when a drop further down ended what a rule above had matched. */
  readonly outcome: "unmatched" | "dropped" | "matched";
  /** In the order of the rules, digests first that had to make room. Of the Event, nobody is told twice. */
  readonly alerts: readonly AddressedAlert[];
  /** Statements that hold; with `everyStatement` all that were met, in order. */
  readonly verdicts: readonly StatementVerdict[];
  /**
   * Statements that ask for labels or annotations which could not be looked up: a condition that turns on them counted
   * as not holding, and a group by them took the empty text.
   */
  readonly unknown: readonly Statement[];
}

export interface EvaluatorOptions {
  readonly clock: Pick<Clock, "now" | "monotonic">;
  /** Milliseconds that only go forward, over restarts too: for windows and what falls due. */
  readonly lasting: Pick<Clock, "now">;
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
   * `needs-meta`: a label or annotation decides and `looked` is null. Nothing was counted; ask again with it.
   */
  evaluate(seen: SeenEvent, looked: Looked | null, everyStatement?: boolean): Evaluation | "needs-meta";
  /** What has fallen due by time, each once; all that is open with `everything`. */
  due(everything?: boolean): readonly AddressedAlert[];
  /** State that changed since the last call, for the checkpoint. */
  changes(): StateChanges;
  /**
   * Takes back what `changes` gave, with the rules in force: groups of others are forgotten. What cannot be read is
   * forgotten and logged.
   */
  restore(state: { readonly groups: Iterable<GroupState>; readonly agenda: Iterable<AgendaEntry> }): void;
}

/**
 * The clauses of a rule in the order in which they may keep a match quiet: the first that says no is the verdict's
 * `why` (language of rules, section 7). `fire` is no clause: what stands behind it decides only who is told.
 */
const CLAUSES: readonly ((slots: Slots, match: Match, now: Moment) => Answer)[] = [
  (_slots, match) => askHistory(match),
  ({ threshold }) => (threshold ? askThreshold(threshold) : "pass"),
  fire,
  ({ throttle }, match, now) => (throttle ? askThrottle(throttle, match, now) : "pass"),
];

/** Takes a match into the slots that count every match, whatever the clauses say of it. */
function count({ threshold }: Slots, match: Match, now: Moment): void {
  if (threshold) countOccurrences(threshold, match, now);
}

function fire({ threshold }: Slots): Answer {
  if (threshold) countAfresh(threshold);
  return "pass";
}

function ask(slots: Slots, match: Match, now: Moment): Answer {
  count(slots, match, now);
  for (const clause of CLAUSES) {
    const answer = clause(slots, match, now);
    if (answer !== "pass") return answer;
  }
  return "pass";
}

/** A rule of the set in force, with what is made of it once. */
interface CompiledRule extends RuleInAlerts {
  readonly grouping: Grouping;
  /** Whether its groups need a record of their own. */
  readonly keepsGroups: boolean;
  /** What stands for the record of every group where none is needed. */
  readonly emptySlots: Slots;
}

/** What stands beside the Event. */
interface About {
  readonly now: Moment;
  readonly meta: ObjectMeta | null;
}

/** What the clauses and the table of groups say of one match. */
type Decision =
  | { readonly kind: "passed"; readonly held: Held | null }
  | { readonly kind: "quiet"; readonly why: SuppressedWhy }
  /** The table of groups is full and the rule floods it. */
  | { readonly kind: "flooded" };

/** A match that passed every reason to stay quiet. */
interface Passed {
  readonly compiled: CompiledRule;
  readonly match: Match;
  readonly held: Held | null;
  readonly receivers: readonly string[];
}

/** What the matches of one Event have come to so far. */
interface Findings {
  readonly verdicts: StatementVerdict[];
  readonly passed: Passed[];
  /** Receivers of those that passed. */
  readonly told: string[];
  /** Digests that had to make room. */
  readonly alerts: AddressedAlert[];
}

const UNMATCHED: Evaluation = { outcome: "unmatched", alerts: [], verdicts: [], unknown: [] };
const FLOODED: Decision = { kind: "flooded" };
const FAILURE_LOG_MS = 60_000;

/** The engine's judge: rule set × Event → who is to be told, and why everybody else is not. Starts without rules. */
export function createEvaluator({ clock, lasting, maxGroups, metrics, logger }: EvaluatorOptions): Evaluator {
  const groups = createGroups({ maxGroups, metrics });
  const floods = createFloods();
  const failureLoggedAt = new Map<string, number>();
  let statements: readonly Statement[] = [];
  /** By position; null for a drop. */
  let rules: readonly (CompiledRule | null)[] = [];
  /** Whether any rule makes groups by labels: most sets have none, and each Event asks. */
  let groupsByMeta = false;
  let matcher: Matcher = { match: () => ({ holding: [], unknown: [] }) };

  const currentMoment = (): Moment => ({ wall: clock.now(), lasting: lasting.now() });

  const reportFailure = ({ name }: Statement, error: unknown): void => {
    metrics.ruleFailures.inc({ rule: name });
    const at = clock.monotonic();
    if (at - (failureLoggedAt.get(name) ?? -Infinity) < FAILURE_LOG_MS) return;
    failureLoggedAt.set(name, at);
    logger.error({ rule: name, err: error }, "rule failed while running; it counts as not matched");
  };

  /** `covered`: nobody is left to tell, so what was held back before stays for a notification that does go out. */
  const decide = (compiled: CompiledRule, match: Match, now: Moment, covered: boolean): Decision => {
    const group = compiled.keepsGroups ? groups.take(compiled.rule, match.group) : null;
    const slots = group ? group.slots : compiled.emptySlots;
    const answer = ask(slots, match, now);
    const held = answer === "pass" && !covered && slots.throttle ? takeHeld(slots.throttle) : null;
    // History only warms windows up: it pushes no group out.
    if (group && match.seen.history) groups.keepIfRoom(group, now.lasting);
    else if (group && !groups.keep(group, now.lasting)) return FLOODED;
    return answer === "pass" ? { kind: "passed", held } : { kind: "quiet", why: answer };
  };

  /** Decides one match, counts how it ended, and puts that into the findings. */
  const judge = (compiled: CompiledRule, match: Match, { now, meta }: About, findings: Findings): void => {
    const { rule } = compiled;
    const { told, verdicts } = findings;
    const receivers = told.length === 0 ? rule.receivers : rule.receivers.filter((name) => !told.includes(name));
    const covered = receivers.length === 0;
    metrics.matches.inc({ rule: rule.name });
    const decision = decide(compiled, match, now, covered);
    if (decision.kind === "quiet") {
      metrics.matchOutcomes.inc({ rule: rule.name, outcome: "suppressed" });
      metrics.suppressed.inc({ rule: rule.name, why: decision.why });
      verdicts.push(verdictOf(rule, "suppressed", decision.why));
    } else if (covered) {
      metrics.matchOutcomes.inc({ rule: rule.name, outcome: "covered" });
      verdicts.push(verdictOf(rule, "covered"));
    } else if (decision.kind === "flooded") {
      metrics.matchOutcomes.inc({ rule: rule.name, outcome: "digested" });
      verdicts.push(verdictOf(rule, "notified", null, receivers));
      const early = floods.add({ match, alertRule: compiled.alertRule, receivers, meta }, now);
      if (early) findings.alerts.push(early);
    } else {
      metrics.matchOutcomes.inc({ rule: rule.name, outcome: "rendered" });
      verdicts.push(verdictOf(rule, "notified", null, receivers));
      findings.passed.push({ compiled, match, held: decision.held, receivers });
      told.push(...receivers);
    }
  };

  const evaluateMatches = (seen: SeenEvent, holding: readonly number[], about: About): Evaluation => {
    const findings: Findings = { verdicts: [], passed: [], told: [], alerts: [] };
    const { verdicts, passed, alerts } = findings;
    let outcome: Evaluation["outcome"] = "dropped";
    for (const position of holding) {
      const statement = statements[position];
      const compiled = rules[position];
      if (compiled) {
        outcome = "matched";
        const group = compiled.grouping.groupOf(seen.event, about.now.wall, about.meta);
        judge(compiled, { rule: compiled.rule, seen, group }, about, findings);
      } else if (statement) verdicts.push(verdictOf(statement, "dropped"));
    }
    // An alert names what other statements made of the Event, those below its own rule too.
    for (const { compiled, match, held, receivers } of passed) {
      alerts.push({ alert: eventAlert(compiled, match, held, verdicts, about.now.wall, about.meta), receivers });
    }
    return { outcome, alerts, verdicts, unknown: [] };
  };

  /** Statements that asked for labels nobody can see. */
  const blindOf = ({ holding, unknown }: Met): readonly Statement[] =>
    [...unknown, ...holding.filter((position) => rules[position]?.grouping.needsMeta)]
      .toSorted((a, b) => a - b)
      .flatMap((position) => statements[position] ?? []);

  return {
    use(ruleSet) {
      ({ statements } = ruleSet);
      matcher = compileRuleSet(ruleSet, reportFailure);
      rules = statements.map((statement) => (statement.kind === "rule" ? compileRule(statement) : null));
      groupsByMeta = rules.some((compiled) => compiled?.grouping.needsMeta);
      groups.keepOnly(new Set(rules.flatMap((compiled) => compiled?.rule.key ?? [])));
      failureLoggedAt.clear();
    },
    evaluate(seen, looked, everyStatement = false) {
      const wall = clock.now();
      const met = matcher.match(seen.event, wall, looked);
      if (met === "needs-meta") return "needs-meta";
      const { holding, unknown } = met;
      const needsMeta = groupsByMeta && holding.some((position) => rules[position]?.grouping.needsMeta);
      if (needsMeta && !looked) return "needs-meta";
      if (holding.length === 0 && unknown.length === 0 && !everyStatement) return UNMATCHED;
      const meta = metaOf(looked);
      const evaluation =
        holding.length === 0
          ? UNMATCHED
          : evaluateMatches(seen, holding, { now: { wall, lasting: lasting.now() }, meta });
      const isBlind = looked !== null && meta === null;
      if (!everyStatement && !isBlind) return evaluation;
      return {
        ...evaluation,
        verdicts: everyStatement ? withUnmatched(statements, holding, evaluation.verdicts) : evaluation.verdicts,
        unknown: isBlind ? blindOf(met) : evaluation.unknown,
      };
    },
    due: (everything) => floods.due(currentMoment(), everything),
    changes: () => ({
      groups: groups.changed(lasting.now()),
      removedGroups: groups.removed(),
      agenda: floods.changed(),
      removedAgenda: floods.removed(),
    }),
    restore(state) {
      const now = currentMoment();
      const byKey = new Map(rules.flatMap((compiled) => (compiled ? [[compiled.rule.key, compiled.rule]] : [])));
      let unreadable = 0;
      for (const group of state.groups) {
        if (!groups.restore(group, byKey.get(group.ruleKey) ?? null, now.lasting)) unreadable += 1;
      }
      for (const entry of state.agenda) if (!floods.restore(entry, now)) unreadable += 1;
      if (unreadable > 0) logger.error({ unreadable }, "saved state that cannot be read is forgotten");
    },
  };
}

function compileRule(rule: Rule): CompiledRule {
  return {
    ...ruleInAlerts(rule),
    grouping: compileGrouping(rule.by),
    keepsGroups: needsSlots(rule),
    emptySlots: startSlots(rule),
  };
}
