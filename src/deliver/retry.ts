/** Longest wait after network trouble. Days offline are normal, so it never grows into giving up. */
const MAX_RETRY_MS = 60_000;

/** Wait before the first probe of a receiver that a person must mend, and the longest between two. */
const FIRST_PROBE_MS = 5 * 60_000;
const MAX_PROBE_MS = 60 * 60_000;

const FIRST_RETRY_MS = 1000;

/** Reasons that concern the one entry, not its receiver: the others need not wait for it. */
const OWN_TROUBLES: ReadonlySet<string> = new Set(["internal_error", "in_flight"]);

/** Whether a retry for this reason leaves the receiver's other entries free to go. */
export function isOwnTrouble(reason: string): boolean {
  return OWN_TROUBLES.has(reason);
}

/** A number in [0, 1). */
export type Random = () => number;

export interface RetryWish {
  /** Failures in a row, this one included; from 1. */
  readonly failures: number;
  /** The receiver's own wish: never sooner, and the doubling starts from it. */
  readonly afterMs?: number;
}

/**
 * How long to wait after a failure that may pass by itself, in ms: between 0 and 1 s, 2 s, 4 s … 60 s.
 *
 * Full jitter: many engines that lost one uplink must not come back in step. A receiver's wish is a floor, even
 * beyond 60 s, but at most an hour, so that a wrong header cannot silence it for days.
 */
export function retryDelayMs(wish: RetryWish, random: Random): number {
  const floorMs = Math.min(Math.max(wish.afterMs ?? 0, 0), MAX_PROBE_MS);
  const firstMs = Math.max(FIRST_RETRY_MS, floorMs);
  const ceilingMs = Math.min(MAX_RETRY_MS, firstMs * 2 ** Math.min(wish.failures - 1, 20));
  return Math.round(Math.max(floorMs, random() * ceilingMs));
}

/**
 * How long to wait before asking a misconfigured receiver again, in ms: 5, 10, 20, 40, 60, 60 … minutes, less up to a
 * tenth. The entry keeps waiting: the person who mends the secret loses nothing.
 */
export function probeDelayMs(probes: number, random: Random): number {
  const ceilingMs = Math.min(MAX_PROBE_MS, FIRST_PROBE_MS * 2 ** Math.min(probes - 1, 20));
  return Math.round(ceilingMs * (1 - random() / 10));
}
