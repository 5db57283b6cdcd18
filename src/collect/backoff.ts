import type { Clock } from "../runtime/clock.ts";

/** How long to wait after one failure after another. */
export interface Backoff {
  /** The next wait, longer each time until things have been well for a while. `atLeastMs`: the server's own wish. */
  nextMs(atLeastMs?: number | null): number;
}

/** client-go's reflector (tools/cache/reflector.go, v1.36): 0.8 s doubling to 30 s, fresh after 2 min of health. */
const FIRST_MS = 800;
const LONGEST_MS = 30_000;
const HEALTHY_MS = 120_000;

/** A server that wishes for more than this is not obeyed: Events live for an hour. */
const LONGEST_WISH_MS = 300_000;

/** Jitter takes off up to half, so that a fleet that lost one server does not come back as one. */
export function createBackoff(clock: Pick<Clock, "monotonic">, random: () => number): Backoff {
  let failures = 0;
  let lastFailureAt = -Infinity;
  return {
    nextMs(atLeastMs = null) {
      const now = clock.monotonic();
      if (now - lastFailureAt > HEALTHY_MS) failures = 0;
      const fullMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** failures);
      failures = Math.min(failures + 1, 16);
      const waitMs = fullMs * (0.5 + random() / 2);
      const wishMs = Math.min(atLeastMs ?? 0, LONGEST_WISH_MS);
      // The wait itself is no health.
      lastFailureAt = now + Math.max(waitMs, wishMs);
      return wishMs > waitMs ? wishMs + random() * FIRST_MS : waitMs;
    },
  };
}
