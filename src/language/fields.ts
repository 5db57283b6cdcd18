import type { Event, ObjectMeta } from "../model/event.ts";
import type { FieldRef, NumberFieldName, TextFieldName } from "../model/rule.ts";

/*
 * The fields of the language and how to read them. Loaded by the engine for every Event, so nothing here may pull in
 * the parser.
 */

/** What a field may need beside the Event: `now` is epoch ms, `meta` is null while nobody has looked it up. */
export interface FieldContext {
  readonly now: number;
  readonly meta: ObjectMeta | null;
}

type TextRef = Extract<FieldRef, { kind: "text" }>;
type NumberRef = Extract<FieldRef, { kind: "number" }>;
type TextReader = (event: Event) => string;

const TEXT_READERS: Readonly<Record<TextFieldName, TextReader>> = {
  type: (event) => event.type,
  reason: (event) => event.reason,
  message: (event) => event.message,
  kind: (event) => event.involvedObject.kind,
  name: (event) => event.involvedObject.name,
  apiVersion: (event) => event.involvedObject.apiVersion,
  uid: (event) => event.involvedObject.uid,
  fieldPath: (event) => event.involvedObject.fieldPath,
  namespace: (event) => event.namespace,
  container: (event) => containerOf(event.involvedObject.fieldPath),
  workload: (event) => workloadOf(event.involvedObject.kind, event.involvedObject.name),
  component: (event) => event.component,
  host: (event) => event.host,
  action: (event) => event.action,
  cluster: (event) => event.cluster,
};

const NUMBER_READERS: Readonly<Record<NumberFieldName, (event: Event, now: number) => number>> = {
  count: (event) => event.count,
  age: (event, now) => Math.max(0, now - event.lastSeenAt),
};

/** Names of the fields of an Event, as `by` and conditions use them; `label.…` and `annotation.…` come on top. */
export const FIELD_NAMES: readonly (TextFieldName | NumberFieldName)[] = [
  "type",
  "reason",
  "message",
  "kind",
  "name",
  "namespace",
  "container",
  "workload",
  "component",
  "host",
  "action",
  "apiVersion",
  "uid",
  "fieldPath",
  "cluster",
  "count",
  "age",
];

const OBJECT_FIELDS: readonly TextFieldName[] = ["kind", "name", "namespace", "apiVersion", "uid", "fieldPath"];

/** Other names of fields. `involvedObject.x` is core/v1's, `regarding.x` events.k8s.io/v1's. */
export const FIELD_ALIASES: ReadonlyMap<string, string> = new Map([
  ["note", "message"],
  ["ns", "namespace"],
  ["source.component", "component"],
  ["node", "host"],
  ["source.host", "host"],
  ...OBJECT_FIELDS.flatMap((name): [string, string][] => [
    [`involvedObject.${name}`, name],
    [`regarding.${name}`, name],
  ]),
]);

const NAMED: ReadonlyMap<string, FieldRef> = new Map(
  FIELD_NAMES.map((name): [string, FieldRef] => [
    name,
    name === "count" || name === "age" ? { kind: "number", name } : { kind: "text", name },
  ]),
);

/** The field of a name or alias; null for a name there is not. `key` is what stood in brackets behind it. */
export function findField(name: string, key: string | null): FieldRef | null {
  for (const kind of ["label", "annotation"] as const) {
    if (name === kind) return key === null || key === "" ? null : { kind, key };
    if (key === null && name.startsWith(`${kind}.`) && name.length > kind.length + 1) {
      return { kind, key: name.slice(kind.length + 1) };
    }
  }
  return key === null ? (NAMED.get(FIELD_ALIASES.get(name) ?? name) ?? null) : null;
}

/** How a field is written in rules, aliases resolved. */
export function fieldText(ref: FieldRef): string {
  if (ref.kind === "text" || ref.kind === "number") return ref.name;
  return /^[\p{L}\p{M}\p{N}_\-./@*]+$/u.test(ref.key)
    ? `${ref.kind}.${ref.key}`
    : `${ref.kind}[${JSON.stringify(ref.key)}]`;
}

/** Reader of a text field, chosen once so that reading it costs one call. */
export function textReader(ref: TextRef): TextReader {
  return TEXT_READERS[ref.name];
}

/** Reader of a number field; `age` is milliseconds between last seen and `now`, never less than 0. */
export function numberReader(ref: NumberRef): (event: Event, now: number) => number {
  return NUMBER_READERS[ref.name];
}

/** Any field as text: what groups are made of. A label nobody has looked up reads as empty. */
export function readText(ref: FieldRef, event: Event, context: FieldContext): string {
  if (ref.kind === "text") return TEXT_READERS[ref.name](event);
  if (ref.kind === "number") return String(NUMBER_READERS[ref.name](event, context.now));
  return own(ref.kind === "label" ? context.meta?.labels : context.meta?.annotations, ref.key);
}

function own(texts: Readonly<Record<string, string>> | undefined, key: string): string {
  return texts !== undefined && Object.hasOwn(texts, key) ? (texts[key] ?? "") : "";
}

/**
 * The container of a field path such as `spec.initContainers{migrate}`, or empty.
 *
 * The kubelet writes the name in braces, and an index in brackets for a container without one, which is then nobody's
 * name (kubernetes pkg/kubelet/container/ref.go, 2026-08).
 */
export function containerOf(fieldPath: string): string {
  return /^spec\.(?:containers|initContainers|ephemeralContainers)\{([^{}]+)\}$/.exec(fieldPath)?.[1] ?? "";
}

/*
 * Kubernetes draws the random tails of names from letters and digits that spell no words
 * (k8s.io/apimachinery/pkg/util/rand, 2026-08). A ReplicaSet's hash is a 32-bit number in that alphabet.
 */
const RANDOM = "[bcdfghjklmnpqrstvwxz2456789]";
const TAILS: readonly RegExp[] = [
  // CronJob: minutes since 1970, then the Pod's suffix.
  new RegExp(`^(.+)-\\d{8,}-${RANDOM}{5}$`),
  // Deployment: the ReplicaSet's hash, then the Pod's suffix.
  new RegExp(`^(.+)-${RANDOM}{8,10}-${RANDOM}{5}$`),
  // DaemonSet, Job, bare ReplicaSet.
  new RegExp(`^(.+)-${RANDOM}{5}$`),
  // StatefulSet.
  /^(.+)-(?:0|[1-9]\d{0,5})$/,
];

/**
 * What an object belongs to, told from its name alone: the Pod's name without its generated tail.
 *
 * A guess: a Pod that was named `cache-7` by hand is taken for a replica of `cache`. The name itself for any other
 * kind.
 */
export function workloadOf(kind: string, name: string): string {
  if (kind !== "Pod") return name;
  for (const tail of TAILS) {
    const workload = tail.exec(name)?.[1];
    if (workload !== undefined) return workload;
  }
  return name;
}
