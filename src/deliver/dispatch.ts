import type { Delivery } from "../model/delivery.ts";
import type { Clock } from "../runtime/clock.ts";
import { StorageError } from "../runtime/database.ts";
import type { LastingClock } from "../runtime/lasting-clock.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { attempt } from "./attempt.ts";
import type { Budget } from "./budget.ts";
import type { Failure, NextStep } from "./conclude.ts";
import type { Channel, Item, ReceiverKind } from "./kind.ts";
import type { Outbox, PaceRecord } from "./outbox.ts";
import { createReceiver, type ReceiverState } from "./receiver.ts";
import type { Random } from "./retry.ts";

export interface DispatcherOptions {
  readonly receiver: string;
  readonly channel: Pick<Channel, "send">;
  readonly kind: Pick<ReceiverKind<unknown>, "takes" | "batch">;
  /** Who shares `budget`; its last attempts are stored under this name. */
  readonly destination: string;
  readonly budget: Budget;
  readonly outbox: Outbox;
  /** The delivery in words. */
  readonly item: (delivery: Delivery) => Item;
  readonly clock: Clock;
  readonly lasting: Pick<LastingClock, "now">;
  /** Bounds what is in flight at the stop. */
  readonly networkClock: Pick<Clock, "sleep">;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "attempts">;
  /** For jitter; `Math.random` if not given. */
  readonly random?: Random;
}

/** Carries what waits for one receiver from the outbox to its channel. */
export interface Dispatcher {
  /**
   * Runs until aborted; then what is in flight may end and is recorded, and within some 7 s it has resolved whatever
   * the channel does. Rejects only for a bug.
   */
  run(stop: AbortSignal): Promise<void>;
  /** Something was stored for the receiver. */
  wake(): void;
  state(): ReceiverState;
}

/** How long to wait for a disk that does not take what became of an attempt. */
const STORAGE_RETRY_MS = 5000;
/** How long to wait when something is due and yet nothing can be read: without a pause that would be asked at once. */
const NOTHING_READ_MS = 1000;
/** The longest sleep: a timer cannot be set for ever. */
const MAX_SLEEP_MS = 60 * 60_000;

/**
 * Delivers at least once: a delivery ends only after its receiver has it, and if we die between the two it is sent
 * again, with the same key.
 *
 * One attempt at a time. While the receiver's circuit is not closed one delivery is tried at a time, the least tried
 * first, so that no body it cannot take holds up the others.
 */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { channel, kind, destination, budget, outbox, item, clock, lasting, networkClock, logger } = options;
  const name = options.receiver;
  const receiver = createReceiver({
    ...options,
    hasPlainerWords: kind.takes === "message",
    waiting: () => outbox.waiting(name),
    random: options.random ?? Math.random,
  });
  /** Replaced after each wake; aborting it ends the sleep. */
  let waking = new AbortController();

  const sleep = async (ms: number, until: AbortSignal): Promise<void> => {
    try {
      await clock.sleep(Math.min(ms, MAX_SLEEP_MS), until);
    } catch (error) {
      if (!until.aborted) throw error;
    }
  };

  const sleepUntilWoken = async (ms: number, stop: AbortSignal): Promise<void> => {
    await sleep(ms, AbortSignal.any([stop, waking.signal]));
    if (waking.signal.aborted) waking = new AbortController();
  };

  /** How long until there may be something to send, in ms; 0 if there is now. */
  const waitMs = (): number => {
    const notBeforeMs = Math.max(receiver.circuit.waitMs(), budget.waitMs());
    if (notBeforeMs > 0) return notBeforeMs;
    const dueAt = outbox.nextDueAt(name);
    return dueAt === null ? Infinity : Math.max(0, dueAt - lasting.now());
  };

  const choose = (): readonly Delivery[] => {
    const closed = receiver.circuit.state() === "closed";
    if (closed && kind.batch > 1) return outbox.nextBatch(name, kind.batch, lasting.now());
    const delivery = outbox.next(name, closed ? "steady" : "probe", lasting.now());
    return delivery === null ? [] : [delivery];
  };

  /**
   * Repeats a write until the disk takes it: going on without would send the delivery again and again. Gives up only
   * when the run ends; then it is sent again after the restart.
   */
  const record = async (write: () => void, stop: AbortSignal): Promise<void> => {
    for (;;) {
      try {
        return write();
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        const { reason, message: detail } = error;
        logger.error({ receiver: name, reason, detail }, "outbox cannot be written; waiting");
        if (stop.aborted) return;
        await sleep(STORAGE_RETRY_MS, stop);
      }
    }
  };

  const write = (delivery: Delivery, { reason, detail }: Failure, step: NextStep, pace?: PaceRecord): void => {
    switch (step.kind) {
      case "stays":
        return;
      case "put-off": {
        const dueAt = step.afterMs === null ? null : lasting.now() + step.afterMs;
        return outbox.postpone(delivery, { dueAt, reason, detail, unsure: step.unsure }, pace);
      }
      case "plainer":
        return outbox.makePlainer(delivery, step.plain, reason, detail, pace);
      case "dead":
        return outbox.bury(delivery, reason, detail, pace);
    }
  };

  /** Sends what is to be sent next and records what came of it: all that was delivered in one commit. */
  const sendNext = async (stop: AbortSignal): Promise<void> => {
    // In one step with the look at budget and circuit: something graver may have come while they were awaited.
    const deliveries = choose();
    if (deliveries.length === 0) return sleepUntilWoken(NOTHING_READ_MS, stop);
    budget.book();
    const outcomes = await attempt(
      channel,
      deliveries.map((one) => item(one)),
      stop,
      networkClock,
    );
    if (outcomes === null) return;
    const sent = budget.sent();
    const pace = sent.length === 0 ? undefined : { destination, sent };
    const done: Parameters<Outbox["delivered"]>[0][number][] = [];
    const writes: (() => void)[] = [];
    for (const [index, delivery] of deliveries.entries()) {
      const outcome = outcomes[index];
      if (outcome === undefined) throw new Error(`channel of ${name} gave fewer outcomes than it was given items`);
      if (outcome.kind === "delivered") {
        receiver.delivered(delivery);
        done.push({ delivery, ...(outcome.remote === undefined ? {} : { remote: outcome.remote }) });
      } else {
        const step = receiver.failed(delivery, outcome);
        writes.push(() => write(delivery, outcome, step, pace));
      }
    }
    if (done.length > 0) await record(() => outbox.delivered(done, pace), stop);
    for (const one of writes) await record(one, stop);
  };

  const turn = async (stop: AbortSignal): Promise<void> => {
    try {
      const ms = waitMs();
      if (ms > 0) return await sleepUntilWoken(ms, stop);
      await sendNext(stop);
      // A channel without I/O would keep everything else from running, signals to the process included.
      await sleep(0, stop);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      logger.error({ receiver: name, reason: error.reason }, "outbox cannot be read; waiting");
      await sleep(STORAGE_RETRY_MS, stop);
    }
  };

  return {
    async run(stop) {
      while (!stop.aborted) await turn(stop);
    },
    wake: () => waking.abort(),
    state: () => receiver.state(),
  };
}
