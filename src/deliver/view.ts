import { containerOf, workloadOf } from "../language/fields.ts";
import type { SeenEvent } from "../model/event.ts";
import type { Held } from "../model/match.ts";
import type { Rule, Severity } from "../model/rule.ts";
import { cleanText, cutText } from "./escape.ts";

/** What the throttle held back before, as templates see it. `since` is ISO 8601. */
interface HeldView {
  readonly count: number;
  readonly since: string;
}

/**
 * What a card or template may say of one Event: clean text, not yet escaped. Names are the rule language's; absent
 * texts are empty. Times are ISO 8601 in UTC; the `time` helper turns them into the local one.
 */
export interface EventView {
  readonly type: string;
  readonly kind: string;
  readonly reason: string;
  readonly message: string;
  readonly namespace: string;
  readonly name: string;
  readonly host: string;
  /** The same as `host`. */
  readonly node: string;
  readonly container: string;
  readonly workload: string;
  readonly component: string;
  readonly action: string;
  readonly apiVersion: string;
  readonly uid: string;
  readonly fieldPath: string;
  readonly count: number;
  /** New occurrences this Event brought. */
  readonly occurrences: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly cluster: string;
  readonly rule: string;
  readonly severity: Severity;
  /** The header colour of the severity. */
  readonly colour: string;
  readonly held: HeldView | null;
}

/** Every name of a view, for checking templates. */
export const VIEW_NAMES: readonly (keyof EventView)[] = [
  "type",
  "kind",
  "reason",
  "message",
  "namespace",
  "name",
  "host",
  "node",
  "container",
  "workload",
  "component",
  "action",
  "apiVersion",
  "uid",
  "fieldPath",
  "count",
  "occurrences",
  "firstSeen",
  "lastSeen",
  "cluster",
  "rule",
  "severity",
  "colour",
  "held",
];

/**
 * Header colours of Feishu cards (title component, 2026-11: red is error, orange is warning). The article this began
 * from painted every Warning red; here red is kept for `critical`, so that it still means something.
 */
export const COLOURS: Readonly<Record<Severity, string>> = { critical: "red", warning: "orange", info: "blue" };

/** Longest text of a field other than the message. Kubernetes names end at 253. */
const MAX_FIELD_LENGTH = 256;
/** A JavaScript date ends here; a hostile time stamp must not throw. */
const MAX_EPOCH_MS = 8.64e15;

/** ISO 8601 of an epoch time; empty when there is none. */
export function isoTime(epochMs: number): string {
  return Number.isFinite(epochMs) && Math.abs(epochMs) <= MAX_EPOCH_MS ? new Date(epochMs).toISOString() : "";
}

function field(text: string): string {
  return cutText(cleanText(text), MAX_FIELD_LENGTH);
}

/** The rule's own severity, else `warning` for Warning Events and `info` for the others. */
function severityOf(rule: Rule, seen: SeenEvent): Severity {
  return rule.severity ?? (seen.event.type === "Warning" ? "warning" : "info");
}

/** Everything a card may say of one Event under a rule. */
export function viewEvent(seen: SeenEvent, about: { rule: Rule; cluster: string; held: Held | null }): EventView {
  const { event } = seen;
  const { rule, cluster, held } = about;
  const severity = severityOf(rule, seen);
  const host = field(event.host);
  return {
    type: field(event.type),
    kind: field(event.involvedObject.kind),
    reason: field(event.reason),
    message: cleanText(event.message),
    namespace: field(event.namespace),
    name: field(event.involvedObject.name),
    host,
    node: host,
    container: field(containerOf(event.involvedObject.fieldPath)),
    workload: field(workloadOf(event.involvedObject.kind, event.involvedObject.name)),
    component: field(event.component),
    action: field(event.action),
    apiVersion: field(event.involvedObject.apiVersion),
    uid: field(event.involvedObject.uid),
    fieldPath: field(event.involvedObject.fieldPath),
    count: event.count,
    occurrences: seen.occurrences.count,
    firstSeen: isoTime(event.firstSeenAt),
    lastSeen: isoTime(event.lastSeenAt),
    cluster,
    rule: rule.name,
    severity,
    colour: COLOURS[severity],
    held: held === null ? null : { count: held.count, since: isoTime(held.since) },
  };
}
