import { LRUCache } from "lru-cache";
import type { Event, Occurrences, SeenEvent } from "../model/event.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { compareResourceVersions } from "./resource-version.ts";

/** What is remembered of one Event; the part of it that goes into the checkpoint. */
export interface KnownCount {
  readonly uid: string;
  readonly count: number;
  /** Epoch ms of the reporter's clock. */
  readonly lastSeenAt: number;
}

/** The last moment of which everything before is known to be accounted for. */
export interface Since {
  readonly resourceVersion: string | null;
  /** Epoch ms. */
  readonly at: number;
}

export interface Arrival {
  /** It came out of a list: it may have lain in the cluster for an hour. */
  readonly initial: boolean;
  readonly since: Since | null;
  /** Without `since`, how old an Event of the first list may be and still be news. */
  readonly maxAgeMs: number;
}

export interface OccurrencesOptions {
  readonly maxEvents?: number;
  readonly metrics: Pick<Metrics, "countsFell" | "eventCountsEvicted">;
  readonly clock: Pick<Clock, "now">;
}

/** Turns the counts of Events into what is new about them. */
export interface OccurrenceCounter {
  /** `replayed`: this update brings nothing that was not counted before. */
  take(event: Event, how: Arrival): SeenEvent | "replayed";
  /** What changed since the last call, for the checkpoint. An Event pushed out of the table is not among it. */
  changed(): KnownCount[];
  /** Fills the table from a checkpoint; rows must come oldest first, as the newest are kept. */
  restore(rows: Iterable<KnownCount>): void;
  size(): number;
}

interface Known {
  readonly uid: string;
  count: number;
  lastSeenAt: number;
  /** Empty when it comes from a checkpoint. */
  resourceVersion: string;
  /** It is among those the next checkpoint takes. */
  dirty: boolean;
}

/** Events live for an hour (`--event-ttl`), so 32,768 hold nine new Events a second; about 6 MB when full. */
const DEFAULT_MAX_EVENTS = 32_768;

function isNewer(event: Event, known: Known): boolean {
  const order = compareResourceVersions(event.resourceVersion, known.resourceVersion);
  return order === null ? event.lastSeenAt > known.lastSeenAt : order > 0;
}

/** The reporter's clock may have gone back; then all of it happened at the end. */
function spread(count: number, from: number, to: number, closed: boolean): Occurrences {
  return from < to ? { count, from, to, closed } : { count, from: to, to, closed: true };
}

/**
 * Counts by the change of an Event's own count, never by updates: client-go folds hundreds of repeats into one.
 *
 * An Event pushed out of the full table is unknown when it comes again, and its whole count is then taken once more:
 * too much rather than too little. `metrics.eventCountsEvicted` says how often.
 */
export function createOccurrences(options: OccurrencesOptions): OccurrenceCounter {
  const { metrics, clock } = options;
  const maxEvents = options.maxEvents ?? DEFAULT_MAX_EVENTS;
  // Those no longer dirty have been pushed out since; they go when it is read, or grows beyond all that can be dirty.
  let dirty: Known[] = [];
  const table = new LRUCache<string, Known>({
    max: maxEvents,
    dispose: (known, _uid, why) => {
      known.dirty = false;
      if (why === "evict") metrics.eventCountsEvicted.inc();
    },
  });

  const markDirty = (known: Known): void => {
    if (known.dirty) return;
    known.dirty = true;
    if (dirty.length >= 2 * maxEvents) dirty = dirty.filter((one) => one.dirty);
    dirty.push(known);
  };

  const add = ({ eventUid, count, lastSeenAt, resourceVersion }: Event): void => {
    const known: Known = { uid: eventUid, count, lastSeenAt, resourceVersion, dirty: false };
    table.set(eventUid, known);
    markDirty(known);
  };

  const update = (known: Known, event: Event, lastSeenAt: number): void => {
    known.count = event.count;
    known.lastSeenAt = lastSeenAt;
    known.resourceVersion = event.resourceVersion;
    markDirty(known);
  };

  const isNews = (event: Event, how: Arrival): boolean => {
    if (!how.since) return event.lastSeenAt > clock.now() - how.maxAgeMs;
    if (event.lastSeenAt > how.since.at) return true;
    return (compareResourceVersions(event.resourceVersion, how.since.resourceVersion ?? "") ?? 0) > 0;
  };

  return {
    take(event, how) {
      const known = table.get(event.eventUid);
      if (!known) {
        add(event);
        return {
          event,
          occurrences: spread(event.count, event.firstSeenAt, event.lastSeenAt, true),
          history: how.initial && !isNews(event, how),
        };
      }
      const more = event.count - known.count;
      const from = known.lastSeenAt;
      if (more > 0) {
        update(known, event, Math.max(event.lastSeenAt, from));
        return { event, occurrences: spread(more, from, event.lastSeenAt, false), history: false };
      }
      // A list or a replayed watch may show an older state of the Event; only a newer one can really have fallen.
      if (more === 0 || !isNewer(event, known)) return "replayed";
      metrics.countsFell.inc();
      update(known, event, event.lastSeenAt);
      return { event, occurrences: spread(1, from, event.lastSeenAt, false), history: false };
    },
    changed() {
      const rows: KnownCount[] = [];
      for (const known of dirty) {
        if (!known.dirty) continue;
        known.dirty = false;
        rows.push({ uid: known.uid, count: known.count, lastSeenAt: known.lastSeenAt });
      }
      dirty = [];
      return rows;
    },
    restore(rows) {
      for (const { uid, count, lastSeenAt } of rows) {
        table.set(uid, { uid, count, lastSeenAt, resourceVersion: "", dirty: false });
      }
    },
    size: () => table.size,
  };
}
