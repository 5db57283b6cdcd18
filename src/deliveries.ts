import type { ReceiverConfig } from "./config/config.ts";
import { createBudget, FEISHU_ALLOWANCES, type Budget } from "./deliver/budget.ts";
import { createDispatcher, type Dispatcher } from "./deliver/dispatch.ts";
import { createFeishuSender } from "./deliver/feishu/sender.ts";
import type { Outbox } from "./deliver/outbox.ts";
import { createStdoutSender } from "./deliver/stdout/sender.ts";
import type { Sender } from "./model/delivery.ts";
import type { Clock } from "./runtime/clock.ts";
import type { Logger } from "./runtime/logger.ts";
import type { Metrics } from "./runtime/metrics.ts";
import type { Redactor } from "./runtime/secret.ts";

export interface DeliveryParts {
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** For time limits of connections. */
  readonly networkClock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly redactor: Redactor;
  readonly print: (line: string) => void;
}

/** The dispatcher and senders of the receivers that are configured at the time. */
export interface Deliveries {
  /** Stops what runs, finishing attempts under way, and goes on with these receivers. */
  use(receivers: readonly ReceiverConfig[]): Promise<void>;
  /** What the dispatcher says of each receiver; empty while none runs. */
  state(): ReturnType<Dispatcher["state"]>;
  close(): Promise<void>;
}

/** Nothing is sent before the first `use`. */
export function createDeliveries(parts: DeliveryParts): Deliveries {
  let running: { dispatcher: Dispatcher; stop: () => Promise<void> } | null = null;

  const start = (receivers: readonly ReceiverConfig[]): NonNullable<typeof running> => {
    const senders = new Map(receivers.map((receiver) => [receiver.name, senderOf(receiver, parts)]));
    const budgets = new Map(receivers.map((receiver) => [receiver.name, budgetOf(receiver, parts.clock)]));
    const dispatcher = createDispatcher({ ...parts, senders, budgets });
    const stopping = new AbortController();
    const done = dispatcher.run(stopping.signal);
    const stop = async (): Promise<void> => {
      stopping.abort();
      await done;
      await Promise.all([...senders.values()].map((sender) => sender.close()));
    };
    return { dispatcher, stop };
  };

  return {
    async use(receivers) {
      await running?.stop();
      running = start(receivers);
    },
    state: () => running?.dispatcher.state() ?? new Map(),
    async close() {
      await running?.stop();
      running = null;
    },
  };
}

/** The sender of one receiver: a new kind of receiver is a folder beside `deliver/feishu` and a line here. */
export function senderOf(receiver: ReceiverConfig, parts: Omit<DeliveryParts, "outbox">): Sender {
  switch (receiver.kind) {
    case "feishu":
      return createFeishuSender({ ...parts, receiver });
    case "stdout":
      return createStdoutSender({ print: parts.print });
  }
}

function budgetOf(receiver: ReceiverConfig, clock: Clock): Budget {
  return createBudget(clock, receiver.kind === "feishu" ? FEISHU_ALLOWANCES : []);
}
