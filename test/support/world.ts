import type { Item, World } from "../../src/deliver/kind.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import type { Message } from "../../src/model/message.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import { createRedactor } from "../../src/runtime/secret.ts";
import { aDelivery } from "./alerts.ts";
import { createFakeClock } from "./fake-clock.ts";

/** What a kind of receiver is handed; prints into `lines`. */
export function aWorld(over: Partial<World> = {}): World & { readonly lines: readonly string[] } {
  const clock = createFakeClock(0);
  const lines: string[] = [];
  return {
    clock,
    networkClock: clock,
    metrics: createMetrics(),
    redactor: createRedactor(),
    print: (line) => {
      lines.push(line);
      return Promise.resolve();
    },
    ...over,
    lines,
  };
}

export function aMessage(over: Partial<Message> = {}): Message {
  return {
    title: "home · BackOff",
    severity: "warning",
    resolved: false,
    facts: [{ label: "Kind", value: "Pod" }],
    lead: "hello",
    leadLabel: "Message",
    lines: [],
    hints: [],
    commands: [],
    mentions: [],
    links: [],
    rule: { label: "Rule", value: "crash-loop" },
    summary: "plain words",
    ...over,
  };
}

/** A delivery with its words at hand. */
export function anItem(
  over: { message?: Partial<Message>; layout?: unknown; delivery?: Partial<Delivery> } = {},
): Item {
  const { message, layout, delivery } = over;
  return {
    delivery: aDelivery(undefined, delivery),
    message: () => aMessage(message),
    layout: layout === undefined ? null : () => layout,
    edits: null,
  };
}
