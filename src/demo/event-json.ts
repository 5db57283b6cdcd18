import type { Happening, ObjectRef } from "./happening.ts";

/** A core/v1 Event as the API server sends it, without `resourceVersion`: the server that plays it gives that. */
export interface EventJson {
  readonly kind: "Event";
  readonly apiVersion: "v1";
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly creationTimestamp: string;
    readonly managedFields: readonly unknown[];
  };
  readonly involvedObject: ObjectRef;
  readonly reason: string;
  readonly message: string;
  readonly source: { readonly component?: string; readonly host?: string };
  readonly firstTimestamp: string | null;
  readonly lastTimestamp: string | null;
  readonly count?: number;
  readonly type: "Normal" | "Warning";
  readonly eventTime: string | null;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
  readonly action?: string;
  readonly reportingComponent: string;
  readonly reportingInstance: string;
}

/** Kubernetes' `Time`: whole seconds, UTC. */
function timeText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** Kubernetes' `MicroTime`. */
function microTimeText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 23)}000Z`;
}

/** Names and identity of one stored Event; they stay while its count rises. */
export interface EventIdentity {
  readonly name: string;
  readonly uid: string;
  readonly createdAt: number;
}

function managedFields(manager: string, at: number, fields: readonly string[]): readonly unknown[] {
  const fieldsV1 = Object.fromEntries(fields.map((field) => [`f:${field}`, {}]));
  return [{ manager, operation: "Update", apiVersion: "v1", time: timeText(at), fieldsType: "FieldsV1", fieldsV1 }];
}

function metadata(identity: EventIdentity, happening: Happening, fields: readonly string[]): EventJson["metadata"] {
  return {
    name: identity.name,
    // An Event about a cluster-scoped object lives in `default`.
    namespace: happening.about.namespace ?? "default",
    uid: identity.uid,
    creationTimestamp: timeText(identity.createdAt),
    managedFields: managedFields("k3s", happening.at, fields),
  };
}

const CORE_FIELDS = [
  "count",
  "firstTimestamp",
  "involvedObject",
  "lastTimestamp",
  "message",
  "reason",
  "source",
  "type",
];
const SERIES_FIELDS = ["action", "eventTime", "note", "reason", "regarding", "reportingController", "type"];

/** As `tools/record` writes it: a count, two times, and since v1.29 the reporter twice. Kubernetes v1.36. */
export function coreEventJson(
  identity: EventIdentity,
  happening: Happening,
  count: number,
  firstAt: number,
): EventJson {
  const { component, host } = happening.by;
  return {
    kind: "Event",
    apiVersion: "v1",
    metadata: metadata(identity, happening, CORE_FIELDS),
    involvedObject: happening.about,
    reason: happening.reason,
    message: happening.message,
    source: host === "" ? { component } : { component, host },
    firstTimestamp: timeText(firstAt),
    lastTimestamp: timeText(happening.at),
    count,
    type: happening.type,
    eventTime: null,
    reportingComponent: component,
    reportingInstance: host,
  };
}

/** As core/v1 shows what `tools/events` wrote: no source, no count, no old times; repeats in `series`. */
export function seriesEventJson(identity: EventIdentity, first: Happening, count: number, lastAt: number): EventJson {
  return {
    kind: "Event",
    apiVersion: "v1",
    metadata: metadata(identity, first, SERIES_FIELDS),
    involvedObject: first.about,
    reason: first.reason,
    message: first.message,
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    type: first.type,
    eventTime: microTimeText(first.at),
    ...(count > 1 ? { series: { count, lastObservedTime: microTimeText(lastAt) } } : {}),
    action: first.action ?? "",
    reportingComponent: first.by.component,
    reportingInstance: `${first.by.component}-${first.by.host}`,
  };
}
