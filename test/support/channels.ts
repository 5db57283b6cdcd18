import type { Channel, Item } from "../../src/deliver/kind.ts";
import type { Delivery, Outcome } from "../../src/model/delivery.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { nameOf } from "./delivery.ts";

/** An item whose words nobody asks for. */
export function anItem(delivery: Delivery): Item {
  return {
    delivery,
    message: () => {
      throw new Error("a channel of a test reads the delivery, not its words");
    },
    layout: null,
    edits: null,
  };
}

/** What a receiver answers to a delivery. */
export type Answer = (delivery: Delivery) => Outcome | Promise<Outcome>;

/** A channel that answers by a function, and remembers what it was given. */
export interface FakeChannel extends Channel {
  sent(): readonly { readonly delivery: Delivery; readonly at: number }[];
  /** Names of the alerts, in the order of sending. */
  names(): readonly string[];
  /** Monotonic ms. */
  times(): readonly number[];
  /** How many were sent at once, each time. */
  batches(): readonly number[];
  isClosed(): boolean;
}

export function aChannel(clock: Clock, answer: Answer): FakeChannel {
  const sent: { delivery: Delivery; at: number }[] = [];
  const batches: number[] = [];
  let closed = false;
  return {
    async send(items) {
      batches.push(items.length);
      const outcomes: Outcome[] = [];
      for (const { delivery } of items) {
        sent.push({ delivery, at: clock.monotonic() });
        outcomes.push(await answer(delivery));
      }
      return outcomes;
    },
    close() {
      closed = true;
      return Promise.resolve();
    },
    sent: () => sent,
    names: () => sent.map(({ delivery }) => nameOf(delivery)),
    times: () => sent.map(({ at }) => at),
    batches: () => batches,
    isClosed: () => closed,
  };
}
