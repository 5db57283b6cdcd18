import type { Clock } from "../../src/runtime/clock.ts";

export interface FakeClock extends Clock {
  /** Moves both times on and wakes every sleeper that is due, in order of its time. */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock alone, as NTP does. */
  setWall(epochMs: number): void;
  sleepers(): number;
  /** For each sleeper, how long it will sleep yet, in ms; the shortest first. */
  sleeping(): readonly number[];
}

/** A clock that moves only when told to. */
export function createFakeClock(startEpochMs: number): FakeClock {
  let monotonicMs = 0;
  let wallOffset = startEpochMs;
  const asleep = new Set<{ dueAt: number; wake: () => void }>();

  return {
    now: () => wallOffset + monotonicMs,
    monotonic: () => monotonicMs,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        const abort = (): void => {
          asleep.delete(sleeper);
          reject(signal?.reason as Error);
        };
        const sleeper = {
          dueAt: monotonicMs + ms,
          wake: (): void => {
            asleep.delete(sleeper);
            signal?.removeEventListener("abort", abort);
            resolve();
          },
        };
        if (signal?.aborted) return abort();
        signal?.addEventListener("abort", abort, { once: true });
        asleep.add(sleeper);
      });
    },
    async advance(ms) {
      const end = monotonicMs + ms;
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve));
        const due = [...asleep].filter((one) => one.dueAt <= end).toSorted((a, b) => a.dueAt - b.dueAt)[0];
        if (!due) break;
        monotonicMs = Math.max(monotonicMs, due.dueAt);
        due.wake();
      }
      monotonicMs = end;
    },
    setWall(epochMs) {
      wallOffset = epochMs - monotonicMs;
    },
    sleepers: () => asleep.size,
    sleeping: () => [...asleep].map(({ dueAt }) => dueAt - monotonicMs).toSorted((a, b) => a - b),
  };
}
