import type { Checkpoint } from "./checkpoint.ts";
import type { KnownCount, OccurrenceCounter } from "./collect/occurrences.ts";
import type { Position } from "./collect/source.ts";
import type { Evaluator } from "./decide/evaluate.ts";
import type { GroupKey, GroupState } from "./decide/throttle.ts";
import type { Outbox } from "./deliver/outbox.ts";
import type { Notification } from "./model/notification.ts";
import type { Clock } from "./runtime/clock.ts";
import { StorageError, type Database } from "./runtime/database.ts";

/** Brings what was decided to disk, notifications and checkpoint in one transaction. */
export interface Progress {
  /** The source is decided up to here, but for the Events on hold. */
  advance(read: Position): void;
  /** An Event's decision is still out: the checkpoint must not claim it. Held once per call. */
  hold(eventUid: string): void;
  release(eventUid: string): void;
  /**
   * Stores everything gathered, or nothing and says why. What was gathered is kept for the next call, these
   * notifications too: no later checkpoint may claim their Events without them.
   */
  save(notifications: readonly Notification[]): null | "full" | StorageError["reason"];
  /** Notifications given to `save` are not on disk yet. */
  isBehind(): boolean;
  /** Saves if that is due, and forgets what is long over. A failure is tried again later. */
  saveNowAndThen(): void;
}

export interface ProgressOptions {
  readonly occurrences: OccurrenceCounter;
  readonly evaluator: Evaluator;
  readonly outbox: Outbox;
  readonly checkpoint: Checkpoint;
  readonly database: Database;
  readonly clock: Clock;
}

/** How often the checkpoint is stored when nothing was sent. An SD card wears with each write. */
const SAVE_PAUSE_MS = 30_000;
/** The API server keeps Events for an hour (`--event-ttl`); a count is kept a little longer. */
const COUNTS_KEPT_MS = 2 * 3_600_000;

function groupId({ ruleKey, group }: GroupKey): string {
  return `${ruleKey} ${group}`;
}

/** See `Progress`. Nothing is gathered at first. */
export function createProgress(options: ProgressOptions): Progress {
  const { occurrences, evaluator, outbox, checkpoint, database, clock } = options;
  const counts = new Map<string, KnownCount>();
  const groups = new Map<string, GroupState>();
  const removedGroups = new Map<string, GroupKey>();
  const held = new Map<string, number>();
  let unsaved: readonly Notification[] = [];
  let read: Position | null = null;
  let savedRead: Position | null = null;
  let savedAt = clock.monotonic();
  let forgottenAt = -Infinity;

  const gather = (): void => {
    for (const row of occurrences.changed()) counts.set(row.uid, row);
    for (const key of evaluator.removed()) {
      groups.delete(groupId(key));
      removedGroups.set(groupId(key), key);
    }
    for (const state of evaluator.changed()) {
      groups.set(groupId(state), state);
      removedGroups.delete(groupId(state));
    }
  };

  /**
   * More waits to be stored than an empty outbox takes at once: stores what it takes. A kill before the rest is stored
   * repeats this part; waiting for room would never end.
   */
  const savePart = (): void => {
    for (let length = Math.floor(unsaved.length / 2); length > 0; length = Math.floor(length / 2)) {
      if (outbox.enqueue(unsaved.slice(0, length)) === "full") continue;
      unsaved = unsaved.slice(length);
      return;
    }
  };

  const save = (notifications: readonly Notification[]): ReturnType<Progress["save"]> => {
    gather();
    if (notifications.length > 0) unsaved = [...unsaved, ...notifications];
    const decided = [...counts.values()].filter((row) => !held.has(row.uid));
    const position = held.size === 0 ? read : null;
    const work = (): null | "full" => {
      if (outbox.enqueue(unsaved) === "full") return "full";
      checkpoint.save({
        position,
        counts: decided,
        groups: [...groups.values()],
        removedGroups: [...removedGroups.values()],
      });
      if (clock.monotonic() - forgottenAt >= COUNTS_KEPT_MS / 2) {
        checkpoint.forgetCountsBefore(clock.now() - COUNTS_KEPT_MS);
        forgottenAt = clock.monotonic();
      }
      return null;
    };
    try {
      // Without a notification a power cut costs at most a second look at what the API server still has.
      const trouble = database.transaction(work, unsaved.length > 0 ? "full" : "normal");
      if (trouble && outbox.waiting() === 0) savePart();
      if (trouble) return trouble;
    } catch (error) {
      if (error instanceof StorageError) return error.reason;
      throw error;
    }
    for (const { uid } of decided) counts.delete(uid);
    groups.clear();
    removedGroups.clear();
    unsaved = [];
    if (position) savedRead = position;
    savedAt = clock.monotonic();
    return null;
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
    isBehind: () => unsaved.length > 0,
    saveNowAndThen() {
      if (clock.monotonic() - savedAt < SAVE_PAUSE_MS) return;
      gather();
      // A quiet cluster costs the SD card nothing.
      if (read !== savedRead || counts.size + groups.size + removedGroups.size + unsaved.length > 0) save([]);
    },
  };
}
