import { LRUCache } from "lru-cache";
import type { Event, Occurrences, SeenEvent } from "../model/event.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { compareResourceVersions } from "./resource-version.ts";
import type { Backlog } from "./source.ts";

/** What is remembered of one Event; the part of it that goes into the checkpoint. */
export interface KnownCount {
  readonly uid: string;
  readonly count: number;
  /** Epoch ms of the reporter's clock. */
  readonly lastSeenAt: number;
}

export interface OccurrencesOptions {
  readonly maxEvents?: number;
  readonly metrics: Pick<Metrics, "countsFell" | "eventCountsEvicted">;
}

/** Turns the counts of Events into what is new about them. */
export interface OccurrenceCounter {
  /**
   * `replayed`: this update brings nothing that was not counted before. `backlog`: of the list the Event stood in; null
   * when it happened while we watched.
   */
  take(event: Event, backlog: Backlog | null): SeenEvent | "replayed";
  /** What changed since the last call, for the checkpoint. An Event pushed out of the table is not among it. */
  changed(): KnownCount[];
  /** Fills the table from a checkpoint; rows must come oldest first, as the newest are kept. */
  restore(rows: Iterable<KnownCount>): void;
  /** The most it remembers. */
  readonly maxEvents: number;
}

/**
 * Events live for an hour (`--event-ttl`), so 16,384 hold four to five new Events a second, of those that a rule may
 * match; about 2.5 MB when full.
 */
const DEFAULT_MAX_EVENTS = 16_384;

/** In the form that is kept: 0, which compares with nothing, where it is no number or comes from a checkpoint. */
function packResourceVersion(text: string): number {
  const version = Number(text);
  return Number.isSafeInteger(version) && String(version) === text ? version : 0;
}

/** The reporter's clock may have gone back; then all of it happened at the end. */
function spread(count: number, from: number, to: number, closed: boolean): Occurrences {
  return from < to ? { count, from, to, closed } : { count, from: to, to, closed: true };
}

/**
 * When only the clocks of reporters could tell, as in a rebuilt datastore, what is unknown and was last seen within this
 * time before our last read counts as news: a reporter's clock may be slow. Longer than this no Event lives
 * (`--event-ttl`), and those that were taken are known.
 */
const UNSURE_MS = 3_600_000;

function isNews(event: Event, backlog: Backlog): boolean {
  if (backlog.kind === "first") return event.lastSeenAt > backlog.seenAfter;
  const { kind, after } = backlog;
  if (event.lastSeenAt > after.at) return true;
  const order = kind === "rebuilt" ? null : compareResourceVersions(event.resourceVersion, after.version ?? "");
  return order === null ? event.lastSeenAt > after.at - UNSURE_MS : order > 0;
}

/**
 * Counts by the change of an Event's own count, never by updates: client-go folds hundreds of repeats into one.
 *
 * An Event pushed out of the full table is unknown when it comes again, and its whole count is then taken once more:
 * too much rather than too little. `metrics.eventCountsEvicted` says how often.
 */
export function createOccurrences(options: OccurrencesOptions): OccurrenceCounter {
  const { metrics } = options;
  const maxEvents = options.maxEvents ?? DEFAULT_MAX_EVENTS;
  // What is known of an Event stands at its slot: a row of objects would take four times the memory.
  const counts = new Float64Array(maxEvents);
  const lastSeenAts = new Float64Array(maxEvents);
  const resourceVersions = new Float64Array(maxEvents);
  /** 1: it is among those the next checkpoint takes. */
  const dirty = new Uint8Array(maxEvents);
  let dirtyCount = 0;
  const slots = new LRUCache<string, number>({ max: maxEvents });

  const write = (slot: number, count: number, lastSeenAt: number, resourceVersion: string): void => {
    counts[slot] = count;
    lastSeenAts[slot] = lastSeenAt;
    resourceVersions[slot] = packResourceVersion(resourceVersion);
  };

  const markDirty = (slot: number, isDirty: 0 | 1): void => {
    dirtyCount += isDirty - (dirty[slot] ?? 0);
    dirty[slot] = isDirty;
  };

  /** Makes room for an unknown Event, if need be by forgetting the one not heard of for longest. */
  const addSlot = (uid: string): number => {
    let slot = slots.size;
    if (slot >= maxEvents) {
      slot = slots.pop() ?? 0;
      markDirty(slot, 0);
      metrics.eventCountsEvicted.inc();
    }
    slots.set(uid, slot);
    return slot;
  };

  const add = ({ eventUid, count, lastSeenAt, resourceVersion }: Event): void => {
    const slot = addSlot(eventUid);
    write(slot, count, lastSeenAt, resourceVersion);
    markDirty(slot, 1);
  };

  const update = (slot: number, event: Event, lastSeenAt: number): void => {
    write(slot, event.count, lastSeenAt, event.resourceVersion);
    markDirty(slot, 1);
  };

  /** A datastore that was rebuilt counts its versions anew; then the time tells. */
  const isNewer = (event: Event, slot: number): boolean => {
    const order = compareResourceVersions(event.resourceVersion, String(resourceVersions[slot]));
    return (order !== null && order > 0) || event.lastSeenAt > (lastSeenAts[slot] ?? 0);
  };

  return {
    take(event, backlog) {
      const slot = slots.get(event.eventUid);
      if (slot === undefined) {
        add(event);
        return {
          event,
          occurrences: spread(event.count, event.firstSeenAt, event.lastSeenAt, true),
          history: backlog !== null && !isNews(event, backlog),
        };
      }
      const more = event.count - (counts[slot] ?? 0);
      const from = lastSeenAts[slot] ?? 0;
      if (more > 0) {
        update(slot, event, Math.max(event.lastSeenAt, from));
        return { event, occurrences: spread(more, from, event.lastSeenAt, false), history: false };
      }
      // A list or a replayed watch may show an older state of the Event; only a newer one can really have fallen.
      if (more === 0 || !isNewer(event, slot)) return "replayed";
      metrics.countsFell.inc();
      update(slot, event, event.lastSeenAt);
      return { event, occurrences: spread(1, from, event.lastSeenAt, false), history: false };
    },
    changed() {
      const rows: KnownCount[] = [];
      // Newest first, and each change made its Event the newest: the last dirty one is soon reached.
      for (const [uid, slot] of slots.entries()) {
        if (dirtyCount === 0) break;
        if (dirty[slot] !== 1) continue;
        markDirty(slot, 0);
        rows.push({ uid, count: counts[slot] ?? 0, lastSeenAt: lastSeenAts[slot] ?? 0 });
      }
      return rows;
    },
    restore(rows) {
      for (const { uid, count, lastSeenAt } of rows) {
        write(slots.get(uid) ?? addSlot(uid), count, lastSeenAt, "");
      }
    },
    maxEvents,
  };
}
