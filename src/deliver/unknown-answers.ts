import type { LastingClock } from "../runtime/lasting-clock.ts";

/** What one more unknown answer says about the delivery that got it. */
interface Finding {
  /** The receiver took another body since this one's last unknown answer. */
  readonly othersTaken: boolean;
  /** It was tried for an hour in which the receiver took others: the cause lies in this body. */
  readonly bodyAtFault: boolean;
}

/**
 * The deliveries of one receiver whose answers are not known to us, and how long each was tried.
 *
 * The cause of such an answer may be the body, the receiver, or whatever stands between it and us. Time counts against
 * a body only while the receiver takes others, so an answer that all of them get is held against none.
 */
export interface UnknownAnswers {
  add(row: number): Finding;
  /** The receiver took this body. */
  taken(row: number): void;
  /** The delivery was given up. */
  ended(row: number): void;
  /** How many deliveries that still wait had one. */
  count(): number;
}

/** How long a body is tried before it is given up. */
const TRIED_MS = 60 * 60_000;
/**
 * Most that one pause counts: when a receiver takes a single body in the middle of a long trouble of its own, what was
 * put off for an hour must not be given up at the next answer.
 */
const COUNTED_MS = 15 * 60_000;
/** Beyond it the oldest is forgotten, and its hour begins anew. */
const MAX_DELIVERIES = 4096;

interface Tried {
  readonly answeredAt: number;
  /** Bodies the receiver had taken by then. */
  readonly takenBefore: number;
  readonly countedMs: number;
}

/** Begins empty: after a restart every hour begins anew. */
export function createUnknownAnswers(lasting: Pick<LastingClock, "now">): UnknownAnswers {
  const deliveries = new Map<number, Tried>();
  let taken = 0;

  return {
    add(row) {
      const now = lasting.now();
      const before = deliveries.get(row);
      const othersTaken = before !== undefined && taken > before.takenBefore;
      const pauseMs = othersTaken ? Math.min(now - before.answeredAt, COUNTED_MS) : 0;
      const countedMs = (before?.countedMs ?? 0) + pauseMs;
      // Put last again, so that the first of the map is the one that was not tried for the longest time.
      deliveries.delete(row);
      deliveries.set(row, { answeredAt: now, takenBefore: taken, countedMs });
      const [oldest] = deliveries.keys();
      if (deliveries.size > MAX_DELIVERIES && oldest !== undefined) deliveries.delete(oldest);
      return { othersTaken, bodyAtFault: countedMs >= TRIED_MS };
    },
    taken(row) {
      taken += 1;
      deliveries.delete(row);
    },
    ended: (row) => void deliveries.delete(row),
    count: () => deliveries.size,
  };
}
