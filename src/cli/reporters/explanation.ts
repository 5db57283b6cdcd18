import { styleText } from "node:util";
import type { Rule, Statement } from "../../model/rule.ts";
import { fieldText } from "../../language/fields.ts";
import { visible } from "../display-width.ts";
import type { ExplainedStatement, Explanation, Traced } from "../explanation.ts";

/** One line of JSON: a stable interface, described in `grammar/README.md`. */
export function explanationJson({ event, verdict, receivers, statements }: Explanation): string {
  const { kind, name } = event.involvedObject;
  return `${JSON.stringify({
    event: { uid: event.eventUid, reason: event.reason, kind, namespace: event.namespace, name },
    verdict,
    receivers,
    statements: statements.map(({ verdict: one }) => ({
      rule: one.statement,
      line: one.line,
      matched: one.matched,
      verdict: one.verdict,
      why: one.why,
      receivers: one.receivers,
    })),
  })}\n`;
}

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

/** Values longer than this are cut: a message may be a stack trace. */
const MAX_VALUE = 100;

const VERDICT_STYLES: Readonly<Record<Explanation["verdict"], Style>> = {
  notified: ["green", "bold"],
  covered: ["green"],
  suppressed: ["yellow", "bold"],
  silenced: ["yellow", "bold"],
  dropped: ["red", "bold"],
  unmatched: ["dim"],
  replayed: ["dim"],
};

/** For people: the Event and its end, then each statement it met with every comparison and the actual value. */
export function explanationPretty(explanation: Explanation, colours: boolean): string {
  const paint: Paint = (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text);
  const { event, verdict, receivers, statements, occurrences } = explanation;
  const { kind, name } = event.involvedObject;
  const where = event.namespace === "" ? name : `${event.namespace}/${name}`;
  const end = receivers.length > 0 ? `${verdict} ${receivers.join(", ")}` : verdict;
  const what = visible(`${event.type} ${event.reason} on ${kind} ${where}`);
  const head = `${timeText(event.lastSeenAt)}  ${paint("bold", what)}  ${paint(VERDICT_STYLES[verdict], end)}`;
  if (verdict === "replayed") return `${head}\n  its count is still ${event.count}: nothing new has happened\n\n`;
  const since = occurrences?.closed === true ? "in all" : "since it was last seen";
  const news = occurrences && occurrences.count > 1 ? [`  ${occurrences.count} occurrences ${since}`] : [];
  return `${[head, ...news, ...statements.map((one) => statementText(one, paint))].join("\n")}\n\n`;
}

function statementText({ statement, verdict, condition, held }: ExplainedStatement, paint: Paint): string {
  const place = statement.name.includes(":")
    ? statement.name
    : `${statement.name} (${statement.file}:${statement.line})`;
  const lines = [`  ${paint("bold", place)}  ${paint(VERDICT_STYLES[verdict.verdict], endText(statement, verdict))}`];
  const parts = condition.kind === "and" ? condition.parts : [condition];
  lines.push(...parts.flatMap((part) => tracedLines(part, "    ", paint)));
  if (verdict.matched && statement.kind === "rule") lines.push(...rateLines(statement));
  if (held) lines.push(`    · tells of ${held.count} held back since ${timeText(held.since)}`);
  return lines.join("\n");
}

function endText(statement: Statement, { verdict, why, receivers }: ExplainedStatement["verdict"]): string {
  switch (verdict) {
    case "notified":
      return `notified ${receivers.join(", ")}`;
    case "covered":
      return "covered: an earlier rule has told its receivers";
    case "suppressed":
      if (why === "throttle") return "suppressed: the throttle holds it back";
      return why === "threshold" ? "suppressed: the threshold is not reached" : "suppressed: history";
    case "dropped":
      return "dropped: ends here";
    case "unmatched":
    case "silenced":
      break;
  }
  return statement.kind === "drop" ? "not dropped" : verdict;
}

/** The two rates look alike and count different things, so they are spelled out. */
function rateLines({ threshold, throttle, by }: Rule): readonly string[] {
  if (!threshold && !throttle) return [];
  const lines: string[] = [];
  if (threshold) {
    lines.push(`    · at least ${counted(threshold.occurrences, "occurrence")} in ${durationText(threshold.windowMs)}`);
  }
  if (throttle) {
    const most = counted(throttle.notifications, "notification");
    lines.push(`    · at most ${most} in any ${durationText(throttle.windowMs)}`);
  }
  const group =
    by.length === 0 ? "for all Events together" : `for each ${by.map((field) => fieldText(field)).join(", ")}`;
  return [...lines, `    · ${group}`];
}

function tracedLines(traced: Traced, indent: string, paint: Paint): readonly string[] {
  const mark = traced.holds ? paint("green", "✓") : paint("red", "✗");
  if (traced.kind === "comparison") {
    return [`${indent}${mark} ${visible(traced.text)}  ${paint("dim", valueText(traced.value))}`];
  }
  const title = { and: "all of", or: "one of", not: "not" }[traced.kind];
  return [`${indent}${mark} ${title}`, ...traced.parts.flatMap((part) => tracedLines(part, `${indent}  `, paint))];
}

function valueText(value: string): string {
  const characters = Array.from(value);
  const kept = characters.length > MAX_VALUE ? `${characters.slice(0, MAX_VALUE).join("")}…` : value;
  return value === "" ? "(empty)" : visible(kept);
}

function counted(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

function timeText(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

const UNITS: readonly (readonly [string, number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
];

/** As one writes it in a rule. */
function durationText(ms: number): string {
  const unit = UNITS.find(([, size]) => ms >= size && ms % size === 0);
  return unit ? `${ms / unit[1]}${unit[0]}` : `${ms}ms`;
}
