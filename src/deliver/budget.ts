import type { LastingClock } from "../runtime/lasting-clock.ts";

/** Attempts a destination allows in any interval of a length. */
export interface Allowance {
  readonly attempts: number;
  readonly windowMs: number;
}

/** Keeps the attempts at one destination under its limits, whoever makes them. */
export interface Budget {
  /** How long until an attempt is allowed, ms; 0: now. */
  waitMs(): number;
  /** Counts an attempt made now. To be called in the same step as the `waitMs` that allowed it. */
  book(): void;
  /** Attempts that still count, lasting ms, oldest first: what a later budget goes on from. */
  sent(): readonly number[];
}

/**
 * Sliding windows, exact: no interval of a window's length holds more than its attempts, wherever it starts and over
 * restarts too, if `saved` is what `sent` last said. Keeps no more than the largest number of attempts.
 */
export function createBudget(
  lasting: Pick<LastingClock, "now">,
  allowances: readonly Allowance[],
  saved: readonly number[] = [],
): Budget {
  const most = Math.max(0, ...allowances.map((one) => one.attempts));
  const longestMs = Math.max(0, ...allowances.map((one) => one.windowMs));
  // A clock set anew may stand before what it once said: an attempt of the future would block until then.
  const start = lasting.now();
  let booked = saved.map((at) => Math.min(at, start));

  const sent = (): readonly number[] => {
    const now = lasting.now();
    return booked.filter((at) => at + longestMs > now);
  };

  return {
    waitMs() {
      const now = lasting.now();
      const waits = allowances.map(({ attempts, windowMs }) => {
        const nth = booked[booked.length - attempts];
        // Half-open windows, (t − T, t]: exactly one window later the old attempt no longer counts.
        return nth === undefined ? 0 : nth + windowMs - now;
      });
      return Math.max(0, ...waits);
    },
    book() {
      // Whole milliseconds take little room on disk. Rounded up: never early.
      booked = [...sent(), Math.ceil(lasting.now())].slice(-most);
    },
    sent,
  };
}
