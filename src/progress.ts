import type { Checkpoint, CheckpointChange } from "./checkpoint.ts";
import type { KnownCount, OccurrenceCounter } from "./collect/occurrences.ts";
import type { Position } from "./collect/source.ts";
import type { Outbox } from "./deliver/outbox.ts";
import type { AddressedAlert } from "./model/alert.ts";
import type { StateChanges } from "./model/state.ts";
import type { Clock } from "./runtime/clock.ts";
import { StorageError, type Database } from "./runtime/database.ts";
import type { LastingClock } from "./runtime/lasting-clock.ts";

/** Brings what was decided to disk, alerts and checkpoint in one transaction. */
export interface Progress {
  /** The source is decided up to here, but for the Events on hold. */
  advance(read: Position): void;
  /** An Event's decision is still out: the checkpoint must not claim it. Held once per call. */
  hold(eventUid: string): void;
  release(eventUid: string): void;
  /**
   * Stores everything gathered, or says why not. What was gathered is kept for the next call, these alerts too: no
   * later checkpoint may claim their Events without them.
   */
  save(alerts: readonly AddressedAlert[]): null | StorageError["reason"];
  /** Alerts given to `save` are not on disk yet. */
  isBehind(): boolean;
  /** Saves if that is due, and forgets what is long over. A failure is tried again later. */
  saveNowAndThen(): void;
}

export interface ProgressOptions {
  readonly occurrences: Pick<OccurrenceCounter, "changed">;
  readonly evaluator: { changes(): StateChanges };
  readonly outbox: Pick<Outbox, "enqueue">;
  readonly checkpoint: Pick<Checkpoint, "save" | "forgetCountsBefore">;
  readonly database: Pick<Database, "transaction" | "onReplaced">;
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly lasting: Pick<LastingClock, "state">;
}

/** How often the checkpoint is stored when nothing is told. An SD card wears with each write. */
const SAVE_PAUSE_MS = 30_000;
/** And when nothing has happened but that the watch has moved on: a little less than a watch lasts. */
const READ_PAUSE_MS = 240_000;
/** The API server keeps Events for an hour (`--event-ttl`); a count is kept a little longer. */
const COUNTS_KEPT_MS = 2 * 3_600_000;

/** All that was gathered between two moments. */
interface Snapshot extends Omit<CheckpointChange, "lasting"> {
  readonly alerts: readonly AddressedAlert[];
}

/**
 * See `Progress`. Nothing is gathered at first.
 *
 * What the disk refuses is kept as it is and stored first, in a transaction of its own, when the disk takes it again.
 * Until then nothing more is gathered: the tables that are mirrored note their changes themselves, each within its bound.
 */
export function createProgress(options: ProgressOptions): Progress {
  const { occurrences, evaluator, outbox, checkpoint, database, clock, lasting } = options;
  const held = new Map<string, number>();
  /** Counts of Events on hold. */
  const heldCounts = new Map<string, KnownCount>();
  let refused: Snapshot | null = null;
  let unsaved: readonly AddressedAlert[] = [];
  let read: Position | null = null;
  let savedRead: Position | null = null;
  let savedAt = clock.monotonic();
  let forgottenAt = -Infinity;
  database.onReplaced(() => {
    savedRead = null;
  });

  const gather = (): Snapshot => {
    for (const row of occurrences.changed()) heldCounts.set(row.uid, row);
    const counts = [...heldCounts.values()].filter((row) => !held.has(row.uid));
    for (const { uid } of counts) heldCounts.delete(uid);
    const alerts = unsaved;
    unsaved = [];
    return { alerts, counts, position: held.size === 0 ? read : null, state: evaluator.changes() };
  };

  const write = (snapshot: Snapshot): void => {
    // Without an alert a power cut costs at most a second look at what the API server still has.
    const durability = snapshot.alerts.length > 0 ? "full" : "normal";
    const forgets = clock.monotonic() - forgottenAt >= COUNTS_KEPT_MS / 2;
    database.transaction(() => {
      outbox.enqueue(snapshot.alerts);
      checkpoint.save({ ...snapshot, lasting: lasting.state() });
      if (forgets) checkpoint.forgetCountsBefore(clock.now() - COUNTS_KEPT_MS);
    }, durability);
    if (forgets) forgottenAt = clock.monotonic();
    refused = null;
    savedRead = snapshot.position ?? savedRead;
    savedAt = clock.monotonic();
  };

  const store = (snapshot: Snapshot): null | StorageError["reason"] => {
    refused = snapshot;
    try {
      write(snapshot);
      return null;
    } catch (error) {
      if (error instanceof StorageError) return error.reason;
      throw error;
    }
  };

  const save = (alerts: readonly AddressedAlert[]): null | StorageError["reason"] => {
    if (alerts.length > 0) unsaved = [...unsaved, ...alerts];
    return (refused && store(refused)) ?? store(gather());
  };

  return {
    advance(to) {
      read = to;
    },
    hold(eventUid) {
      held.set(eventUid, (held.get(eventUid) ?? 0) + 1);
    },
    release(eventUid) {
      const left = (held.get(eventUid) ?? 1) - 1;
      if (left > 0) held.set(eventUid, left);
      else held.delete(eventUid);
    },
    save,
    isBehind: () => unsaved.length > 0 || (refused?.alerts.length ?? 0) > 0,
    saveNowAndThen() {
      const passedMs = clock.monotonic() - savedAt;
      if (passedMs < SAVE_PAUSE_MS) return;
      if (refused || unsaved.length > 0) {
        save([]);
        return;
      }
      const snapshot = gather();
      const { groups, removedGroups, agenda, removedAgenda } = snapshot.state;
      const changed = [snapshot.counts, groups, removedGroups, agenda, removedAgenda].some((some) => some.length > 0);
      // A quiet cluster costs the SD card next to nothing.
      const moved = snapshot.position !== null && snapshot.position !== savedRead;
      if (changed || (moved && passedMs >= READ_PAUSE_MS)) store(snapshot);
    },
  };
}
