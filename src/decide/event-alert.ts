import { fieldText, readText } from "../language/fields.ts";
import { alertId } from "../model/alert-id.ts";
import type { Alert, AlertRule } from "../model/alert.ts";
import type { Event, ObjectMeta } from "../model/event.ts";
import type { Held, Match, StatementVerdict } from "../model/match.ts";
import type { Condition, FieldRef, Rule, Severity } from "../model/rule.ts";
import { clipEvent, clipText, clipTexts, jsonBytes, type ClipLimits } from "./clip.ts";

/** All of one alert's JSON. */
const MAX_ALERT_BYTES = 16_384;
const MAX_VALUES_BYTES = 2_048;
const MAX_NAME_LENGTH = 256;
/** Other statements an alert names; what is beyond becomes a count. */
const MAX_MET = 16;
const MAX_GROUP_FIELDS = 32;

interface AlertLimits extends ClipLimits {
  readonly factsBytes: number;
}

/** Tried one after the other: text of one script, or of control characters, takes up to six bytes a unit. */
const LIMITS: readonly AlertLimits[] = [
  { message: 8_000, field: 256, factsBytes: 4_096 },
  { message: 2_000, field: 256, factsBytes: 2_048 },
  { message: 500, field: 64, factsBytes: 1_024 },
];
const LEAST: AlertLimits = { message: 200, field: 32, factsBytes: 256 };

/** What an alert says of its rule: the same for all alerts of the rule. */
export interface RuleInAlerts {
  readonly rule: Rule;
  readonly alertRule: AlertRule;
  /** Labels and annotations the rule asks for, each once. */
  readonly asked: readonly FieldRef[];
}

export function ruleInAlerts(rule: Rule): RuleInAlerts {
  return { rule, alertRule: alertRuleOf(rule), asked: askedOf(rule) };
}

function alertRuleOf({ key, name, template, values }: Rule): AlertRule {
  const kept = clipTexts(Object.entries(values), MAX_VALUES_BYTES);
  return { key, name: clipText(name, MAX_NAME_LENGTH), template, values: kept };
}

function askedOf({ condition, by }: Rule): readonly FieldRef[] {
  const refs = [...fieldsOf(condition), ...by].filter(({ kind }) => kind === "label" || kind === "annotation");
  return [...new Map(refs.map((ref) => [fieldText(ref), ref])).values()];
}

function fieldsOf(condition: Condition): readonly FieldRef[] {
  if (condition.kind === "comparison") return [condition.field];
  if (condition.kind === "not") return fieldsOf(condition.part);
  return condition.parts.flatMap((part) => fieldsOf(part));
}

/** The rule's own severity, else `warning` for an Event of type Warning and `info` for any other. */
export function severityOf(rule: Rule, event: Event): Severity {
  return rule.severity ?? (event.type === "Warning" ? "warning" : "info");
}

/** The values of the rule's `by` fields with their names. */
export function groupValues(
  { by }: Rule,
  event: Event,
  now: number,
  meta: ObjectMeta | null,
  most: number,
): Alert["group"] {
  return by
    .slice(0, MAX_GROUP_FIELDS)
    .map((ref) => [clipText(fieldText(ref), MAX_NAME_LENGTH), clipText(readText(ref, event, { now, meta }), most)]);
}

/**
 * The alert of a match that passed. `verdicts` are those of all statements that held for the Event.
 *
 * Its JSON takes at most 16 KiB, whatever the Event holds; what gives way first is the message, then what was looked
 * up, then the other texts of the Event.
 */
export function eventAlert(
  { rule, alertRule, asked }: RuleInAlerts,
  { seen, group }: Match,
  held: Held | null,
  verdicts: readonly StatementVerdict[],
  now: number,
  meta: ObjectMeta | null,
): Alert {
  const { event } = seen;
  const met = metOf(verdicts, rule);
  const withLimits = (limits: AlertLimits): Alert => ({
    v: 1,
    id: alertId(event.cluster, rule.key, group, event.eventUid, event.count, "event"),
    at: now,
    cluster: clipText(event.cluster, limits.field),
    owner: "",
    severity: severityOf(rule, event),
    rule: alertRule,
    group: groupValues(rule, event, now, meta, limits.field),
    kind: "event",
    event: clipEvent(event, limits),
    occurrences: seen.occurrences.count,
    held,
    facts: factsOf(asked, event, now, meta, limits),
    met,
  });
  for (const limits of LIMITS) {
    const alert = withLimits(limits);
    if (jsonBytes(alert) <= MAX_ALERT_BYTES) return alert;
  }
  return withLimits(LEAST);
}

/** Values that are present, under the names rules give them. */
function factsOf(
  asked: readonly FieldRef[],
  event: Event,
  now: number,
  meta: ObjectMeta | null,
  { field, factsBytes }: AlertLimits,
): Readonly<Record<string, string>> {
  if (asked.length === 0) return {};
  const facts = asked.map((ref): [string, string] => [
    fieldText(ref),
    clipText(readText(ref, event, { now, meta }), field),
  ]);
  return clipTexts(
    facts.filter(([, value]) => value !== ""),
    factsBytes,
  );
}

function metOf(verdicts: readonly StatementVerdict[], rule: Rule): readonly (readonly [string, string])[] {
  const others = verdicts.filter(({ statement, matched }) => matched && statement !== rule.name);
  const met = others
    .slice(0, MAX_MET)
    .map(({ statement, verdict, why }): [string, string] => [
      clipText(statement, 64),
      why === null ? verdict : `${verdict}: ${why}`,
    ]);
  const more = others.length - met.length;
  return more > 0 ? [...met, ["", `${more} more`]] : met;
}
