import type { Alert, DigestLine } from "../model/alert.ts";
import type { Fact, Message } from "../model/message.ts";
import { cleanText, cutText, oneLine } from "./escape.ts";
import type { LocalTime } from "./local-time.ts";
import type { Texts } from "./texts.ts";
import { type AlertView, type LayoutAlert, objectOf, viewAlert } from "./view.ts";

export interface Words {
  readonly texts: Texts;
  readonly localTime: LocalTime;
}

/** An alert in words. `maxLead` bounds the lead and each line, in characters: every text that grows with an Event. */
type Wording = (maxLead: number) => Message;

const MAX_TITLE_LENGTH = 120;
const MAX_SUMMARY_LENGTH = 1000;
/** A line of a digest: enough to tell one from another. */
const MAX_LINE_LENGTH = 240;
/** However little room there is, a line says which group it is about. */
const MIN_LINE_LENGTH = 40;
/** A detail of a notice. */
const MAX_VALUE_LENGTH = 256;

/** The words for `receiver`, made of the alert once and of the length of its texts at each call. */
export function wordAlert(alert: Alert, receiver: string, words: Words): Wording {
  switch (alert.kind) {
    case "event":
    case "resolved":
    case "absent":
      return wordOccurrence(alert, words);
    case "digest":
      return wordDigest(alert, words);
    case "notice":
      return wordNotice(alert, words.texts);
    case "test": {
      const { test, testTitle } = words.texts;
      return sentence(alert, testTitle, test(receiver));
    }
    case "ready":
      return wordReady(alert);
  }
}

function wordOccurrence(alert: LayoutAlert, words: Words): Wording {
  const { texts } = words;
  const view = viewAlert(alert);
  const what = view.reason === "" ? view.kind : view.reason;
  if (alert.kind === "absent") {
    const lead = texts.absent(durationText(alert.forMs));
    const title = titleOf(alert, texts.absentTitle(view.rule));
    const group = alert.group.map(([label, value]) => fact(label, value));
    const facts = alert.last === null ? group : [...group, fact(texts.lastSeen, words.localTime.full(view.lastSeen))];
    return () => ({ ...messageOf(alert, texts), title, facts: present(facts), lead, summary: summaryOf(title, lead) });
  }
  const title = titleOf(alert, alert.kind === "resolved" ? texts.resolvedTitle(what) : what);
  const lasted = alert.kind === "resolved" ? durationText(alert.lastedMs) : "";
  const held = heldText(view, words);
  const facts = present([...factsOf(view, held, words), fact(texts.lasted, lasted)]);
  const tail = held === "" ? "" : ` (${held})`;
  const about = `${view.type} ${view.kind} ${objectOf(view)}${tail}: ${view.message}`;
  const summary = summaryOf(title, about);
  return (maxLead) => ({
    ...messageOf(alert, texts),
    title,
    facts,
    lead: cutText(view.message, maxLead),
    leadLabel: texts.message,
    summary,
  });
}

function factsOf(view: AlertView, held: string, { texts, localTime }: Words): readonly Fact[] {
  const count = held === "" ? String(view.count) : `${view.count} (${held})`;
  return [
    fact(texts.type, view.type),
    fact(texts.kind, view.kind),
    fact(texts.object, view.name),
    fact(texts.namespace, view.namespace),
    fact(texts.node, view.host),
    fact(texts.reason, view.reason),
    fact(texts.time, localTime.full(view.lastSeen)),
    fact(texts.count, view.count > 1 || held !== "" ? count : ""),
  ];
}

/** What was held back before; empty when nothing was. */
function heldText({ held, lastSeen }: AlertView, { texts, localTime }: Words): string {
  return held === null ? "" : texts.held(held.count, localTime.short(held.since, lastSeen));
}

function wordDigest(alert: Extract<Alert, { kind: "digest" }>, { texts, localTime }: Words): Wording {
  const { lines, more } = alert;
  const groups = lines.length + more.groups;
  const occurrences = lines.reduce((sum, line) => sum + line.occurrences, more.occurrences);
  const { title: titleText, lead: leadText } = texts.digests[alert.why];
  const title = titleOf(alert, titleText(groups));
  const from = localTime.short(alert.from, alert.to);
  const lead = leadText({ groups, occurrences, from, to: localTime.short(alert.to, alert.to) });
  const severalRules = new Set(lines.map((line) => line.rule)).size > 1;
  const full = lines.map((line) => lineText(line, severalRules, texts));
  const rest = more.groups === 0 ? [] : [texts.more(more.groups, more.occurrences)];
  const summary = summaryOf(title, [...full, ...rest].join(", "));
  return (maxLead) => {
    const length = Math.min(MAX_LINE_LENGTH, Math.max(MIN_LINE_LENGTH, maxLead));
    return {
      ...messageOf(alert, texts),
      title,
      lead,
      lines: [...full.map((line) => cutText(line, length)), ...rest],
      summary,
    };
  };
}

function lineText(line: DigestLine, withRule: boolean, texts: Texts): string {
  const about = [
    withRule ? `${line.rule}:` : "",
    line.label,
    line.occurrences > 1 ? texts.times(line.occurrences) : "",
    line.unsure ? `(${texts.unsure})` : "",
  ].filter((part) => part !== "");
  const newest = line.newest === "" ? "" : `: ${line.newest.slice(0, MAX_LINE_LENGTH * 2)}`;
  return oneLine(cleanText(`${about.join(" ")}${newest}`));
}

function wordNotice(alert: Extract<Alert, { kind: "notice" }>, texts: Texts): Wording {
  const { cause, details } = alert;
  const known = Object.hasOwn(texts.notices, cause) ? texts.notices[cause] : undefined;
  const worded = sentence(alert, texts.noticeTitle, known ?? texts.notice(cause));
  const facts = present(Object.entries(details).map(([label, value]) => fact(label, value)));
  return (maxLead) => ({ ...worded(maxLead), facts });
}

/** Of version 0.1 nothing is left but one line. */
function wordReady(alert: Extract<Alert, { kind: "ready" }>): Wording {
  const summary = cutText(oneLine(cleanText(alert.summary)), MAX_SUMMARY_LENGTH);
  const title = titleOf(alert, alert.rule?.name ?? alert.severity);
  return (maxLead) => ({ ...EMPTY, severity: alert.severity, title, lead: cutText(summary, maxLead), summary });
}

function sentence(alert: Alert, what: string, lead: string): Wording {
  const title = titleOf(alert, what);
  return () => ({ ...EMPTY, severity: alert.severity, title, lead, summary: summaryOf(title, lead) });
}

const EMPTY = {
  resolved: false,
  facts: [],
  leadLabel: "",
  lines: [],
  hints: [],
  commands: [],
  mentions: [],
  links: [],
  rule: null,
} as const satisfies Partial<Message>;

function messageOf(alert: Alert, texts: Texts): Omit<Message, "title" | "lead" | "summary"> {
  return {
    ...EMPTY,
    severity: alert.severity,
    resolved: alert.kind === "resolved",
    rule: alert.rule === null ? null : fact(texts.rule, alert.rule.name),
  };
}

/** `<cluster> · <what>` */
function titleOf(alert: Alert, what: string): string {
  return cutText(oneLine(cleanText(`${alert.cluster} · ${what}`)), MAX_TITLE_LENGTH);
}

function summaryOf(title: string, text: string): string {
  return cutText(oneLine(`${title}: ${text}`), MAX_SUMMARY_LENGTH);
}

function fact(label: string, value: string): Fact {
  return { label, value: cutText(cleanText(value), MAX_VALUE_LENGTH) };
}

function present(facts: readonly Fact[]): readonly Fact[] {
  return facts.filter(({ value }) => value !== "");
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
] as const;

/** `2d 3h`, `5m`, `12s`: the two largest units, as rules write them. */
export function durationText(ms: number): string {
  const parts: string[] = [];
  let rest = Math.max(0, Math.round(ms / 1000) * 1000);
  for (const [unit, length] of UNITS) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) parts.push(`${count}${unit}`);
    else if (parts.length > 0) break;
  }
  return parts.slice(0, 2).join(" ") || "0s";
}
