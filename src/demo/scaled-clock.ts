import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../runtime/clock.ts";

export interface ScaledClock extends Clock {
  /** Sets it going; sleeps that began before end as if it had run. */
  start(): void;
}

/** A clock that stands at `startAt`, epoch ms, until started, and then runs `factor` times as fast as the machine's. */
export function createScaledClock(startAt: number, factor: number): ScaledClock {
  let begun: number | null = null;
  const elapsed = (): number => (begun === null ? 0 : (performance.now() - begun) * factor);
  return {
    start() {
      begun ??= performance.now();
    },
    now: () => startAt + elapsed(),
    monotonic: elapsed,
    sleep: (ms, signal) => sleep(ms / factor, undefined, signal ? { signal } : {}),
  };
}
