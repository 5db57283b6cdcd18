import { LRUCache } from "lru-cache";
import type { InvolvedObject, Looked, ObjectMeta } from "../model/event.ts";
import type { Clock } from "../runtime/clock.ts";
import type { KubeApi } from "../runtime/kube.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { createObjectReader, type ObjectAnswer } from "./object-reader.ts";
import { objectKey } from "./resource-path.ts";
import { createTurns } from "./turns.ts";

/** A kind of objects, as an Event names it. */
export interface ObjectKind {
  readonly kind: string;
  readonly apiVersion: string;
}

export interface LookupOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, "lookups">;
  /** Called when objects of a kind may not be read: once for each kind, and for the first 64 kinds. */
  readonly onForbidden?: (kind: ObjectKind) => void;
  /** Objects remembered; default 4,096, and never more than 8 MiB of text. */
  readonly maxObjects?: number;
  /** Objects asked for at a time; default 4. */
  readonly concurrency?: number;
  /** For the wait for a turn, and once more for the answer; default 5 s. */
  readonly timeoutMs?: number;
}

/** Labels and annotations of the objects Events are about, for the rules that ask for them. */
export interface Lookup {
  /** What is remembered; null says `find` must be asked. */
  peek(object: InvolvedObject): Looked | null;
  /**
   * Asks the API server unless it is remembered. Never rejects for what the world does: an object that is gone is
   * known to have no labels; of one that may not be read or does not answer in time nothing is known.
   */
  find(object: InvolvedObject): Promise<Looked>;
  /**
   * Kinds that may not be read: an object was refused within the last hour, and none of that kind has been read
   * since. At most 64.
   */
  troubles(): readonly ObjectKind[];
}

const MAX_OBJECTS = 4096;
const MAX_TEXT_LENGTH = 8 * 1024 * 1024;
/** Beyond this many waiting, a further one goes without rather than holding its Event in memory. */
const MAX_WAITING = 2000;
const TIMEOUT_MS = 5_000;

/**
 * How long an answer holds. Labels of Pods hardly ever change, but a StatefulSet's Pods come back under their names. An
 * Event may be quicker than its object. A failure may be over in a moment; a missing permission is mended by people.
 */
const HOLDS_MS: Readonly<Record<ObjectAnswer["outcome"], number>> = {
  found: 600_000,
  missing: 60_000,
  failed: 30_000,
  forbidden: 300_000,
};

const TROUBLE_SHOWN_MS = 3_600_000;
/** Kinds come from Events, which anybody may write. */
const MAX_TROUBLES = 64;
const IS_KIND = /^[A-Za-z][A-Za-z0-9]{0,62}$/;

const NO_LABELS: ObjectMeta = { labels: {}, annotations: {} };

interface Remembered {
  readonly looked: Looked;
  /** Monotonic ms. */
  readonly until: number;
}

function lookedOf(answer: ObjectAnswer): Looked {
  switch (answer.outcome) {
    case "found":
      return answer.meta;
    case "missing":
      return NO_LABELS;
    case "forbidden":
    case "failed":
      return { unknown: answer.outcome };
  }
}

function sizeOf({ looked }: Remembered, objectName: string): number {
  let size = objectName.length + 1;
  for (const texts of "unknown" in looked ? [] : [looked.labels, looked.annotations]) {
    for (const [key, text] of Object.entries(texts)) size += key.length + text.length;
  }
  return size;
}

/**
 * At most one GET per object while it is remembered, a few at a time. Objects are told apart by group, kind, namespace
 * and name: the uid in an Event is what its author says, and would give one object's labels to another.
 */
export function createLookup(options: LookupOptions): Lookup {
  const { clock, metrics } = options;
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const read = createObjectReader({ api: options.api, clock, timeoutMs });
  const turns = createTurns(options.concurrency ?? 4);
  const table = new LRUCache<string, Remembered>({
    max: options.maxObjects ?? MAX_OBJECTS,
    maxSize: MAX_TEXT_LENGTH,
    sizeCalculation: sizeOf,
  });
  const underWay = new Map<string, Promise<Looked>>();
  const refusals = createRefusals(options);

  const remembered = (key: string): Looked | null => {
    const known = table.get(key);
    return known && known.until > clock.monotonic() ? known.looked : null;
  };

  const readInTurn = async (object: InvolvedObject): Promise<ObjectAnswer> => {
    if (turns.waiting() >= MAX_WAITING) return { outcome: "failed" };
    const overdue = new AbortController();
    const began = new AbortController();
    clock.sleep(timeoutMs, began.signal).then(
      () => overdue.abort(),
      () => {},
    );
    const hasTurn = await turns.take(overdue.signal);
    began.abort();
    if (!hasTurn) return { outcome: "failed" };
    try {
      return await read(object);
    } finally {
      turns.pass();
    }
  };

  const findAnew = async (key: string, object: InvolvedObject): Promise<Looked> => {
    const answer = await readInTurn(object);
    metrics.lookups.inc({ outcome: answer.outcome });
    refusals.note(object, answer.outcome);
    const looked = lookedOf(answer);
    table.set(key, { looked, until: clock.monotonic() + HOLDS_MS[answer.outcome] });
    underWay.delete(key);
    return looked;
  };

  return {
    peek: (object) => remembered(objectKey(object)),
    async find(object) {
      const key = objectKey(object);
      const known = remembered(key);
      if (known) return known;
      const other = underWay.get(key);
      if (other) return other;
      const asked = findAnew(key, object);
      underWay.set(key, asked);
      return asked;
    },
    troubles: refusals.kinds,
  };
}

/** Which kinds may not be read, as far as the answers tell. */
interface Refusals {
  readonly note: (object: InvolvedObject, outcome: ObjectAnswer["outcome"]) => void;
  readonly kinds: () => readonly ObjectKind[];
}

function createRefusals({ clock, onForbidden }: Pick<LookupOptions, "clock" | "onForbidden">): Refusals {
  const refused = new LRUCache<string, ObjectKind & { readonly at: number }>({ max: MAX_TROUBLES });
  const told = new Set<string>();
  return {
    note({ kind, apiVersion }, outcome) {
      const name = `${apiVersion} ${kind}`;
      if (outcome === "found") refused.delete(name);
      if (outcome !== "forbidden" || !IS_KIND.test(kind)) return;
      refused.set(name, { kind, apiVersion, at: clock.monotonic() });
      if (told.has(name) || told.size >= MAX_TROUBLES) return;
      told.add(name);
      onForbidden?.({ kind, apiVersion });
    },
    kinds: () =>
      [...refused.values()]
        .filter(({ at }) => clock.monotonic() - at < TROUBLE_SHOWN_MS)
        .map(({ kind, apiVersion }) => ({ kind, apiVersion })),
  };
}
