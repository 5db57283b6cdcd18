import { setTimeout as sleep } from "node:timers/promises";

/** The two times of the engine. Nothing else in `src` may ask the machine what time it is. */
export interface Clock {
  /** Wall clock, epoch ms: may jump when NTP answers. For what people read and what goes to disk. */
  now(): number;
  /** Milliseconds since some start: never jumps. For windows, timers and deadlines. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal ? { signal } : {}),
};
