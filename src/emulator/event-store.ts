/** A stored object: JSON, with the metadata the API server itself looks at. */
export interface StoredEvent {
  readonly [field: string]: unknown;
  readonly metadata: {
    readonly [field: string]: unknown;
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
}

export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly revision: number;
  readonly object: StoredEvent;
  /** Before the change; null for ADDED. */
  readonly before: StoredEvent | null;
}

/** What a test or the demo writes of an Event; the rest is filled in. */
export interface EventFields {
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** Events in memory with one revision count over all of them, as etcd keeps them. */
export interface EventStore {
  revision(): number;
  /** Sets the revision of the next change; a lower one is a datastore restored from a backup. */
  setRevision(revision: number): void;
  create(fields: EventFields): StoredEvent;
  /** Merges over the stored Event, top-level fields replaced. Throws when there is none of that name. */
  patch(name: string, fields: EventFields): StoredEvent;
  delete(name: string): void;
  all(): StoredEvent[];
  /** Changes after the revision; null when they are compacted away. */
  since(revision: number): readonly Change[] | null;
  /** Forgets the history up to now, as etcd does every five minutes. */
  compact(): void;
  /** Calls back on each change until the returned function is called. */
  subscribe(listener: (change: Change) => void): () => void;
}

export function createEventStore(): EventStore {
  const events = new Map<string, StoredEvent>();
  const listeners = new Set<(change: Change) => void>();
  let history: Change[] = [];
  let revision = 100;
  let compactedAt = 0;
  let created = 0;

  const commit = (change: Change): void => {
    history.push(change);
    for (const listener of listeners) listener(change);
  };
  const find = (name: string): StoredEvent => {
    const event = events.get(name);
    if (!event) throw new Error(`no Event named ${name}`);
    return event;
  };

  return {
    revision: () => revision,
    setRevision(next) {
      revision = next;
      history = [];
    },
    create(fields) {
      revision += 1;
      created += 1;
      const metadata = {
        name: `event-${created}`,
        namespace: "default",
        uid: `00000000-0000-4000-8000-${String(created).padStart(12, "0")}`,
        ...fields.metadata,
        resourceVersion: String(revision),
      };
      const object: StoredEvent = { kind: "Event", apiVersion: "v1", ...fields, metadata };
      events.set(metadata.name, object);
      commit({ type: "ADDED", revision, object, before: null });
      return object;
    },
    patch(name, fields) {
      const before = find(name);
      revision += 1;
      const metadata = { ...before.metadata, ...fields.metadata, resourceVersion: String(revision) };
      const object: StoredEvent = { ...before, ...fields, metadata };
      events.set(name, object);
      commit({ type: "MODIFIED", revision, object, before });
      return object;
    },
    delete(name) {
      const before = find(name);
      revision += 1;
      events.delete(name);
      const metadata = { ...before.metadata, resourceVersion: String(revision) };
      commit({ type: "DELETED", revision, object: { ...before, metadata }, before });
    },
    all: () => [...events.values()],
    since: (from) => (from < compactedAt ? null : history.filter((change) => change.revision > from)),
    compact() {
      compactedAt = revision;
      history = [];
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const SELECTABLE = [
  "involvedObject.kind",
  "involvedObject.namespace",
  "involvedObject.name",
  "involvedObject.uid",
  "involvedObject.apiVersion",
  "involvedObject.resourceVersion",
  "involvedObject.fieldPath",
  "reason",
  "reportingComponent",
  "source",
  "type",
  "metadata.name",
  "metadata.namespace",
] as const;

type Selectable = (typeof SELECTABLE)[number];

function isSelectable(label: string): label is Selectable {
  return (SELECTABLE as readonly string[]).includes(label);
}

function readPath(object: unknown, path: string): string {
  let value: unknown = object;
  for (const part of path.split(".")) {
    value = typeof value === "object" && value !== null ? Object.getOwnPropertyDescriptor(value, part)?.value : "";
  }
  return typeof value === "string" ? value : "";
}

function readLabel(event: StoredEvent, label: Selectable): string {
  // pkg/registry/core/event/strategy.go ToSelectableFields (v1.36): source falls back to the reporting controller.
  if (label === "source") return readPath(event, "source.component") || readPath(event, "reportingComponent");
  return readPath(event, label);
}

/** Splits at unescaped commas; a backslash escapes itself, `,` and `=`. */
function splitTerms(selector: string): string[] {
  return selector.match(/(?:\\.|[^,\\])+/gsu) ?? [];
}

/** A field selector as core/v1 Events take it, or the message of the 400 that answers one they do not take. */
export function parseFieldSelector(selector: string): ((event: StoredEvent) => boolean) | string {
  const terms: { label: Selectable; equal: boolean; value: string }[] = [];
  for (const term of splitTerms(selector)) {
    const match = /^(?<label>[\w.]+)(?<op>!=|==|=)(?<value>.*)$/su.exec(term)?.groups;
    if (!match) return `invalid selector: '${selector}'; can't understand '${term}'`;
    const label = match["label"] ?? "";
    if (!isSelectable(label)) return `field label not supported: ${label}`;
    const raw = match["value"] ?? "";
    if (!/^(?:\\[\\,=]|[^\\,=])*$/u.test(raw)) return `invalid field selector: ${raw}`;
    terms.push({ label, equal: match["op"] !== "!=", value: raw.replaceAll(/\\(.)/gsu, "$1") });
  }
  return (event) => terms.every((term) => (readLabel(event, term.label) === term.value) === term.equal);
}
