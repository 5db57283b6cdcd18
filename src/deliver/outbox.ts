import type { AddressedAlert, Alert } from "../model/alert.ts";
import type { Delivery, Plainness } from "../model/delivery.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Database, Row } from "../runtime/database.ts";
import type { LastingClock } from "../runtime/lasting-clock.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { createAlertStore, toStored } from "./alert-store.ts";
import { createAttempts } from "./attempts.ts";
import { createFullDigests } from "./full-digest.ts";
import { createHistory } from "./history.ts";
import { createLedger, type LedgerRow } from "./ledger.ts";
import { createQueue, deliveryOf } from "./queue.ts";
import { createRoom } from "./room.ts";

/** A delivery given up, kept for people as long as the history has room for it. */
export interface DeadLetter extends Delivery {
  readonly detail: string;
  /** Epoch ms. */
  readonly endedAt: number;
}

/** When the last requests went to a destination, oldest first, on the lasting clock: a restart goes on from them. */
export interface PaceRecord {
  readonly destination: string;
  readonly sent: readonly number[];
}

/** Why a delivery is put off. */
interface Postponement {
  /** Lasting ms; null leaves it due. */
  readonly dueAt: number | null;
  readonly reason: string;
  readonly detail: string;
  /** The request may have arrived, and no answer came. */
  readonly unsure: boolean;
}

/**
 * Alerts on disk until their receivers have them, and a while longer as history. Every call is one transaction, or part
 * of the caller's own, and throws `StorageError` when the disk does not take it; then nothing has changed.
 *
 * Of the deliveries of one rule and group to one receiver only the oldest is ever tried: they arrive in order.
 * Calls about a delivery that has ended already are ignored, so a repeated call is harmless.
 */
export interface Outbox {
  /**
   * Stores all or none, and returns once they are on disk (in a caller's transaction: once that commits). Only then
   * do their Events count as handled; put the checkpoint into the same transaction.
   *
   * An alert beyond its receiver's share of the disk becomes a line or a count in that receiver's open digest of why
   * `full`, and the ledger counts it as written and merged. Nothing is refused, and no receiver can stop another.
   */
  enqueue(alerts: readonly AddressedAlert[]): void;
  /**
   * The delivery to try next, or null; it stays where it is. `steady`: due at `now`, gravest first, then oldest.
   * `probe`, for asking an ailing receiver: one that may have arrived already, due or not, up to its third attempt; else
   * of those that are due the least tried, so as not to meet the same body each time.
   */
  next(receiver: string, mode: "steady" | "probe", now: number): Delivery | null;
  /** For receivers that take many at once: up to `most` in the order of `steady`. */
  nextBatch(receiver: string, most: number, now: number): readonly Delivery[];
  /** Lasting ms when something falls due, 0 if something is; null when nothing waits. One look into an index. */
  nextDueAt(receiver: string): number | null;
  /**
   * The receiver has them: all in one commit, with the pace of the destination. After `normal` (see `Database`), which
   * it is without `durability`, a power cut may take the last ones back: they are sent again.
   */
  delivered(
    done: readonly { readonly delivery: Delivery; readonly remote?: string }[],
    pace?: PaceRecord,
    durability?: "full" | "normal",
  ): void;
  /** Counts an attempt that was answered, or may have arrived, and keeps the delivery. */
  postpone(delivery: Delivery, to: Postponement, pace?: PaceRecord): void;
  /** Counts the attempt and makes the words of the next one plainer, never less plain; due at once. */
  makePlainer(delivery: Delivery, plain: Plainness, reason: string, detail: string, pace?: PaceRecord): void;
  /** Counts the attempt and gives the delivery up. */
  bury(delivery: Delivery, reason: string, detail: string, pace?: PaceRecord): void;
  /** Gives up, unattempted, all that waits for a receiver that is gone; 256 in a transaction. Answers how many. */
  buryReceiver(receiver: string, reason: string, detail: string): number;
  waiting(receiver?: string): number;
  /** Receivers that something waits for, whether or not they are still configured. */
  receivers(): readonly string[];
  /** Oldest first. */
  deadLetters(): readonly DeadLetter[];
  ledger(): readonly LedgerRow[];
  /** When the last requests went to the destination, as the last `PaceRecord` said; empty if none did. */
  pace(destination: string): readonly number[];
  /** Calls `wake` with each receiver that got something to deliver, after it is on disk. Answers how to stop that. */
  onEnqueue(wake: (receiver: string) => void): () => void;
}

export interface OutboxOptions {
  readonly database: Database;
  readonly clock: Pick<Clock, "now">;
  readonly lasting: Pick<LastingClock, "now">;
  readonly metrics: Pick<Metrics, "entries" | "entriesWaiting" | "entriesWritten">;
  /** Most bytes of alerts and deliveries together, history included. */
  readonly maxBytes: number;
  /** Most of what has ended: alerts, and bytes of theirs. */
  readonly history: { readonly alerts: number; readonly maxBytes: number };
  /** How many receivers share the room; asked at each use, since a reload may change it. */
  readonly sharers: () => number;
}

/** Opens the outbox in `database`; what an earlier run left waiting goes on waiting, with its attempts and due times. */
export function createOutbox(options: OutboxOptions): Outbox {
  const { database, clock, lasting } = options;
  const wakers = new Set<(receiver: string) => void>();
  const ledger = createLedger(options);
  const history = createHistory({ database, ...options.history });
  const store = createAlertStore({ database, ledger, history, lasting });
  const digests = createFullDigests({ database, store, ledger, history, clock });
  const queue = createQueue({ database, ledger });
  const hasRoom = createRoom({ ...options, ledger, history });
  const { recording, buryUnreadable } = createAttempts({ database, clock, ledger, history });

  /** Stores one alert for those who have room for it; what is left goes into `beyond`. */
  const put = ({ alert, receivers }: AddressedAlert, beyond: Map<string, Beyond[]>): void => {
    const stored = toStored(alert);
    const wanted = { bytes: stored.bytes, severity: alert.severity };
    const takers = receivers.filter((receiver) => hasRoom(receiver, wanted));
    const row = takers.length > 0 ? store.insert(stored, takers) : null;
    for (const receiver of receivers) {
      if (takers.includes(receiver)) continue;
      beyond.set(receiver, [...(beyond.get(receiver) ?? []), { alert, row }]);
    }
  };

  const merge = (receiver: string, beyond: readonly Beyond[]): void => {
    const digest = digests.add(
      receiver,
      beyond.map((one) => one.alert),
    );
    ledger.change(receiver, { written: beyond.length, merged: beyond.length });
    for (const { alert, row } of beyond) if (row !== null) store.insertMerged(row, alert, receiver, digest);
  };

  const take = (receiver: string, pick: () => readonly Row[]): readonly Delivery[] => {
    for (;;) {
      const rows = pick();
      const readable = rows.flatMap((row) => {
        const delivery = deliveryOf(row, receiver);
        if (delivery === null) buryUnreadable(Number(row["alert"]), receiver);
        return delivery ?? [];
      });
      for (const { row } of readable) digests.close(receiver, row);
      if (readable.length > 0 || rows.length === 0) return readable;
    }
  };

  return {
    enqueue(alerts) {
      if (alerts.length === 0) return;
      database.transaction(() => {
        const beyond = new Map<string, Beyond[]>();
        for (const addressed of alerts) put(addressed, beyond);
        for (const [receiver, some] of beyond) merge(receiver, some);
        history.prune();
        database.afterCommit(() => {
          const told = new Set(alerts.flatMap((one) => one.receivers));
          for (const receiver of told) for (const wake of wakers) wake(receiver);
        });
      });
    },
    next: (receiver, mode, now) =>
      take(receiver, () => (mode === "probe" ? queue.probe(receiver, now) : queue.steady(receiver, 1, now)))[0] ?? null,
    nextBatch: (receiver, most, now) => take(receiver, () => queue.steady(receiver, most, now)),
    nextDueAt: (receiver) => queue.nextDueAt(receiver),
    ...recording,
    waiting: (receiver) =>
      (receiver === undefined ? ledger.receivers() : [receiver]).reduce((sum, name) => sum + ledger.waiting(name), 0),
    receivers: () => ledger.receivers(),
    deadLetters: () => queue.deadLetters(),
    ledger: () => ledger.rows(),
    onEnqueue(wake) {
      wakers.add(wake);
      return () => wakers.delete(wake);
    },
  };
}

/** An alert that a receiver has no room for, and its row where another receiver has. */
interface Beyond {
  readonly alert: Alert;
  readonly row: number | null;
}
