import { alertId } from "../model/alert-id.ts";
import type { AddressedAlert, AlertRule, DigestLine } from "../model/alert.ts";
import { groupLabel } from "../model/group-label.ts";
import type { ObjectMeta } from "../model/event.ts";
import { isObject } from "../model/json.ts";
import type { Match } from "../model/match.ts";
import type { Severity } from "../model/rule.ts";
import type { AgendaEntry } from "../model/state.ts";
import { createAgenda } from "./agenda.ts";
import type { Moment } from "./clauses/clause.ts";
import { clipText } from "./clip.ts";
import { groupValues, severityOf } from "./event-alert.ts";

/** A flood is told once a minute, however long it lasts: language of rules, section 6. */
const FLOOD_MS = 60_000;
/** Groups that get a line of their own: the first ones. */
const MAX_LINES = 5;
/** Of a group's values and of the newest message. */
const MAX_TEXT_LENGTH = 160;
/** Floods open at a time, of all rules; one more tells the oldest of them before its time. */
const MAX_FLOODS = 512;
/** Groups that are told apart: of one flood, of all together, and of each whatever the others take. */
const MAX_COUNTED = 4_096;
const MAX_COUNTED_IN_ALL = 16_384;
const MIN_COUNTED = 16;

/** A match that found no room in the table of groups, for those not told of its Event. */
interface FloodedMatch {
  readonly match: Match;
  readonly alertRule: AlertRule;
  readonly receivers: readonly string[];
  readonly meta: ObjectMeta | null;
}

export interface Floods {
  /** Answers what is to be told at once to make room for this one, if anything. */
  add(flooded: FloodedMatch, now: Moment): AddressedAlert | null;
  /** One digest for each flood that began a minute ago or longer, oldest first; for all floods with `everything`. */
  due(now: Moment, everything?: boolean): readonly AddressedAlert[];
  changed(): readonly AgendaEntry[];
  removed(): readonly string[];
  /** Takes back what `changed` gave, due when it was. False: it cannot be read and is forgotten. */
  restore(entry: AgendaEntry, now: Moment): boolean;
}

interface FloodLine extends Omit<DigestLine, "occurrences" | "alerts" | "to" | "newest"> {
  /** Hash of the group. */
  readonly group: number;
  alerts: number;
  occurrences: number;
  to: number;
  newest: string;
}

/** As it is saved. */
interface SavedFlood {
  readonly id: string;
  readonly cluster: string;
  readonly rule: AlertRule;
  readonly receivers: readonly string[];
  /** Epoch ms. */
  readonly from: number;
  readonly lines: readonly FloodLine[];
  /** The gravest of its matches'. */
  severity: Severity;
  /** Distinct ones, as far as they are told apart. */
  groups: number;
  alerts: number;
  occurrences: number;
}

interface Flood extends SavedFlood {
  readonly lines: FloodLine[];
  /** Hashes of the groups; of those counted before a restart only the ones with a line. */
  readonly counted: Set<number>;
}

/**
 * Gathers the matches that found no room in the table of groups: for each rule, and those it has still to tell, one
 * digest a minute. What it holds is bounded over all rules: at most 512 floods of five lines each, and the hashes of
 * some 16,000 groups. `groups` of a flood that has more of them says how many were told apart.
 */
export function createFloods(): Floods {
  const agenda = createAgenda<Flood>(({ counted: _memoryOnly, ...saved }) =>
    JSON.stringify(saved satisfies SavedFlood),
  );
  let countedInAll = 0;

  const digestOf = (flood: Flood, now: Moment): AddressedAlert => {
    countedInAll -= flood.counted.size;
    return { alert: floodAlert(flood, now), receivers: flood.receivers };
  };

  /** Whether it is a group not seen in this flood before. */
  const countGroup = ({ counted }: Flood, group: number): boolean => {
    if (counted.has(group) || counted.size >= MAX_COUNTED) return false;
    if (countedInAll >= MAX_COUNTED_IN_ALL && counted.size >= MIN_COUNTED) return false;
    counted.add(group);
    countedInAll += 1;
    return true;
  };

  return {
    add(flooded, now) {
      const { match, alertRule, receivers } = flooded;
      const { event, occurrences } = match.seen;
      const key = keyOf(event.cluster, alertRule.key, receivers);
      const known = agenda.get(key);
      const full = !known && agenda.size() >= MAX_FLOODS ? agenda.takeNext() : null;
      const flood = known ?? startFlood(flooded, now);
      if (!known) agenda.put(key, { kind: "after", due: now.lasting + FLOOD_MS }, flood);
      const severity = severityOf(match.rule, event);
      flood.severity = graver(flood.severity, severity);
      flood.alerts += 1;
      flood.occurrences += occurrences.count;
      const group = hash(match.group);
      if (countGroup(flood, group)) {
        flood.groups += 1;
        if (flood.lines.length < MAX_LINES) flood.lines.push(startLine(flooded, group, severity, now));
      }
      const line = flood.lines.find((one) => one.group === group);
      if (line) {
        line.alerts += 1;
        line.occurrences += occurrences.count;
        line.to = Math.max(line.from, now.wall);
        line.newest = oneLine(event.message);
      }
      agenda.touch(key);
      return full && digestOf(full, now);
    },
    due: (now, everything = false) =>
      agenda.takeDue(everything ? Infinity : now.lasting).map((flood) => digestOf(flood, now)),
    changed: () => agenda.changed(),
    removed: () => agenda.removed(),
    restore({ key, due, body }, now) {
      const saved = due === null ? null : readSaved(body);
      if (!saved || due === null) {
        agenda.restore(key, null);
        return false;
      }
      const counted = new Set(saved.lines.map(({ group }) => group));
      countedInAll += counted.size;
      const thing: Flood = { ...saved, lines: [...saved.lines], counted };
      // A lasting clock that has lost its state must not put a digest off for years.
      agenda.restore(key, { when: { kind: "after", due: Math.min(due, now.lasting + FLOOD_MS) }, thing });
      return true;
    },
  };
}

/** No name of a rule key or receiver holds a line end; a cluster's may, and stands last. */
function keyOf(cluster: string, ruleKey: string, receivers: readonly string[]): string {
  return `flood\n${ruleKey}\n${receivers.join("\n")}\n${cluster}`;
}

function startFlood({ match, alertRule, receivers }: FloodedMatch, now: Moment): Flood {
  const { event } = match.seen;
  const { cluster, eventUid, count } = event;
  return {
    id: alertId(cluster, alertRule.key, match.group, eventUid, count, "flood", ...receivers),
    cluster: clipText(cluster, MAX_TEXT_LENGTH),
    rule: alertRule,
    receivers,
    from: now.wall,
    lines: [],
    severity: severityOf(match.rule, event),
    groups: 0,
    alerts: 0,
    occurrences: 0,
    counted: new Set(),
  };
}

function startLine(
  { match, alertRule, meta }: FloodedMatch,
  group: number,
  severity: Severity,
  now: Moment,
): FloodLine {
  const values = groupValues(match.rule, match.seen.event, now.wall, meta, MAX_TEXT_LENGTH);
  return {
    group,
    severity,
    rule: alertRule.name,
    label: clipText(groupLabel(values), MAX_TEXT_LENGTH),
    alerts: 0,
    occurrences: 0,
    from: now.wall,
    to: now.wall,
    newest: "",
    unsure: false,
  };
}

function floodAlert(flood: Flood, now: Moment): AddressedAlert["alert"] {
  const { id, cluster, severity, rule, from, lines, groups, alerts, occurrences } = flood;
  return {
    v: 1,
    id,
    at: now.wall,
    cluster,
    owner: "",
    severity,
    rule,
    group: [],
    kind: "digest",
    why: "flood",
    from,
    to: Math.max(from, now.wall),
    lines: lines.map(({ group: _internal, ...line }) => line),
    more: {
      groups: groups - lines.length,
      alerts: lines.reduce((rest, line) => rest - line.alerts, alerts),
      occurrences: lines.reduce((rest, line) => rest - line.occurrences, occurrences),
    },
  };
}

/** Null: it is nothing that was saved here. */
function readSaved(body: string): SavedFlood | null {
  let saved: unknown;
  try {
    saved = JSON.parse(body);
  } catch {
    return null;
  }
  return isSavedFlood(saved) ? saved : null;
}

/** Whether it has what telling it takes. */
function isSavedFlood(value: unknown): value is SavedFlood {
  if (!isObject(value)) return false;
  const { id, rule, receivers, lines, from, groups, alerts, occurrences } = value;
  const numbers = [from, groups, alerts, occurrences];
  return (
    typeof id === "string" &&
    isObject(rule) &&
    Array.isArray(receivers) &&
    Array.isArray(lines) &&
    lines.every((line) => isObject(line)) &&
    numbers.every((one) => typeof one === "number")
  );
}

const GRAVITY: Readonly<Record<Severity, number>> = { critical: 2, warning: 1, info: 0 };

function graver(a: Severity, b: Severity): Severity {
  return GRAVITY[a] >= GRAVITY[b] ? a : b;
}

function oneLine(text: string): string {
  if (text.length <= MAX_TEXT_LENGTH && !/\s{2}|[^\S ]/u.test(text)) return text;
  // Half of the text may be line ends; beyond that nobody looks.
  return clipText(
    text
      .slice(0, 2 * MAX_TEXT_LENGTH)
      .replaceAll(/\s+/gu, " ")
      .trim(),
    MAX_TEXT_LENGTH,
  );
}

/** FNV-1a over code units: a number in place of a text of any length; a collision merely counts two groups as one. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  // 30 bits are what the virtual machine holds without a box.
  return value >>> 2;
}
