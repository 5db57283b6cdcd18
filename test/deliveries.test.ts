import { cpSync } from "node:fs";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { Allowance } from "../src/deliver/budget.ts";
import type { ReceiverKind, ReceiverSettings } from "../src/deliver/kind.ts";
import { createDeliveries, type Deliveries } from "../src/deliveries.ts";
import type { Outcome } from "../src/model/delivery.ts";
import { createRedactor } from "../src/runtime/secret.ts";
import { type Answer, aChannel, anItem, type FakeChannel } from "./support/channels.ts";
import { aFolder, aLogger, anOutbox, many, type Store, to } from "./support/delivery.ts";
import { NOON } from "./support/events.ts";
import { createFakeClock, type FakeClock } from "./support/fake-clock.ts";
import { sumOf } from "./support/metric-values.ts";

const FINE: Outcome = { kind: "delivered" };
const PACE: readonly Allowance[] = [
  { attempts: 4, windowMs: 1000 },
  { attempts: 90, windowMs: 60_000 },
];

let clock: FakeClock;
let store: Store;
let lines: string[];
let deliveries: Deliveries;
/** Every channel that was opened, in that order, with the receiver it was opened for. */
let opened: { readonly receiver: string; readonly channel: FakeChannel }[];
let answer: Answer;

beforeEach(() => {
  clock = createFakeClock(NOON);
  store = anOutbox(clock);
  opened = [];
  answer = () => FINE;
  deliveries = start();
});

/** A kind whose receivers are told apart by the address in their settings. */
function aKind(pace: readonly Allowance[] = []): ReceiverKind<unknown> {
  const dialect = { kind: "test" } as ReceiverKind<unknown>["dialect"];
  return {
    takes: "message",
    batch: 1,
    local: false,
    editableMs: 0,
    dialect,
    limits: { bytes: 1000, lines: 10, pace },
    destination: (settings) => `test ${(settings as { address: string }).address}`,
    open(name) {
      const channel = aChannel(clock, (delivery) => answer(delivery));
      opened.push({ receiver: name, channel });
      return channel;
    },
  };
}

function start(loadKind = (name: string) => Promise.resolve(aKind(name === "paced" ? PACE : []))): Deliveries {
  const logged = aLogger();
  ({ lines } = logged);
  const created = createDeliveries({
    outbox: store.outbox,
    loadKind,
    item: anItem,
    clock,
    lasting: store.lasting,
    networkClock: clock,
    logger: logged.logger,
    metrics: store.metrics,
    redactor: createRedactor(),
    print: () => Promise.resolve(),
    random: () => 1 - Number.EPSILON,
  });
  onTestFinished(() => created.close());
  return created;
}

function receiver(name: string, address = name, kind = "plain"): ReceiverSettings {
  return { name, kind, settings: { address } };
}

const channelOf = (name: string): FakeChannel => {
  const found = opened.findLast((one) => one.receiver === name);
  if (!found) throw new Error(`no channel was opened for ${name}`);
  return found.channel;
};
const openedFor = (name: string): number => opened.filter((one) => one.receiver === name).length;

test("sends nothing before it is told to whom", async () => {
  store.outbox.enqueue([to("chat")]);
  await clock.advance(60_000);
  expect(deliveries.state().size).toBe(0);
  await deliveries.use([receiver("chat")]);
  await clock.advance(0);
  expect(channelOf("chat").names()).toEqual(["crash-loop"]);
  expect(deliveries.state().get("chat")).toEqual({
    circuit: "closed",
    lastOutcome: "delivered",
    waiting: 0,
    unknownAnswer: null,
  });
});

test("sends what comes later at once", async () => {
  await deliveries.use([receiver("chat"), receiver("other")]);
  await clock.advance(1000);
  store.outbox.enqueue([to("chat")]);
  await clock.advance(0);
  expect(channelOf("chat").times()).toEqual([1000]);
  expect(channelOf("other").sent()).toEqual([]);
});

test("lets a receiver that is away hold up no other", async () => {
  answer = ({ receiver: name }) =>
    name === "away" ? { kind: "retry", reason: "dns_failed", detail: "", arrived: "no" } : FINE;
  store.outbox.enqueue([...many("away", 10), ...many("chat", 10)]);
  await deliveries.use([receiver("away"), receiver("chat")]);
  await clock.advance(10);
  expect([store.outbox.waiting("away"), store.outbox.waiting("chat")]).toEqual([10, 0]);
});

describe("a change of the configuration", () => {
  test("does not disturb a receiver whose own settings are the same", async () => {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    answer = () => promise;
    await deliveries.use([receiver("chat"), receiver("other", "a")]);
    store.outbox.enqueue([to("chat")]);
    await clock.advance(0);
    let used = false;
    void deliveries.use([receiver("other", "b"), receiver("chat")]).then(() => (used = true));
    await clock.advance(0);
    expect(used).toBe(true);
    expect([openedFor("chat"), openedFor("other")]).toEqual([1, 2]);
    expect(channelOf("chat").isClosed()).toBe(false);
    resolve(FINE);
    await clock.advance(0);
    expect(store.outbox.waiting()).toBe(0);
  });

  test("lets what is in flight end under the old settings, and closes their connection before it opens another", async () => {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    answer = () => promise;
    await deliveries.use([receiver("chat", "old")]);
    store.outbox.enqueue(many("chat", 2));
    await clock.advance(0);
    const old = channelOf("chat");
    const used = deliveries.use([receiver("chat", "new")]);
    await clock.advance(3000);
    expect(openedFor("chat")).toBe(1);
    answer = () => FINE;
    resolve(FINE);
    await used;
    expect(old.isClosed()).toBe(true);
    await clock.advance(0);
    expect([old.names(), channelOf("chat").names()]).toEqual([["0"], ["1"]]);
    expect(store.outbox.ledger()).toMatchObject([{ delivered: 2, waiting: 0 }]);
  });

  test("gives up what waits for a receiver that is gone, with one line for all of it", async () => {
    await deliveries.use([receiver("chat"), receiver("gone")]);
    const gone = channelOf("gone");
    await deliveries.use([receiver("chat")]);
    expect(gone.isClosed()).toBe(true);
    expect([...deliveries.state().keys()]).toEqual(["chat"]);
    store.outbox.enqueue([...many("gone", 300), to("chat")]);
    await clock.advance(0);
    expect(store.outbox.waiting("gone")).toBe(300);
    await deliveries.use([receiver("chat")]);
    expect(store.outbox.ledger()).toEqual(
      expect.arrayContaining([
        { receiver: "gone", written: 300, delivered: 0, dead: 300, merged: 0, waiting: 0 },
        { receiver: "chat", written: 1, delivered: 1, dead: 0, merged: 0, waiting: 0 },
      ]),
    );
    expect(store.outbox.deadLetters()[0]).toMatchObject({ receiver: "gone", reason: "unknown_receiver" });
    const told = lines.filter((line) => line.includes("given up"));
    expect(told).toHaveLength(1);
    expect(JSON.parse(told[0] ?? "")).toMatchObject({ receiver: "gone", deliveries: 300 });
    const { metrics } = store;
    expect(await sumOf(metrics.entriesWritten)).toBe(
      (await sumOf(metrics.entries, { outcome: "delivered" })) + (await sumOf(metrics.entries, { outcome: "dead" })),
    );
  });

  test("keeps what waits for a receiver that is gone while the disk takes no writes", async () => {
    store.outbox.enqueue([to("gone")]);
    store.database.prepare("PRAGMA query_only = 1").row();
    await deliveries.use([receiver("chat")]);
    expect(lines.join("")).toContain("outbox cannot be written");
    store.database.prepare("PRAGMA query_only = 0").row();
    expect(store.outbox.waiting("gone")).toBe(1);
    await deliveries.use([receiver("chat")]);
    expect(store.outbox.waiting("gone")).toBe(0);
  });

  test("takes a second one that comes before the first is done", async () => {
    const first = deliveries.use([receiver("chat", "a")]);
    const second = deliveries.use([receiver("chat", "b"), receiver("other")]);
    await Promise.all([first, second]);
    const ofChat = opened.filter((one) => one.receiver === "chat");
    expect(ofChat.map(({ channel }) => channel.isClosed())).toEqual([true, false]);
    expect(openedFor("other")).toBe(1);
  });

  test("that cannot be taken does not keep the next from being taken", async () => {
    let broken = true;
    deliveries = start(() => (broken ? Promise.reject(new Error("bug")) : Promise.resolve(aKind())));
    await expect(deliveries.use([receiver("chat")])).rejects.toThrow("bug");
    broken = false;
    await deliveries.use([receiver("chat")]);
    expect(openedFor("chat")).toBe(1);
  });
});

describe("the pace", () => {
  test("is shared by the receivers of one destination", async () => {
    store.outbox.enqueue([...many("a", 20), ...many("b", 20), ...many("c", 20)]);
    await deliveries.use([receiver("a", "bot", "paced"), receiver("b", "bot", "paced"), receiver("c", "own", "paced")]);
    // The first attempts of the start are those an earlier run may have made.
    await clock.advance(999);
    expect(channelOf("a").sent().length + channelOf("b").sent().length).toBe(2);
    expect(channelOf("c").sent()).toHaveLength(3);
    await clock.advance(1000);
    expect(channelOf("a").sent().length + channelOf("b").sent().length).toBe(6);
    expect(channelOf("c").sent()).toHaveLength(7);
    await clock.advance(3000);
    expect(channelOf("a").sent().length).toBeGreaterThan(0);
    expect(channelOf("b").sent().length).toBeGreaterThan(0);
  });

  test("is shared with a receiver that is added later", async () => {
    store.outbox.enqueue(many("a", 30));
    await deliveries.use([receiver("a", "bot", "paced")]);
    await clock.advance(3500);
    store.outbox.enqueue(many("b", 20));
    await deliveries.use([receiver("a", "bot", "paced"), receiver("b", "bot", "paced")]);
    const before = channelOf("a").sent().length;
    await clock.advance(999);
    expect(channelOf("a").sent().length - before + channelOf("b").sent().length).toBe(4);
    expect(channelOf("b").sent().length).toBeGreaterThan(0);
  });

  test("outlives a change of settings", async () => {
    store.outbox.enqueue(many("chat", 200));
    await deliveries.use([receiver("chat", "bot", "paced")]);
    await clock.advance(40_000);
    expect(channelOf("chat").sent()).toHaveLength(89);
    await deliveries.use([{ ...receiver("chat", "bot", "paced"), settings: { address: "bot", more: 1 } }]);
    await clock.advance(0);
    expect(openedFor("chat")).toBe(2);
    expect(channelOf("chat").sent()).toEqual([]);
    await clock.advance(20_000);
    expect(channelOf("chat").sent()).toHaveLength(4);
  });

  test("outlives a receiver that is taken away and comes back", async () => {
    store.outbox.enqueue(many("chat", 89));
    await deliveries.use([receiver("chat", "bot", "paced")]);
    await clock.advance(40_000);
    await deliveries.use([]);
    store.outbox.enqueue(many("chat", 200));
    await deliveries.use([receiver("chat", "bot", "paced")]);
    await clock.advance(0);
    expect(channelOf("chat").sent()).toEqual([]);
  });

  test("outlives a kill, with one attempt more for each receiver: the one nobody could note", async () => {
    store.outbox.enqueue(many("chat", 200));
    await deliveries.use([receiver("chat", "bot", "paced")]);
    await clock.advance(1);
    expect(channelOf("chat").sent()).toHaveLength(3);
    await clock.advance(998);
    // Killed: another process goes on from what is on disk at this moment.
    const folder = aFolder();
    cpSync(store.folder, folder, { recursive: true });
    store = anOutbox(clock, { folder, lasting: store.lasting });
    deliveries = start();
    await deliveries.use([receiver("chat", "bot", "paced")]);
    await clock.advance(0);
    expect(openedFor("chat")).toBe(2);
    expect(channelOf("chat").sent()).toEqual([]);
    await clock.advance(1);
    expect(channelOf("chat").sent()).toHaveLength(3);
  });
});

describe("the end", () => {
  test("lets attempts under way end before it closes", async () => {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    answer = () => promise;
    await deliveries.use([receiver("chat")]);
    store.outbox.enqueue([to("chat")]);
    await clock.advance(0);
    const closed = deliveries.close();
    await clock.advance(1000);
    expect(channelOf("chat").isClosed()).toBe(false);
    resolve(FINE);
    await closed;
    expect(channelOf("chat").isClosed()).toBe(true);
    expect(store.outbox.waiting()).toBe(0);
    expect(deliveries.state().size).toBe(0);
  });

  test("comes within ten seconds though no channel answers or closes, even in the midst of a change", async () => {
    answer = () => new Promise(() => {});
    const hanging = {
      ...aKind(),
      open: () => ({ ...aChannel(clock, (delivery) => answer(delivery)), close: () => new Promise<void>(() => {}) }),
    };
    deliveries = start(() => Promise.resolve(hanging));
    await deliveries.use([receiver("a"), receiver("b")]);
    store.outbox.enqueue([to("a"), to("b")]);
    await clock.advance(1000);
    void deliveries.use([receiver("a", "changed"), receiver("b")]);
    await clock.advance(1000);
    const closed = deliveries.close().then(() => clock.monotonic());
    await clock.advance(60_000);
    expect((await closed) - 2000).toBeLessThan(10_000);
    expect(clock.sleepers()).toBe(0);
  });

  test("in the midst of a change opens nothing more, and gives up nothing", async () => {
    const { promise: loaded, resolve } = Promise.withResolvers<ReceiverKind<unknown>>();
    deliveries = start(() => loaded);
    store.outbox.enqueue([to("gone"), to("chat")]);
    const used = deliveries.use([receiver("chat")]);
    await clock.advance(0);
    await deliveries.close();
    resolve(aKind());
    await used;
    await clock.advance(1000);
    expect(opened).toEqual([]);
    expect(deliveries.state().size).toBe(0);
    expect([store.outbox.waiting("gone"), store.outbox.waiting("chat")]).toEqual([1, 1]);
  });

  test("leaves nothing with the outbox, nor does a destination nobody has any more", async () => {
    let subscribed = 0;
    const asked: string[] = [];
    const { outbox } = store;
    store = {
      ...store,
      outbox: {
        ...outbox,
        onEnqueue(wake) {
          const unsubscribe = outbox.onEnqueue(wake);
          subscribed += 1;
          return () => {
            subscribed -= 1;
            unsubscribe();
          };
        },
        pace(destination) {
          asked.push(destination);
          return outbox.pace(destination);
        },
      },
    };
    deliveries = start();
    for (const address of ["one", "one", "two", "one"]) await deliveries.use([receiver("chat", address)]);
    expect(asked).toEqual(["test one", "test two", "test one"]);
    expect(subscribed).toBe(1);
    await deliveries.close();
    expect(subscribed).toBe(0);
  });

  test("is for good, and closing twice or before the first use is harmless", async () => {
    const unused = start();
    await unused.close();
    await deliveries.use([receiver("chat")]);
    await deliveries.close();
    await deliveries.close();
    await deliveries.use([receiver("chat")]);
    store.outbox.enqueue([to("chat")]);
    await clock.advance(60_000);
    expect(openedFor("chat")).toBe(1);
    expect(channelOf("chat").sent()).toEqual([]);
  });
});
