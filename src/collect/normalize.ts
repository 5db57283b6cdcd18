import type { Event, InvolvedObject } from "../model/event.ts";
import { isObject, type JsonObject } from "../model/json.ts";
import { isClusterScoped } from "./cluster-scoped.ts";
import { cutText, fieldsOf, textOf } from "./fields.ts";
import { parseTimestamp } from "./timestamp.ts";

/**
 * Longest message kept, in UTF-16 units. events.k8s.io/v1 allows 1,024 bytes and kubelet's longest are a few
 * thousand; what is longer was made to hurt, and conditions, cards and the outbox should not pay for it.
 */
const MAX_MESSAGE_LENGTH = 65_536;

function countOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value >= 1 ? Math.floor(value) : 0;
}

/** Epoch ms, 0 where there is no readable time. Kubernetes writes absent times as null. */
function timeOf(value: unknown): number {
  if (typeof value !== "string") return 0;
  const time = parseTimestamp(value);
  return Number.isNaN(time) ? 0 : time;
}

function messageOf(value: unknown): string {
  const whole = textOf(value);
  const kept = cutText(whole, MAX_MESSAGE_LENGTH);
  // Hardly ever needed, and looking is cheaper than copying.
  const wellFormed = kept.isWellFormed() ? kept : kept.toWellFormed();
  return wellFormed.includes("\u0000") ? wellFormed.replaceAll("\u0000", "\uFFFD") : wellFormed;
}

function involvedObjectOf(fields: JsonObject): InvolvedObject {
  return {
    apiVersion: textOf(fields["apiVersion"]),
    kind: textOf(fields["kind"]),
    namespace: textOf(fields["namespace"]),
    name: textOf(fields["name"]),
    uid: textOf(fields["uid"]),
    fieldPath: textOf(fields["fieldPath"]),
  };
}

/** The values the two APIs hold under different names. */
interface View {
  readonly message: string;
  readonly component: string;
  readonly sourceHost: string;
  readonly count: number;
  readonly firstTime: number;
  readonly lastTime: number;
}

function coreView(raw: JsonObject, series: JsonObject, eventTime: number): View {
  const source = fieldsOf(raw["source"]);
  return {
    message: messageOf(raw["message"]),
    component: textOf(source["component"]) || textOf(raw["reportingComponent"]),
    sourceHost: textOf(source["host"]),
    count: Math.max(countOf(raw["count"]), countOf(series["count"]), 1),
    firstTime: timeOf(raw["firstTimestamp"]) || eventTime,
    lastTime: timeOf(raw["lastTimestamp"]),
  };
}

function eventsView(raw: JsonObject, series: JsonObject, eventTime: number): View {
  const source = fieldsOf(raw["deprecatedSource"]);
  return {
    message: messageOf(raw["note"]),
    component: textOf(raw["reportingController"]) || textOf(source["component"]),
    sourceHost: textOf(source["host"]),
    count: countOf(series["count"]) || countOf(raw["deprecatedCount"]) || 1,
    firstTime: timeOf(raw["deprecatedFirstTimestamp"]) || eventTime,
    lastTime: timeOf(raw["deprecatedLastTimestamp"]),
  };
}

/**
 * Reads one Event as parsed from JSON, through core/v1 or events.k8s.io/v1 (told apart by `regarding`, because items
 * of a list name no apiVersion). Null is malformed: not an Event, or an Event about nothing.
 *
 * Never throws, whatever the fields hold: a field of the wrong type counts as absent. An Event with no readable time
 * at all gets 0. A message beyond 64 Ki characters is cut there, before any rule sees it; NUL and lone surrogates in
 * it become U+FFFD.
 */
export function normalize(object: unknown): Event | null {
  if (!isObject(object)) return null;
  const raw = object;
  if (raw["kind"] !== undefined && raw["kind"] !== "Event") return null;
  const metadata = raw["metadata"];
  const regarding = raw["regarding"];
  const isNewApi = isObject(regarding);
  const about = isNewApi ? regarding : raw["involvedObject"];
  if (!isObject(metadata) || !isObject(about)) return null;

  const eventName = textOf(metadata["name"]);
  const eventNamespace = textOf(metadata["namespace"]);
  // Only Events written by hand lack a uid; the API server gives every one its own.
  const eventUid = textOf(metadata["uid"]) || (eventName && `${eventNamespace}/${eventName}`);
  if (!eventUid) return null;

  const series = fieldsOf(raw["series"]);
  const eventTime = timeOf(raw["eventTime"]);
  const view = isNewApi ? eventsView(raw, series, eventTime) : coreView(raw, series, eventTime);
  const createdAt = timeOf(metadata["creationTimestamp"]);
  const lastSeenAt =
    Math.max(view.lastTime, timeOf(series["lastObservedTime"]), eventTime) || createdAt || view.firstTime;
  const firstSeenAt = Math.min(view.firstTime || createdAt || lastSeenAt, lastSeenAt);

  const involvedObject = involvedObjectOf(about);
  // Kubelet reports under its node's name; the instances of other reporters are Pods or processes.
  const instance = view.component === "kubelet" ? textOf(raw["reportingInstance"]) : "";
  return {
    eventUid,
    eventName,
    eventNamespace,
    resourceVersion: textOf(metadata["resourceVersion"]),
    type: textOf(raw["type"]),
    reason: textOf(raw["reason"]),
    message: view.message,
    involvedObject,
    namespace: involvedObject.namespace || (isClusterScoped(involvedObject.kind) ? "" : eventNamespace),
    component: view.component,
    host: view.sourceHost || instance,
    action: textOf(raw["action"]),
    count: view.count,
    firstSeenAt,
    lastSeenAt,
  };
}
