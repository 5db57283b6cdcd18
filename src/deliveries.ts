import { type Budget, createBudget } from "./deliver/budget.ts";
import type { Dialect } from "./deliver/dialect.ts";
import { createDispatcher, type Dispatcher } from "./deliver/dispatch.ts";
import type { Channel, Item, ReceiverKind, ReceiverSettings, World } from "./deliver/kind.ts";
import type { Outbox } from "./deliver/outbox.ts";
import type { ReceiverState } from "./deliver/receiver.ts";
import type { Random } from "./deliver/retry.ts";
import type { Delivery } from "./model/delivery.ts";
import { StorageError } from "./runtime/database.ts";
import type { LastingClock } from "./runtime/lasting-clock.ts";
import type { Logger } from "./runtime/logger.ts";

export interface DeliveriesOptions extends World {
  readonly outbox: Outbox;
  readonly loadKind: (name: string) => Promise<ReceiverKind<unknown>>;
  /** The words of a delivery, by the configuration in force when they are asked for. */
  readonly item: (delivery: Delivery, dialect: Dialect) => Item;
  readonly lasting: Pick<LastingClock, "now">;
  readonly logger: Logger;
  /** For jitter; `Math.random` if not given. */
  readonly random?: Random;
}

/** The receivers of the configuration in force, each with its dispatcher and its channel. */
export interface Deliveries {
  /**
   * Goes on with these receivers. Those whose own settings are the same are not disturbed; what is in flight to others
   * ends under the old settings first, which may take some 8 s. What waits for receivers that are gone is given up.
   */
  use(receivers: readonly ReceiverSettings[]): Promise<void>;
  /** By name; empty while none runs. */
  state(): ReadonlyMap<string, ReceiverState>;
  /** Stops all for good within some 8 s, whatever the receivers do. */
  close(): Promise<void>;
}

interface Running {
  readonly settings: ReceiverSettings;
  readonly destination: string;
  readonly dispatcher: Dispatcher;
  /** Lets what is in flight end, and closes the channel. */
  readonly stop: () => Promise<void>;
}

/** How long a channel may take to close. */
const CLOSE_MS = 1000;

/** Nothing is sent before the first `use`. A bug in a dispatcher is a rejection nobody handles: it ends the process. */
export function createDeliveries(options: DeliveriesOptions): Deliveries {
  const { outbox, loadKind, item, lasting, networkClock, logger } = options;
  const running = new Map<string, Running>();
  const budgets = new Map<string, Budget>();
  const unsubscribe = outbox.onEnqueue((receiver) => running.get(receiver)?.dispatcher.wake());
  let isFirstUse = true;
  let isClosed = false;
  /** Ends when the last `use` has ended; never rejects. */
  let using: Promise<unknown> = Promise.resolve();

  const budgetOf = (destination: string, kind: ReceiverKind<unknown>): Budget => {
    const known = budgets.get(destination);
    if (known) return known;
    const budget = createBudget(lasting, kind.limits.pace, outbox.pace(destination));
    budgets.set(destination, budget);
    return budget;
  };

  const closeChannel = async (channel: Channel): Promise<void> => {
    const closed = new AbortController();
    const closes = channel.close().finally(() => closed.abort());
    await Promise.race([closes, networkClock.sleep(CLOSE_MS, closed.signal).catch(() => closes)]);
  };

  const start = async (settings: ReceiverSettings): Promise<void> => {
    const { name: receiver } = settings;
    const kind = await loadKind(settings.kind);
    if (isClosed) return;
    const destination = kind.destination(settings.settings, options);
    const budget = budgetOf(destination, kind);
    // If the last run was killed, one attempt at each receiver was made that nobody could note.
    if (isFirstUse) budget.book();
    const channel = kind.open(receiver, settings.settings, options);
    const dispatcher = createDispatcher({
      ...options,
      receiver,
      kind,
      channel,
      destination,
      budget,
      item: (delivery) => item(delivery, kind.dialect),
    });
    const stopping = new AbortController();
    const done = dispatcher.run(stopping.signal);
    const stop = async (): Promise<void> => {
      stopping.abort();
      await done;
      await closeChannel(channel);
    };
    running.set(receiver, { settings, destination, dispatcher, stop });
  };

  const stop = async (receiver: string): Promise<void> => {
    await running.get(receiver)?.stop();
    running.delete(receiver);
  };

  const buryGone = (configured: ReadonlySet<string>): void => {
    const detail = "the configuration names no such receiver any more";
    for (const receiver of outbox.receivers()) {
      if (configured.has(receiver)) continue;
      try {
        const deliveries = outbox.buryReceiver(receiver, "unknown_receiver", detail);
        logger.error({ receiver, deliveries, detail }, "notifications given up");
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        logger.error({ receiver, reason: error.reason }, "outbox cannot be written; what waits for nobody stays");
      }
    }
  };

  const forgetUnusedBudgets = (): void => {
    const used = new Set([...running.values()].map(({ destination }) => destination));
    // What they counted is on disk, should their destination come back.
    for (const destination of budgets.keys()) if (!used.has(destination)) budgets.delete(destination);
  };

  const change = async (receivers: readonly ReceiverSettings[]): Promise<void> => {
    const configured = new Set(receivers.map(({ name }) => name));
    const gone = [...running.keys()].filter((name) => !configured.has(name));
    await Promise.all([
      ...gone.map(stop),
      ...receivers.map(async (settings) => {
        const before = running.get(settings.name);
        if (before && JSON.stringify(before.settings) === JSON.stringify(settings)) return;
        await stop(settings.name);
        await start(settings);
      }),
    ]);
    isFirstUse = false;
    if (isClosed) return;
    buryGone(configured);
    forgetUnusedBudgets();
  };

  return {
    use(receivers) {
      const changed = using.then(() => change(receivers));
      using = changed.catch(() => {});
      return changed;
    },
    state: () => new Map([...running].map(([receiver, { dispatcher }]) => [receiver, dispatcher.state()])),
    async close() {
      isClosed = true;
      unsubscribe();
      await Promise.all([...running.keys()].map(stop));
    },
  };
}
