import type { Clock } from "../runtime/clock.ts";

/** Attempts a receiver allows in any interval of a length. */
export interface Allowance {
  readonly attempts: number;
  readonly windowMs: number;
}

/** Keeps one receiver's attempts under its limits. */
export interface Budget {
  /** Waits until an attempt is allowed and books it. Rejects with the signal's reason when aborted, booking nothing. */
  take(signal: AbortSignal): Promise<void>;
}

/**
 * What a Feishu bot is given. It allows 5 a second and 100 a minute (Feishu custom-bot guide, 2026-11); we stay under
 * both, because attempts bunch up on the way and a second signature (19021) is an attempt of its own.
 */
export const FEISHU_ALLOWANCES: readonly Allowance[] = [
  { attempts: 4, windowMs: 1000 },
  { attempts: 90, windowMs: 60_000 },
];

/**
 * Sliding windows, exact: no interval of a window's length holds more than its attempts, wherever it starts. On the
 * monotonic clock. A restart begins empty; the receiver's own refusal covers that one minute.
 */
export function createBudget(clock: Clock, allowances: readonly Allowance[]): Budget {
  const longest = Math.max(0, ...allowances.map((one) => one.attempts));
  let taken: number[] = [];

  const waitMs = (now: number): number =>
    Math.max(
      0,
      ...allowances.map(({ attempts, windowMs }) => {
        const nth = taken[taken.length - attempts];
        // Half-open windows, (t − T, t]: exactly one window later the old attempt no longer counts.
        return nth === undefined ? 0 : nth + windowMs - now;
      }),
    );

  return {
    async take(signal) {
      for (;;) {
        signal.throwIfAborted();
        const now = clock.monotonic();
        const ms = waitMs(now);
        if (ms <= 0) {
          taken = [...taken, now].slice(-Math.max(1, longest));
          return;
        }
        await clock.sleep(ms, signal);
      }
    },
  };
}
