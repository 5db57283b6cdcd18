import type { DeliveryOutcome, OutboxEntry, Sender } from "../model/delivery.ts";
import type { Clock } from "../runtime/clock.ts";
import { StorageError } from "../runtime/database.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Metrics } from "../runtime/metrics.ts";
import type { Budget } from "./budget.ts";
import type { Outbox } from "./outbox.ts";
import { type Random, isOwnTrouble, probeDelayMs, retryDelayMs } from "./retry.ts";

/** How one receiver is doing. */
interface ReceiverState {
  /** `open`: it did not answer well, and one entry at a time probes. `misconfigured`: a person must mend it. */
  readonly circuit: "closed" | "open" | "misconfigured";
  /** Of the last attempt: `delivered`, or the outcome's reason; null before the first. */
  readonly lastOutcome: string | null;
  readonly waiting: number;
}

export interface DispatcherOptions {
  readonly outbox: Outbox;
  readonly senders: ReadonlyMap<string, Sender>;
  /** Receivers without one are not limited. */
  readonly budgets: ReadonlyMap<string, Budget>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** For jitter; `Math.random` if not given. */
  readonly random?: Random;
}

/** Carries entries from the outbox to their senders. */
export interface Dispatcher {
  /**
   * Runs until aborted. Then it lets attempts in flight end (a sender bounds them to some 10 s), records them and
   * resolves. Rejects only for a bug.
   */
  run(signal: AbortSignal): Promise<void>;
  state(): ReadonlyMap<string, ReceiverState>;
}

/** How long to wait for a disk that does not take what became of an attempt. */
const STORAGE_RETRY_MS = 5000;
/** A circuit open for longer was an outage, after which everything that waits may go at once. */
const OUTAGE_MS = 60_000;

/** The longest rest. Due times are wall-clock, so look again at times in case that jumped. */
const MAX_REST_MS = 60_000;
/** A time at which everything is due. */
const END = Number.MAX_SAFE_INTEGER;

/** One receiver's loop. The circuit is the receiver's; attempts and due times are each entry's own, on disk. */
interface Lane {
  readonly receiver: string;
  readonly sender: Sender;
  circuit: ReceiverState["circuit"];
  lastOutcome: string | null;
  /** Bad answers in a row of the receiver, since it last delivered. */
  failures: number;
  /** Monotonic ms. */
  openedAt: number;
  reopensAt: number;
  /** Replaced at each wait; aborting it ends the wait. */
  bell: AbortController;
}

/**
 * Delivers at least once: an entry leaves the outbox only after its receiver has it, and if we die between the two it
 * is sent again.
 *
 * One serial loop per receiver, so a dead one holds up no other. Bad answers open the receiver's circuit: until it
 * delivers again, one entry at a time is tried, the least tried first, so that no body it chokes on can block it.
 */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { outbox, senders, budgets, clock, logger, metrics, random = Math.random } = options;
  const lanes = new Map<string, Lane>();
  for (const [receiver, sender] of senders) {
    lanes.set(receiver, {
      receiver,
      sender,
      circuit: "closed",
      lastOutcome: null,
      failures: 0,
      openedAt: 0,
      reopensAt: 0,
      bell: new AbortController(),
    });
  }

  /** Gives up what waits for receivers that are gone from the configuration. */
  const buryUnknown = (): void => {
    for (const receiver of outbox.receivers()) {
      if (lanes.has(receiver)) continue;
      const detail = "the configuration names no such receiver any more";
      for (let entry = outbox.next(receiver, END); entry !== null; entry = outbox.next(receiver, END)) {
        outbox.bury(entry.id, "unknown_receiver", detail);
        logger.error({ receiver, rule: entry.rule, entry: entry.id, detail }, "notification given up");
      }
    }
  };

  /** Sleeps `ms`, or until the bell rings or the run ends. */
  const rest = async (lane: Lane, ms: number, signal: AbortSignal): Promise<void> => {
    const asleep = AbortSignal.any([signal, lane.bell.signal]);
    try {
      await clock.sleep(ms, asleep);
    } catch (error) {
      if (!asleep.aborted) throw error;
    }
    if (lane.bell.signal.aborted) lane.bell = new AbortController();
  };

  /**
   * Repeats a write until the disk takes it: going on without would send the entry again and again. Gives up only when
   * the run ends; then the entry is sent again after the restart.
   */
  const record = async (lane: Lane, write: () => void, signal: AbortSignal): Promise<void> => {
    for (;;) {
      try {
        return write();
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        const { receiver } = lane;
        logger.error({ receiver, reason: error.reason, detail: error.message }, "outbox cannot be written; waiting");
        if (signal.aborted) return;
        await rest(lane, STORAGE_RETRY_MS, signal);
      }
    }
  };

  const openCircuit = (
    lane: Lane,
    circuit: "open" | "misconfigured",
    told: { reason: string; detail: string },
  ): void => {
    if (lane.circuit === "closed") lane.openedAt = clock.monotonic();
    if (lane.circuit !== circuit) {
      lane.failures = 0;
      const said = { receiver: lane.receiver, ...told, waiting: outbox.waiting(lane.receiver) };
      if (circuit === "open") logger.warn(said, "receiver does not take notifications; they wait");
      else logger.error(said, "receiver is misconfigured; notifications wait until it is mended");
    }
    lane.circuit = circuit;
    lane.failures += 1;
  };

  /** Notes that the receiver is well, and answers what to write because of it. */
  const closeCircuit = (lane: Lane): (() => void) => {
    if (lane.circuit === "closed") return () => {};
    const forMs = clock.monotonic() - lane.openedAt;
    lane.circuit = "closed";
    lane.failures = 0;
    lane.reopensAt = 0;
    const said = { receiver: lane.receiver, seconds: Math.round(forMs / 1000), waiting: outbox.waiting(lane.receiver) };
    logger.info(said, "receiver takes notifications again");
    return forMs >= OUTAGE_MS ? () => outbox.dueNow(lane.receiver) : () => {};
  };

  /** Draws the conclusions of one attempt and answers what to write. The write may run more than once. */
  const settle = (lane: Lane, entry: OutboxEntry, outcome: DeliveryOutcome): (() => void) => {
    const about = { receiver: lane.receiver, rule: entry.rule, entry: entry.id, attempt: entry.attempts + 1 };
    let write: () => void;
    switch (outcome.kind) {
      case "delivered": {
        const alsoWrite = closeCircuit(lane);
        logger.debug(about, "delivered");
        write = () => {
          outbox.delivered(entry.id);
          alsoWrite();
        };
        break;
      }
      case "retry": {
        const { reason, detail } = outcome;
        const afterMs = outcome.afterMs ?? 0;
        if (!isOwnTrouble(reason)) {
          openCircuit(lane, "open", { reason, detail });
          lane.reopensAt = clock.monotonic() + retryDelayMs({ failures: lane.failures, afterMs }, random);
        }
        logger.debug({ ...about, reason, detail }, "not delivered; will be tried again");
        const dueAt = clock.now() + retryDelayMs({ failures: entry.attempts + 1, afterMs }, random);
        write = () => outbox.retryAt(entry.id, dueAt, reason);
        break;
      }
      case "misconfigured": {
        const { reason, detail } = outcome;
        openCircuit(lane, "misconfigured", { reason, detail });
        const delayMs = probeDelayMs(lane.failures, random);
        lane.reopensAt = clock.monotonic() + delayMs;
        const dueAt = clock.now() + delayMs;
        write = () => outbox.retryAt(entry.id, dueAt, reason);
        break;
      }
      case "refused": {
        const { reason, detail, fallback } = outcome;
        // The receiver answered and judged this one body: it is well itself.
        const alsoWrite = closeCircuit(lane);
        if (fallback === undefined) {
          logger.error({ ...about, reason, detail, summary: entry.summary }, "notification given up");
        } else logger.warn({ ...about, reason, detail }, "refused; a plainer body is tried");
        write = () => {
          if (fallback === undefined) outbox.bury(entry.id, reason, detail);
          else outbox.replaceBody(entry.id, fallback);
          alsoWrite();
        };
        break;
      }
    }
    return write;
  };

  /** Sends the next entry, when the budget allows, and records what came of it. */
  const attempt = async (lane: Lane, signal: AbortSignal): Promise<void> => {
    try {
      await budgets.get(lane.receiver)?.take(signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    // Chosen only now: something graver may have come while the budget was short.
    const now = clock.now();
    const entry = lane.circuit === "closed" ? outbox.next(lane.receiver, now) : outbox.nextProbe(lane.receiver, now);
    if (entry === null) return;
    // Not the run's signal: an attempt in flight ends by itself, so that its outcome is known.
    const outcome = await lane.sender.send(entry, new AbortController().signal);
    lane.lastOutcome = outcome.kind === "delivered" ? "delivered" : outcome.reason;
    metrics.attempts.inc({ receiver: lane.receiver, outcome: lane.lastOutcome });
    await record(lane, settle(lane, entry, outcome), signal);
  };

  /** How long until there may be something to send, in ms; 0 if there is now. */
  const waitMs = (lane: Lane): number => {
    const circuitMs = lane.reopensAt - clock.monotonic();
    if (circuitMs > 0) return circuitMs;
    const dueAt = outbox.nextDueAt(lane.receiver);
    return dueAt === null ? Infinity : Math.max(0, dueAt - clock.now());
  };

  const drain = async (lane: Lane, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      try {
        const ms = waitMs(lane);
        if (ms > 0) await rest(lane, Math.min(ms, MAX_REST_MS), signal);
        else await attempt(lane, signal);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        logger.error({ receiver: lane.receiver, reason: error.reason }, "outbox cannot be read; waiting");
        await rest(lane, STORAGE_RETRY_MS, signal);
      }
    }
  };

  return {
    async run(signal) {
      try {
        buryUnknown();
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        logger.error({ reason: error.reason }, "outbox cannot be written; entries of unknown receivers stay");
      }
      const unsubscribe = outbox.onEnqueue((receiver) => {
        const lane = lanes.get(receiver);
        // A waiting circuit is not woken: more entries do not make the receiver better.
        if (lane?.circuit === "closed") lane.bell.abort();
      });
      // A bug in one loop ends the others too, and with them the process.
      const failed = new AbortController();
      const either = AbortSignal.any([signal, failed.signal]);
      const loops = [...lanes.values()].map((lane) =>
        drain(lane, either).catch((error: unknown) => {
          failed.abort();
          throw error;
        }),
      );
      const ended = await Promise.allSettled(loops);
      unsubscribe();
      const bug = ended.find((one) => one.status === "rejected");
      if (bug) throw bug.reason;
    },
    state: () =>
      new Map(
        [...lanes.values()].map(({ receiver, circuit, lastOutcome }) => [
          receiver,
          { circuit, lastOutcome, waiting: outbox.waiting(receiver) },
        ]),
      ),
  };
}
