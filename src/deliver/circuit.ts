import type { Clock } from "../runtime/clock.ts";
import { probeDelayMs, type Random, retryDelayMs } from "./retry.ts";

/** `open`: the receiver is in trouble that may pass by itself. `misconfigured`: a person must change something. */
export type CircuitState = "closed" | "open" | "misconfigured";

/**
 * Whether one receiver may be sent to. In memory alone: an outage puts off the receiver, never what waits for it, so
 * that all of it may go at once when the outage ends.
 */
export interface Circuit {
  state(): CircuitState;
  /** How long until the next attempt may be made, ms; 0: now. */
  waitMs(): number;
  /** An attempt failed in that way. Says whether the state is another one now. */
  open(state: "open" | "misconfigured", afterMs?: number): boolean;
  /** The receiver works. Says how long it did not, ms; null if that was not known. */
  close(): number | null;
}

/** A circuit that is closed. */
export function createCircuit(clock: Pick<Clock, "monotonic">, random: Random): Circuit {
  let state: CircuitState = "closed";
  /** Bad answers in a row that led to this state, the first included. */
  let failures = 0;
  let openedAt = 0;
  let retryAt = 0;

  return {
    state: () => state,
    waitMs: () => Math.max(0, retryAt - clock.monotonic()),
    open(next, afterMs = 0) {
      const now = clock.monotonic();
      const changed = state !== next;
      // Of many sent at once: it is the same failure.
      if (!changed && now < retryAt) return false;
      if (state === "closed") openedAt = now;
      failures = changed ? 1 : failures + 1;
      state = next;
      retryAt = now + (next === "open" ? retryDelayMs({ failures, afterMs }, random) : probeDelayMs(failures, random));
      return changed;
    },
    close() {
      if (state === "closed") return null;
      state = "closed";
      failures = 0;
      retryAt = 0;
      return clock.monotonic() - openedAt;
    },
  };
}
