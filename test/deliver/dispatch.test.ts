import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { createBudget } from "../../src/deliver/budget.ts";
import { createDispatcher, type Dispatcher } from "../../src/deliver/dispatch.ts";
import type { DeliveryOutcome, OutboxEntry, Sender } from "../../src/model/delivery.ts";
import { aLogger, aNotification, anOutbox, type Store } from "../support/delivery.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";

const START = Date.UTC(2026, 10, 22, 12);
const OFFLINE: DeliveryOutcome = { kind: "retry", reason: "dns_failed", detail: "no answer: ENOTFOUND" };
const FINE: DeliveryOutcome = { kind: "delivered" };

let clock: FakeClock;
let store: Store;
let lines: string[];

beforeEach(() => {
  clock = createFakeClock(START);
  store = anOutbox(clock);
});

/** A sender that answers by a function, and what it was given when. */
function aSender(answer: (entry: OutboxEntry, nth: number) => DeliveryOutcome | Promise<DeliveryOutcome>): {
  sender: Sender;
  sent: { summary: string; at: number }[];
} {
  const sent: { summary: string; at: number }[] = [];
  const sender: Sender = {
    send(entry) {
      sent.push({ summary: entry.summary, at: clock.monotonic() });
      return Promise.resolve(answer(entry, sent.length));
    },
    close: () => Promise.resolve(),
  };
  return { sender, sent };
}

/** Runs a dispatcher over the senders until the test ends. Jitter is off: each wait is its longest. */
function run(senders: Readonly<Record<string, Sender>>): { dispatcher: Dispatcher; stop: () => Promise<void> } {
  const logged = aLogger();
  ({ lines } = logged);
  const dispatcher = createDispatcher({
    outbox: store.outbox,
    senders: new Map(Object.entries(senders)),
    budgets: new Map([["limited", createBudget(clock, [{ attempts: 1, windowMs: 1000 }])]]),
    clock,
    logger: logged.logger,
    metrics: store.metrics,
    random: () => 1 - Number.EPSILON,
  });
  const stopping = new AbortController();
  const running = dispatcher.run(stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  onTestFinished(stop);
  return { dispatcher, stop };
}

describe("dispatcher", () => {
  test("sends what waits and what comes, gravest first", async () => {
    const { sender, sent } = aSender(() => FINE);
    store.outbox.enqueue([aNotification({ summary: "w" }), aNotification({ summary: "c", severity: "critical" })]);
    run({ feishu: sender });
    await clock.advance(10);
    store.outbox.enqueue([aNotification({ summary: "later" })]);
    await clock.advance(10);
    expect(sent.map(({ summary }) => summary)).toEqual(["c", "w", "later"]);
    expect(store.outbox.ledger()).toEqual([{ receiver: "feishu", written: 3, delivered: 3, dead: 0, waiting: 0 }]);
  });

  test("probes a dead receiver with one entry at a time, for days, and loses nothing", async () => {
    let online = false;
    const { sender, sent } = aSender(() => (online ? FINE : OFFLINE));
    store.outbox.enqueue(Array.from({ length: 20 }, (_, n) => aNotification({ summary: String(n) })));
    const { dispatcher } = run({ feishu: sender });
    await clock.advance(600_000);
    expect(dispatcher.state().get("feishu")).toEqual({ circuit: "open", lastOutcome: "dns_failed", waiting: 20 });
    // 1 + 2 + 4 … 32 s, then one a minute: not one per entry.
    expect(sent.length).toBeLessThan(18);
    expect(sent.slice(1, 6).map(({ at }, index) => at - (sent[index]?.at ?? 0))).toEqual([
      1000, 2000, 4000, 8000, 16_000,
    ]);
    online = true;
    await clock.advance(61_000);
    expect(store.outbox.ledger()[0]).toMatchObject({ delivered: 20, dead: 0, waiting: 0 });
    expect(dispatcher.state().get("feishu")?.circuit).toBe("closed");
    expect(lines.filter((line) => line.includes("does not take"))).toHaveLength(1);
  });

  test("lets a dead receiver starve no other", async () => {
    const dead = aSender(() => OFFLINE);
    const well = aSender(() => FINE);
    store.outbox.enqueue([aNotification({ receiver: "dead" }), aNotification({ receiver: "well" })]);
    run({ dead: dead.sender, well: well.sender });
    await clock.advance(10);
    expect(store.outbox.waiting("well")).toBe(0);
    expect(store.outbox.waiting("dead")).toBe(1);
  });

  test("lets an entry the receiver cannot take hold up no other", async () => {
    const { sender } = aSender(({ summary }) =>
      summary === "poison" ? { kind: "retry", reason: "server_error", detail: "HTTP 500" } : FINE,
    );
    store.outbox.enqueue([
      aNotification({ summary: "poison", severity: "critical" }),
      ...Array.from({ length: 30 }, () => aNotification()),
    ]);
    run({ feishu: sender });
    await clock.advance(120_000);
    expect(store.outbox.waiting()).toBe(1);
  });

  test("goes on with the others at once when the trouble is one entry's own", async () => {
    const { sender, sent } = aSender(({ summary }) =>
      summary === "busy" ? { kind: "retry", reason: "in_flight", detail: "", afterMs: 1000 } : FINE,
    );
    store.outbox.enqueue([
      aNotification({ summary: "busy", severity: "critical" }),
      aNotification({ summary: "next" }),
    ]);
    const { dispatcher } = run({ feishu: sender });
    await clock.advance(10);
    expect(sent.map(({ summary }) => summary)).toEqual(["busy", "next"]);
    expect(dispatcher.state().get("feishu")?.circuit).toBe("closed");
  });

  test("keeps the entries of a misconfigured receiver and asks it after 5 minutes, then ever more seldom", async () => {
    let mended = false;
    const { sender, sent } = aSender(() =>
      mended ? FINE : { kind: "misconfigured", reason: "sign_mismatch", detail: "code 19021" },
    );
    store.outbox.enqueue([aNotification(), aNotification()]);
    const { dispatcher } = run({ feishu: sender });
    await clock.advance(60 * 60_000);
    expect(dispatcher.state().get("feishu")).toMatchObject({ circuit: "misconfigured", waiting: 2 });
    expect(sent.length).toBeGreaterThan(2);
    expect(sent.length).toBeLessThan(6);
    mended = true;
    await clock.advance(61 * 60_000);
    expect(store.outbox.ledger()[0]).toMatchObject({ delivered: 2, dead: 0 });
  });

  test("tries the plainer body once and buries what is refused again", async () => {
    const { sender, sent } = aSender((entry) =>
      entry.body === "plain"
        ? { kind: "refused", reason: "content_review", detail: "no" }
        : { kind: "refused", reason: "card_refused", detail: "bad card", fallback: "plain" },
    );
    store.outbox.enqueue([aNotification()]);
    run({ feishu: sender });
    await clock.advance(10);
    expect(sent).toHaveLength(2);
    expect(store.outbox.deadLetters()).toMatchObject([{ reason: "content_review", body: "plain", attempts: 2 }]);
    expect((await store.metrics.attempts.get()).values.map(({ labels }) => labels.outcome)).toEqual([
      "card_refused",
      "content_review",
    ]);
  });

  test("gives up what waits for a receiver the configuration no longer has", async () => {
    store.outbox.enqueue([aNotification({ receiver: "gone" }), aNotification({ receiver: "gone" })]);
    run({});
    await clock.advance(10);
    expect(store.outbox.deadLetters().map(({ reason }) => reason)).toEqual(["unknown_receiver", "unknown_receiver"]);
  });

  test("stays inside its budget", async () => {
    const { sender, sent } = aSender(() => FINE);
    store.outbox.enqueue(Array.from({ length: 4 }, () => aNotification({ receiver: "limited" })));
    run({ limited: sender });
    await clock.advance(10_000);
    expect(sent.map(({ at }) => at)).toEqual([0, 1000, 2000, 3000]);
  });

  test("lets the attempt in flight end and records it before it stops", async () => {
    const { promise, resolve: answer } = Promise.withResolvers<DeliveryOutcome>();
    const { sender, sent } = aSender(() => promise);
    store.outbox.enqueue([aNotification(), aNotification()]);
    const { stop } = run({ feishu: sender });
    await clock.advance(10);
    const stopped = stop();
    await clock.advance(5000);
    expect(sent).toHaveLength(1);
    answer(FINE);
    await stopped;
    expect(store.outbox.ledger()[0]).toMatchObject({ delivered: 1, waiting: 1 });
    expect(sent).toHaveLength(1);
  });

  test("sends nothing twice while the disk takes no writes", async () => {
    const { sender, sent } = aSender(() => {
      store.database.prepare("PRAGMA query_only = 1").row();
      return FINE;
    });
    store.outbox.enqueue([aNotification()]);
    run({ feishu: sender });
    await clock.advance(60_000);
    expect(sent).toHaveLength(1);
    expect(lines.join("")).toContain("outbox cannot be written");
    store.database.prepare("PRAGMA query_only = 0").row();
    await clock.advance(6000);
    expect(sent).toHaveLength(1);
    expect(store.outbox.waiting()).toBe(0);
  });

  test("ends with the bug of a sender that throws", async () => {
    const sender: Sender = { send: () => Promise.reject(new Error("bug")), close: () => Promise.resolve() };
    const { logger } = aLogger();
    const { outbox, metrics } = store;
    outbox.enqueue([aNotification()]);
    const senders = new Map([["feishu", sender]]);
    const dispatcher = createDispatcher({ outbox, senders, budgets: new Map(), clock, logger, metrics });
    await expect(dispatcher.run(new AbortController().signal)).rejects.toThrow("bug");
  });
});
