import { containerOf, workloadOf } from "../language/fields.ts";
import type { Alert } from "../model/alert.ts";
import type { Event } from "../model/event.ts";
import type { Severity } from "../model/rule.ts";
import { cleanText, cutText } from "./escape.ts";

/** What the throttle held back before, as templates see it. `since` is ISO 8601. */
interface HeldView {
  readonly count: number;
  readonly since: string;
}

/** The alerts that a layout of the configuration may write. */
export type LayoutAlert = Extract<Alert, { kind: "event" | "resolved" | "absent" }>;

/**
 * What a card or template may say of one alert: clean text, not yet escaped. Names are the rule language's; absent
 * texts are empty. Times are ISO 8601 in UTC; the `time` helper turns them into the local one.
 */
export interface AlertView {
  /** What became of it: `event`, `resolved` or `absent`. `kind` is the object's. */
  readonly alert: LayoutAlert["kind"];
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
  /** New occurrences this Event brought; 0 where none came. */
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
export const VIEW_NAMES: readonly (keyof AlertView)[] = [
  "alert",
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

/** What a view holds that is the configuration's or a number, never text of an Event. */
export const OWN_NAMES: ReadonlySet<string> = new Set<keyof AlertView>([
  "alert",
  "cluster",
  "rule",
  "severity",
  "colour",
  "count",
  "occurrences",
]);

/** Longest text of a field other than the message. Kubernetes names end at 253. */
const MAX_FIELD_LENGTH = 256;
/** A JavaScript date ends here; a hostile time stamp must not throw. */
const MAX_EPOCH_MS = 8.64e15;

/** ISO 8601 of an epoch time; empty when there is none. */
export function isoTime(epochMs: number): string {
  return Number.isFinite(epochMs) && Math.abs(epochMs) <= MAX_EPOCH_MS ? new Date(epochMs).toISOString() : "";
}

/** What has never been seen. */
const NO_EVENT: Event = {
  eventUid: "",
  eventName: "",
  eventNamespace: "",
  resourceVersion: "",
  type: "",
  reason: "",
  message: "",
  involvedObject: { apiVersion: "", kind: "", namespace: "", name: "", uid: "", fieldPath: "" },
  namespace: "",
  component: "",
  host: "",
  action: "",
  count: 0,
  firstSeenAt: Number.NaN,
  lastSeenAt: Number.NaN,
};

function field(text: string): string {
  return cutText(cleanText(text), MAX_FIELD_LENGTH);
}

/** Everything a card may say of one alert. The message is as long as the alert has it. */
export function viewAlert(alert: LayoutAlert): AlertView {
  const event = alert.kind === "absent" ? (alert.last ?? NO_EVENT) : alert.event;
  const held = alert.kind === "absent" ? null : alert.held;
  const host = field(event.host);
  return {
    alert: alert.kind,
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
    occurrences: alert.kind === "absent" ? 0 : alert.occurrences,
    firstSeen: isoTime(event.firstSeenAt),
    lastSeen: isoTime(event.lastSeenAt),
    cluster: cleanText(alert.cluster),
    rule: alert.rule?.name ?? "",
    severity: alert.severity,
    colour: COLOURS[alert.severity],
    held: held === null ? null : { count: held.count, since: isoTime(held.since) },
  };
}

/** `namespace/name`, or the name alone of what has no namespace. */
export function objectOf({ namespace, name }: AlertView): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}
