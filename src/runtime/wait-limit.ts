import type { Clock } from "./clock.ts";

/** Limits the time spent waiting for somebody, all waits together; between two waits it stands still. */
export interface WaitLimit {
  /** Aborted once the limit is reached, with the reason given. */
  readonly signal: AbortSignal;
  /** A wait begins. */
  begin(): void;
  /** It is over: what was waited for has come. */
  pause(): void;
  /** Forgets what has been waited so far. */
  reset(): void;
  /** Never aborts from now on, and leaves no timer behind. */
  stop(): void;
}

/** Not waiting at first. `reason` is asked when the limit is reached. */
export function createWaitLimit(clock: Clock, limitMs: number, reason: () => Error): WaitLimit {
  const reached = new AbortController();
  const stopped = new AbortController();
  let waitedMs = 0;
  let since: number | null = null;
  let isTimerSet = false;

  const runTimer = async (): Promise<void> => {
    isTimerSet = true;
    for (;;) {
      // Between two waits no timer is set; the next one sets it.
      if (since === null) break;
      const leftMs = limitMs - waitedMs - (clock.monotonic() - since);
      if (leftMs <= 0) return reached.abort(reason());
      await clock.sleep(leftMs, stopped.signal);
    }
    isTimerSet = false;
  };

  return {
    signal: reached.signal,
    begin() {
      since = clock.monotonic();
      // Rejects only when it is stopped.
      if (!isTimerSet && !stopped.signal.aborted) runTimer().catch(() => {});
    },
    pause() {
      if (since !== null) waitedMs += clock.monotonic() - since;
      since = null;
    },
    reset() {
      waitedMs = 0;
      if (since !== null) since = clock.monotonic();
    },
    stop: () => stopped.abort(),
  };
}
