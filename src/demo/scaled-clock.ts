import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../runtime/clock.ts";

/** A clock that starts at `startAt`, epoch ms, and runs `factor` times as fast as the machine's. */
export function createScaledClock(startAt: number, factor: number): Clock {
  const begun = performance.now();
  const elapsed = (): number => (performance.now() - begun) * factor;
  return {
    now: () => startAt + elapsed(),
    monotonic: elapsed,
    sleep: (ms, signal) => sleep(ms / factor, undefined, signal ? { signal } : {}),
  };
}
