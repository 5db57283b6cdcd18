import { Engine, type NestedCondition } from "json-rules-engine";
import { createEvaluator } from "../../src/decide/evaluate.ts";
import { compileRuleSet } from "../../src/decide/match.ts";
import { fieldText, numberReader, textReader } from "../../src/language/fields.ts";
import type { Event } from "../../src/model/event.ts";
import type { Comparison, Condition, FieldRef, Rule } from "../../src/model/rule.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import { createRedactor } from "../../src/runtime/secret.ts";
import { NOON, seenOnce } from "../support/events.ts";
import { median, tableRow } from "./figures.ts";
import { teamEvents, teamRules } from "./teams.ts";

/** One engine at one number of rules. The general engines only match, so `kubewhen` is the line beside theirs. */
export interface MatchBenchRow {
  readonly engine:
    | "kubewhen"
    | "kubewhen, texts seen before"
    | "kubewhen, match to verdict"
    | "json-rules-engine"
    | "cel-js";
  readonly rules: number;
  readonly nsPerEvent: number;
  /** How many Events were timed: slow engines get fewer. */
  readonly events: number;
}

/** As much of cel-js as is used here: its own types name a file that is not in its package. */
interface CelJs {
  readonly parse: (text: string) => { isSuccess: true; cst: unknown } | { isSuccess: false; errors: readonly string[] };
  readonly evaluate: (cst: unknown, facts: object, functions: object) => unknown;
}

/** What an engine makes of an Event: positions of the rules that hold, ascending. */
type Judge = (event: Event) => readonly number[];
type SlowJudge = (event: Event) => readonly number[] | Promise<readonly number[]>;

const SIZES: readonly number[] = [10, 100, 1_000, 10_000];
const EVENTS = 10_000;
/** For ours, the median of so many rounds over all Events. */
const ROUNDS = 15;
/** Events are judged as they come: so many in one read of a watch. */
const READ_EVENTS = 32;
/** An opponent is timed for this long at each size, and for two Events at least. */
const OPPONENT_MS = 3_000;

function kubewhen(rules: readonly Rule[]): Judge {
  const matcher = compileRuleSet({ statements: rules }, (_statement, error) => {
    throw error;
  });
  return (event) => {
    const held = matcher.match(event, NOON, null);
    if (held === "needs-meta") throw new Error("no rule here has labels");
    return held.holding;
  };
}

/** Conjunctions of `in`, `=~` and `>=` are all the bench's rules are made of. */
function comparisonsOf(condition: Condition): readonly Comparison[] {
  if (condition.kind === "comparison") return [condition];
  if (condition.kind === "and") return condition.parts.flatMap((part) => comparisonsOf(part));
  throw new Error("the bench has conjunctions only");
}

/** `namespace` and `type` mean something else in CEL. */
function factName(ref: FieldRef): string {
  return `event_${fieldText(ref)}`;
}

function factsOf(event: Event): Record<string, string | number> {
  const facts: Record<string, string | number> = {};
  for (const ref of FACTS) {
    facts[factName(ref)] = ref.kind === "text" ? textReader(ref)(event) : numberReader(ref)(event, NOON);
  }
  return facts;
}

const FACTS: readonly Extract<FieldRef, { kind: "text" | "number" }>[] = [
  { kind: "text", name: "type" },
  { kind: "text", name: "kind" },
  { kind: "text", name: "reason" },
  { kind: "text", name: "namespace" },
  { kind: "text", name: "message" },
  { kind: "number", name: "count" },
];

function compiledOnce(): (text: string, pattern: string) => boolean {
  const known = new Map<string, RegExp>();
  return (text, pattern) => {
    const regex = known.get(pattern) ?? new RegExp(pattern, "u");
    known.set(pattern, regex);
    return regex.test(text);
  };
}

function jsonRulesEngine(rules: readonly Rule[]): SlowJudge {
  const engine = new Engine();
  engine.addOperator("matches", compiledOnce());
  for (const [i, { condition }] of rules.entries()) {
    const all = comparisonsOf(condition).map(({ field, test }): NestedCondition => {
      const fact = factName(field);
      if (test.op === "matches") return { fact, operator: "matches", value: test.pattern };
      if (test.op === ">=") return { fact, operator: "greaterThanInclusive", value: test.value };
      if (test.op !== "in") throw new Error(`the bench does not translate ${test.op}`);
      if (test.values.length > 1) return { fact, operator: "in", value: [...test.values] };
      return { fact, operator: "equal", value: test.values[0] };
    });
    engine.addRule({ conditions: { all }, event: { type: String(i) } });
  }
  return async (event) => {
    const { events } = await engine.run(factsOf(event));
    return events.map(({ type }) => Number(type)).toSorted((a, b) => a - b);
  };
}

async function loadCelJs(): Promise<CelJs> {
  return (await import(import.meta.resolve("cel-js"))) as CelJs;
}

function celJs({ parse, evaluate }: CelJs, rules: readonly Rule[]): Judge {
  const functions = { matches: compiledOnce() };
  const parsed = rules.map(({ condition }) => {
    const text = comparisonsOf(condition).map(({ field, test }) => {
      const name = factName(field);
      if (test.op === "matches") return `matches(${name}, ${JSON.stringify(test.pattern)})`;
      if (test.op === ">=") return `${name} >= ${test.value}`;
      if (test.op !== "in") throw new Error(`the bench does not translate ${test.op}`);
      return test.values.length > 1
        ? `${name} in ${JSON.stringify(test.values)}`
        : `${name} == ${JSON.stringify(test.values[0])}`;
    });
    const result = parse(text.join(" && "));
    if (!result.isSuccess) throw new Error(result.errors.join());
    return result.cst;
  });
  return (event) => {
    const facts = factsOf(event);
    return parsed.flatMap((cst, i) => (evaluate(cst, facts, functions) === true ? [i] : []));
  };
}

/** The same rules as an author would write them, each with a throttle: from the Event to its verdicts, counters and all. */
function judgeOf(rules: readonly Rule[]): (event: Event) => unknown {
  const throttled = rules.map((rule): Rule => ({ ...rule, throttle: { notifications: 1, windowMs: 3_600_000 } }));
  const logger = createLogger(createRedactor(), "silent");
  const metrics = createMetrics();
  const evaluator = createEvaluator({ clock: systemClock, lasting: systemClock, maxGroups: 16_384, metrics, logger });
  evaluator.use({ statements: throttled });
  return (event) => evaluator.evaluate(seenOnce(event), null);
}

/** As they come off the wire: nobody has hashed their texts yet. */
function fresh(events: readonly Event[]): readonly Event[] {
  return JSON.parse(JSON.stringify(events)) as readonly Event[];
}

/** `again`: the texts have been looked up before, which parsed ones never have. */
function nsPerEventOf(judge: (event: Event) => unknown, events: readonly Event[], again = false): number {
  const reads = Array.from({ length: Math.ceil(events.length / READ_EVENTS) }, (_, i) =>
    events.slice(i * READ_EVENTS, (i + 1) * READ_EVENTS),
  );
  const rounds = Array.from({ length: ROUNDS }, () => {
    let spent = 0n;
    for (const read of reads) {
      const arrived = again ? read : fresh(read);
      const start = process.hrtime.bigint();
      for (const event of arrived) judge(event);
      spent += process.hrtime.bigint() - start;
    }
    return Number(spent) / events.length;
  });
  return median(rounds);
}

/** Times an opponent on as many Events as fit, and holds its answers against ours. */
async function timeOpponent(
  judge: SlowJudge,
  ours: Judge,
  events: readonly Event[],
): Promise<{ nsPerEvent: number; events: number }> {
  let spent = 0n;
  let timed = 0;
  for (const event of fresh(events)) {
    const start = process.hrtime.bigint();
    const answer = await judge(event);
    spent += process.hrtime.bigint() - start;
    timed += 1;
    const expected = ours(event);
    if (answer.join() !== expected.join()) {
      throw new Error(`engines disagree on ${JSON.stringify(event)}: ${answer.join()} and ${expected.join()}`);
    }
    if (timed >= 2 && spent > BigInt(OPPONENT_MS) * 1_000_000n) break;
  }
  return { nsPerEvent: Number(spent) / timed, events: timed };
}

/**
 * Times matching alone, at 10 to 10,000 rules, in one process beside two general rule engines. Throws when the
 * engines do not agree on which rules hold.
 */
export async function benchMatch(sizes: readonly number[] = SIZES): Promise<readonly MatchBenchRow[]> {
  const rows: MatchBenchRow[] = [];
  // Ours first at every size: the opponents leave the heap in a state of its own.
  for (const rules of sizes) {
    const events = teamEvents(rules, EVENTS);
    const written = teamRules(rules);
    const match = kubewhen(written);
    const ours = { rules, events: EVENTS };
    rows.push({ engine: "kubewhen", nsPerEvent: nsPerEventOf(match, events), ...ours });
    rows.push({ engine: "kubewhen, texts seen before", nsPerEvent: nsPerEventOf(match, events, true), ...ours });
    rows.push({ engine: "kubewhen, match to verdict", nsPerEvent: nsPerEventOf(judgeOf(written), events), ...ours });
  }
  const cel = await loadCelJs();
  for (const rules of sizes) {
    const written = teamRules(rules);
    const ours = kubewhen(written);
    const events = teamEvents(rules, EVENTS);
    rows.push({ engine: "json-rules-engine", rules, ...(await timeOpponent(jsonRulesEngine(written), ours, events)) });
    rows.push({ engine: "cel-js", rules, ...(await timeOpponent(celJs(cel, written), ours, events)) });
  }
  return rows;
}

/** ns per Event, a line per engine and a column per number of rules. */
export function matchTable(rows: readonly MatchBenchRow[]): string {
  const sizes = [...new Set(rows.map(({ rules }) => rules))];
  const engines = [...new Set(rows.map(({ engine }) => engine))];
  const cellsOf = (engine: string): readonly string[] =>
    sizes.map((size) => {
      const found = rows.find((one) => one.engine === engine && one.rules === size);
      return found ? Math.round(found.nsPerEvent).toLocaleString("en") : "-";
    });
  return [
    tableRow(
      "ns per Event",
      sizes.map((size) => `${size.toLocaleString("en")} rules`),
    ),
    ...engines.map((engine) => tableRow(engine, cellsOf(engine))),
  ].join("\n");
}

if (import.meta.main) {
  const rows = await benchMatch();
  console.log(matchTable(rows));
  console.log(JSON.stringify(rows));
}
