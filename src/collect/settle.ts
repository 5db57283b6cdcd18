import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { createBackoff } from "./backoff.ts";
import { quietStep, selectorFor, type Change, type Ending, type ReflectorState, type Step } from "./reflector-state.ts";

export interface SettleOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly selector: () => string;
  readonly logger: Pick<Logger, "info" | "warn">;
  readonly metrics: Pick<Metrics, "watches">;
}

/** A watch that ends as soon as this ended for a reason. */
const BRIEF_MS = 5_000;
const REFUSED_RETRY_MS = 30_000;
/** Longer than the longest wait of the back-off, so that a server on which each list expires is asked ever more rarely. */
const RELIST_AT_ONCE_AFTER_MS = 60_000;

const OUTCOMES: Readonly<Record<Ending["kind"], "ended" | "gone" | "refused" | "error" | "timeout">> = {
  ended: "ended",
  stopped: "ended",
  gone: "gone",
  refused: "refused",
  invalid: "refused",
  unstreamed: "refused",
  failed: "error",
  timeout: "timeout",
};

function again(waitMs: number, change: Partial<Change> = {}): Change {
  return { step: waitMs > 0 ? "wait" : "verify", waitMs, ...change };
}

/** Step: waits as long as `settle` found right, or until the signal is aborted. */
export function createWait(clock: Pick<Clock, "sleep">): Step {
  return quietStep(async ({ waitMs }, signal) => {
    await clock.sleep(waitMs, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    return { step: "verify" };
  });
}

/** Step: draws the consequences of how a list or a watch ended. */
export function createSettle(options: SettleOptions): Step {
  const { clock, random, logger, metrics } = options;
  const backoff = createBackoff(clock, random);

  /** Asks people for help once, and then waits for it. */
  const refuse = ({ refused }: ReflectorState, status: number, message: string, waitMs: number): Change => {
    if (!refused) logger.warn({ status, why: message }, "the API server refuses the watch");
    return again(waitMs, { refused: { status, message } });
  };

  const slowlyMs = (): number => REFUSED_RETRY_MS * (1 + random());

  const settle = (state: ReflectorState): Change => {
    const { ending } = state;
    switch (ending.kind) {
      case "stopped":
        return again(0);
      case "ended":
        // The server's own timeout. The jitter keeps a fleet from coming back in step.
        return again(ending.lastedMs > BRIEF_MS ? random() * 1000 : backoff.nextMs());
      case "unstreamed":
        logger.info("this API server does not stream the initial state, listing it in pages");
        return again(0, { step: "list" });
      case "gone": {
        logger.info({ why: ending.message }, "the resourceVersion is gone, listing again");
        const now = clock.monotonic();
        // Once at once: history grows older while we wait. Again and again only at the pace of failures.
        const waitMs = now - state.goneAt > RELIST_AT_ONCE_AFTER_MS ? 0 : backoff.nextMs();
        return again(waitMs, { isListed: false, datastore: "unverified", goneAt: now });
      }
      case "invalid": {
        const refusedSelector = selectorFor(state, options.selector());
        if (!refusedSelector) return refuse(state, ending.status, ending.message, slowlyMs());
        logger.warn({ why: ending.message }, "this API server refuses the field selector, going on without one");
        return again(0, { refusedSelector });
      }
      case "refused":
        // RBAC is mended by people. A token is rotated by kubelet, within seconds.
        return refuse(state, ending.status, ending.message, ending.status === 403 ? slowlyMs() : backoff.nextMs());
      case "failed": {
        const waitMs = backoff.nextMs(ending.retryAfterMs);
        logger.warn({ why: ending.message, waitMs: Math.round(waitMs) }, "the watch failed");
        return again(waitMs);
      }
      case "timeout": {
        const waitMs = backoff.nextMs();
        logger.warn({ why: ending.message, waitMs: Math.round(waitMs) }, "the API server fell silent");
        return again(waitMs);
      }
    }
  };

  return quietStep((state) => {
    metrics.watches.inc({ outcome: OUTCOMES[state.ending.kind] });
    return settle(state);
  });
}
