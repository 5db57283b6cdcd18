import type { Clock } from "../../src/runtime/clock.ts";

export interface SteppedClock extends Clock {
  /** Moves both times on. */
  step(ms: number): void;
  /** Moves the wall clock alone. */
  jump(ms: number): void;
}

/** A clock without sleepers, for laws that step it ten thousand times. */
export function createSteppedClock(startEpochMs: number, startMonotonicMs = 0): SteppedClock {
  let wall = startEpochMs;
  let monotonic = startMonotonicMs;
  return {
    now: () => wall,
    monotonic: () => monotonic,
    sleep: () => Promise.reject(new Error("nothing sleeps on a stepped clock")),
    step(ms) {
      wall += ms;
      monotonic += ms;
    },
    jump(ms) {
      wall += ms;
    },
  };
}
