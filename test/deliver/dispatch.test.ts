import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type Allowance, createBudget } from "../../src/deliver/budget.ts";
import { createDispatcher, type Dispatcher, type DispatcherOptions } from "../../src/deliver/dispatch.ts";
import type { Outcome } from "../../src/model/delivery.ts";
import { type Clock, systemClock } from "../../src/runtime/clock.ts";
import { StorageError } from "../../src/runtime/database.ts";
import { aChannel, anItem, type Answer, type FakeChannel } from "../support/channels.ts";
import { aLogger, anOutbox, many, nameOf, type Store, to } from "../support/delivery.ts";
import { NOON } from "../support/events.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const FINE: Outcome = { kind: "delivered" };
const OFFLINE: Outcome = { kind: "retry", reason: "dns_failed", detail: "no answer: ENOTFOUND", arrived: "no" };
const BROKEN: Outcome = { kind: "retry", reason: "server_error", detail: "HTTP 500", arrived: "yes" };
const SILENT: Outcome = { kind: "retry", reason: "timed_out", detail: "no answer", arrived: "perhaps" };
const NOT_KNOWN: Outcome = { kind: "unknown", reason: "unknown_code", detail: "code 401", arrived: "yes" };
const refused = (reason: string): Outcome => ({ kind: "refused", reason, detail: "bad card", arrived: "yes" });
const PACE: readonly Allowance[] = [
  { attempts: 4, windowMs: 1000 },
  { attempts: 90, windowMs: MINUTE },
];

let clock: FakeClock;
let store: Store;
let lines: string[];

beforeEach(() => {
  clock = createFakeClock(NOON);
  store = anOutbox(clock);
});

interface RunOptions {
  readonly pace?: readonly Allowance[];
  readonly kind?: Partial<DispatcherOptions["kind"]>;
  readonly clock?: Clock;
  readonly outbox?: Store["outbox"];
  /** The run ends with a bug, as the test expects. */
  readonly hasBug?: boolean;
}

interface Run {
  readonly dispatcher: Dispatcher;
  readonly stop: () => Promise<void>;
}

/** Runs the dispatcher of `feishu` until the test ends. Each wait is its longest. */
function run(channel: Pick<FakeChannel, "send">, options: RunOptions = {}): Run {
  const logged = aLogger();
  ({ lines } = logged);
  const { lasting, metrics } = store;
  const outbox = options.outbox ?? store.outbox;
  const dispatcher = createDispatcher({
    receiver: "feishu",
    channel,
    kind: { takes: "message", batch: 1, ...options.kind },
    destination: "bot",
    budget: createBudget(lasting, options.pace ?? [], outbox.pace("bot")),
    outbox,
    item: anItem,
    clock: options.clock ?? clock,
    lasting,
    networkClock: clock,
    logger: logged.logger,
    metrics,
    random: () => 1 - Number.EPSILON,
  });
  const unsubscribe = outbox.onEnqueue(() => dispatcher.wake());
  const stopping = new AbortController();
  const running = dispatcher.run(stopping.signal);
  const stop = async (): Promise<void> => {
    unsubscribe();
    stopping.abort();
    await running;
  };
  if (options.hasBug !== true) onTestFinished(stop);
  return { dispatcher, stop };
}

const asNew =
  (answer: (name: string) => Outcome): Answer =>
  (delivery) =>
    answer(nameOf(delivery));
const gaps = (times: readonly number[]): number[] => times.slice(1).map((at, index) => at - (times[index] ?? 0));
const ledger = (): Store["outbox"] extends { ledger(): readonly (infer Row)[] } ? Row | undefined : never =>
  store.outbox.ledger()[0];
/** Rows this database has changed since it was opened. */
const changes = (): number => Number(store.database.prepare("SELECT total_changes() AS n").row()?.["n"]);

describe("a receiver that works", () => {
  test("gets what waits and what comes, gravest first", async () => {
    const channel = aChannel(clock, () => FINE);
    store.outbox.enqueue([to("feishu", { name: "w" }), to("feishu", { name: "c", severity: "critical" })]);
    const { dispatcher } = run(channel);
    await clock.advance(10);
    store.outbox.enqueue([to("feishu", { name: "later" })]);
    await clock.advance(10);
    expect(channel.names()).toEqual(["c", "w", "later"]);
    expect(ledger()).toMatchObject({ written: 3, delivered: 3, dead: 0, waiting: 0 });
    expect(dispatcher.state()).toEqual({
      circuit: "closed",
      lastOutcome: "delivered",
      waiting: 0,
      unknownAnswer: null,
    });
  });

  test("is told the receiver's own id of what it took", async () => {
    store.outbox.enqueue([to("feishu")]);
    run(aChannel(clock, () => ({ kind: "delivered", remote: "om_1" })));
    await clock.advance(10);
    const { remote } = store.database.prepare("SELECT remote FROM deliveries").row() ?? {};
    expect(remote).toBe("om_1");
  });

  test("is not asked again for what is put off before that is due", async () => {
    const channel = aChannel(clock, () => ({ ...BROKEN, reason: "internal_error" }));
    store.outbox.enqueue([to("feishu")]);
    let asked = 0;
    const outbox: Store["outbox"] = {
      ...store.outbox,
      next: (...how) => {
        asked += 1;
        return store.outbox.next(...how);
      },
    };
    run(channel, { outbox });
    await clock.advance(60_000);
    expect(gaps(channel.times())).toEqual([1000, 2000, 4000, 8000, 16_000]);
    expect(asked).toBe(6);
  });

  test("gets the alerts of a group in order, though the oldest is put off", async () => {
    const channel = aChannel(clock, (delivery) =>
      nameOf(delivery) === "first" && delivery.attempts < 3 ? { ...BROKEN, reason: "in_flight" } : FINE,
    );
    store.outbox.enqueue([
      to("feishu", { name: "first", group: "g" }),
      to("feishu", { name: "second", group: "g", severity: "critical" }),
      to("feishu", { name: "another" }),
    ]);
    run(channel);
    await clock.advance(8000);
    expect(channel.names()).toEqual(["first", "another", "first", "first", "first", "second"]);
    expect(channel.times()).toEqual([0, 0, 1000, 3000, 7000, 7000]);
  });

  test("is not asked for in haste when what is due cannot be read", async () => {
    let asked = 0;
    const outbox: Store["outbox"] = {
      ...store.outbox,
      nextDueAt: () => 0,
      next() {
        asked += 1;
        return null;
      },
    };
    run(
      aChannel(clock, () => FINE),
      { outbox },
    );
    await clock.advance(10_500);
    expect(asked).toBe(11);
  });
});

describe("an outage", () => {
  test("is met with one delivery at a time, however long, and loses nothing", async () => {
    let online = false;
    const channel = aChannel(clock, () => (online ? FINE : OFFLINE));
    store.outbox.enqueue(many("feishu", 20));
    const { dispatcher } = run(channel);
    await clock.advance(24 * HOUR);
    expect(dispatcher.state()).toMatchObject({ circuit: "open", lastOutcome: "dns_failed", waiting: 20 });
    expect(gaps(channel.times()).slice(0, 8)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, MINUTE, MINUTE]);
    expect(channel.sent().length).toBeLessThan(24 * 60 + 10);
    online = true;
    await clock.advance(MINUTE);
    expect(ledger()).toMatchObject({ delivered: 20, dead: 0, waiting: 0 });
    expect(dispatcher.state().circuit).toBe("closed");
    expect(lines.filter((line) => line.includes("does not take"))).toHaveLength(1);
    expect(lines.filter((line) => line.includes("takes notifications again"))).toHaveLength(1);
  });

  test("writes nothing to the disk while no attempt arrives", async () => {
    store.outbox.enqueue(many("feishu", 20));
    const before = changes();
    const channel = aChannel(clock, () => OFFLINE);
    run(channel, { pace: PACE });
    await clock.advance(6 * HOUR);
    expect(channel.sent().length).toBeGreaterThan(300);
    expect(changes()).toBe(before);
    expect(store.outbox.next("feishu", "steady", store.lasting.now())?.attempts).toBe(0);
  });

  test("is over for everything that waits at the first delivery", async () => {
    let online = false;
    const channel = aChannel(clock, () => (online ? FINE : BROKEN));
    store.outbox.enqueue(many("feishu", 20));
    run(channel);
    await clock.advance(HOUR);
    online = true;
    const before = channel.sent().length;
    await clock.advance(MINUTE);
    const after = channel.times().slice(before);
    expect(after).toHaveLength(20);
    expect(new Set(after).size).toBe(1);
  });

  test("is asked about with the delivery that was tried least, when the receiver answers", async () => {
    const channel = aChannel(clock, () => BROKEN);
    store.outbox.enqueue(many("feishu", 3));
    run(channel);
    await clock.advance(10 * MINUTE);
    expect(channel.names().slice(0, 7)).toEqual(["0", "1", "2", "0", "1", "2", "0"]);
  });

  test("is asked about with the delivery that may have arrived, three times and with the same key", async () => {
    const channel = aChannel(clock, () => SILENT);
    store.outbox.enqueue(many("feishu", 3));
    run(channel);
    await clock.advance(30_000);
    expect(channel.names().slice(0, 4)).toEqual(["0", "0", "0", "1"]);
    expect(
      new Set(
        channel
          .sent()
          .map(({ delivery }) => delivery.key)
          .slice(0, 3),
      ).size,
    ).toBe(1);
  });

  test("that begins while an earlier backlog goes out is not taken for the trouble of each delivery", async () => {
    const answers = [...Array.from({ length: 6 }, () => BROKEN), FINE];
    const channel = aChannel(clock, () => answers.shift() ?? BROKEN);
    store.outbox.enqueue(many("feishu", 6));
    run(channel);
    await clock.advance(62_999);
    expect(channel.sent()).toHaveLength(6);
    await clock.advance(1000);
    // The one that was taken, the next, which is put off, and one more, which opens the circuit.
    expect(channel.sent()).toHaveLength(9);
  });

  test("is over when the receiver refuses a body", async () => {
    const answers = [BROKEN];
    store.outbox.enqueue([to("feishu")]);
    const { dispatcher } = run(aChannel(clock, () => answers.shift() ?? refused("card_refused")));
    await clock.advance(999);
    expect(dispatcher.state().circuit).toBe("open");
    await clock.advance(1);
    expect(dispatcher.state().circuit).toBe("closed");
    expect(ledger()).toMatchObject({ dead: 1 });
  });

  test("of a receiver that wishes for a pause is no shorter than that, and longer by lot", async () => {
    const channel = aChannel(clock, () => ({ ...BROKEN, reason: "rate_limited", afterMs: 5000 }));
    store.outbox.enqueue(many("feishu", 3));
    run(channel);
    await clock.advance(40_000);
    expect(gaps(channel.times())).toEqual([10_000, 15_000]);
  });
});

describe("trouble of one delivery", () => {
  test("holds up no other, whatever the receiver calls it", async () => {
    const channel = aChannel(
      clock,
      asNew((name) => (name === "poison" ? BROKEN : FINE)),
    );
    store.outbox.enqueue([to("feishu", { name: "poison", severity: "critical" }), ...many("feishu", 30)]);
    run(channel);
    await clock.advance(2000);
    expect(store.outbox.waiting()).toBe(1);
    await clock.advance(HOUR);
    const tried = channel.names().filter((name) => name === "poison").length;
    expect(tried).toBeGreaterThan(50);
    expect(tried).toBeLessThan(70);
  });

  test("lets the others go at once when the receiver says so", async () => {
    const channel = aChannel(
      clock,
      asNew((name) => (name === "busy" ? { ...BROKEN, reason: "in_flight", afterMs: 1000 } : FINE)),
    );
    store.outbox.enqueue([to("feishu", { name: "busy", severity: "critical" }), to("feishu", { name: "next" })]);
    const { dispatcher } = run(channel);
    await clock.advance(10);
    expect(channel.names()).toEqual(["busy", "next"]);
    expect(dispatcher.state().circuit).toBe("closed");
  });
});

test("keeps what waits for a misconfigured receiver, and asks it after 5 minutes, then ever more seldom", async () => {
  let mended = false;
  const channel = aChannel(clock, () =>
    mended ? FINE : { kind: "misconfigured", reason: "sign_mismatch", detail: "code 19021", arrived: "yes" },
  );
  store.outbox.enqueue(many("feishu", 2));
  const { dispatcher } = run(channel);
  await clock.advance(3 * HOUR);
  expect(dispatcher.state()).toMatchObject({ circuit: "misconfigured", waiting: 2 });
  expect(gaps(channel.times()).map((ms) => ms / MINUTE)).toEqual([5.5, 11, 22, 44, 66]);
  mended = true;
  await clock.advance(66 * MINUTE);
  expect(ledger()).toMatchObject({ delivered: 2, dead: 0 });
});

describe("a refusal", () => {
  test("is answered with plainer words twice; then the delivery is given up, and others are not", async () => {
    const channel = aChannel(clock, (delivery) =>
      nameOf(delivery) === "bad" ? refused(delivery.plain === 0 ? "card_refused" : "content_review") : FINE,
    );
    store.outbox.enqueue([to("feishu", { name: "bad", severity: "critical" }), to("feishu", { name: "good" })]);
    run(channel);
    await clock.advance(10);
    expect(channel.sent().map(({ delivery }) => [nameOf(delivery), delivery.plain])).toEqual([
      ["bad", 0],
      ["bad", 1],
      ["bad", 2],
      ["good", 0],
    ]);
    expect(store.outbox.deadLetters()).toMatchObject([{ reason: "content_review", attempts: 3 }]);
    expect((await store.metrics.attempts.get()).values.map(({ labels }) => labels.outcome)).toEqual([
      "card_refused",
      "content_review",
      "delivered",
    ]);
    expect(lines.filter((line) => line.includes("given up"))).toHaveLength(1);
  });

  test("of a machine that takes the alert itself is final: there are no plainer words", async () => {
    const channel = aChannel(clock, () => refused("bad_request"));
    store.outbox.enqueue([to("feishu")]);
    run(channel, { kind: { takes: "alert" } });
    await clock.advance(10);
    expect(channel.sent()).toHaveLength(1);
    expect(ledger()).toMatchObject({ dead: 1 });
  });
});

describe("answers that are not known", () => {
  // A bot with keywords, and a rule whose layout lacks them.
  test("to the layout of one rule let the others go, and the rule's alerts go in plainer words", async () => {
    const channel = aChannel(clock, (delivery) =>
      delivery.alert.rule?.template === "bare" && delivery.plain === 0
        ? { ...NOT_KNOWN, reason: "keywords_missing", detail: "code 19024" }
        : FINE,
    );
    store.outbox.enqueue([
      ...many("feishu", 324, { name: "bare-", template: "bare", severity: "critical" }),
      ...many("feishu", 37),
    ]);
    const { dispatcher } = run(channel, { pace: PACE });
    await clock.advance(8 * MINUTE);
    expect(ledger()).toMatchObject({ written: 361, delivered: 361, dead: 0, waiting: 0 });
    expect(dispatcher.state()).toMatchObject({ circuit: "closed", unknownAnswer: null });
    expect(lines.join("")).not.toContain("does not take");
  });

  test("to bodies that stay bad give up these after an hour in which others were taken", async () => {
    const channel = aChannel(
      clock,
      asNew((name) => (name.startsWith("bad") ? NOT_KNOWN : FINE)),
    );
    store.outbox.enqueue([
      to("feishu", { name: "bad-1", severity: "critical" }),
      to("feishu", { name: "bad-2", severity: "critical" }),
    ]);
    const { dispatcher } = run(channel);
    for (let minute = 0; minute < 59; minute += 1) {
      store.outbox.enqueue([to("feishu", { name: `good-${minute}` })]);
      await clock.advance(MINUTE);
      expect(store.outbox.waiting()).toBe(2);
    }
    expect(dispatcher.state()).toMatchObject({
      circuit: "closed",
      unknownAnswer: { reason: "unknown_code", detail: "code 401", deliveries: 2 },
    });
    for (let minute = 60; minute < 70; minute += 1) {
      store.outbox.enqueue([to("feishu", { name: `good-${minute}` })]);
      await clock.advance(MINUTE);
    }
    expect(store.outbox.deadLetters().map((one) => [nameOf(one), one.reason, one.plain])).toEqual([
      ["bad-1", "unknown_code", 1],
      ["bad-2", "unknown_code", 1],
    ]);
    expect(dispatcher.state().unknownAnswer).toBeNull();
    expect(lines.filter((line) => line.includes("not known"))).toHaveLength(1);
  });

  // A gateway that answers 401 for days; a code Feishu has made new, for every card.
  test("to everything give up nothing, however long that lasts", async () => {
    let mended = false;
    const channel = aChannel(clock, () => (mended ? FINE : NOT_KNOWN));
    store.outbox.enqueue(many("feishu", 40));
    const { dispatcher } = run(channel, { pace: PACE });
    await clock.advance(12 * HOUR);
    expect(ledger()).toMatchObject({ dead: 0, waiting: 40 });
    expect(dispatcher.state()).toMatchObject({ circuit: "closed", unknownAnswer: { deliveries: 40 } });
    // Seven times within two hours, then once an hour.
    expect(channel.sent().length).toBeLessThan(40 * 20);
    mended = true;
    await clock.advance(66 * MINUTE);
    expect(ledger()).toMatchObject({ delivered: 40, dead: 0, waiting: 0 });
    expect(dispatcher.state().unknownAnswer).toBeNull();
  });

  test("come back as waiting deliveries after a restart, and their hour begins anew", async () => {
    const bad = asNew((name) => (name === "bad" ? NOT_KNOWN : FINE));
    store.outbox.enqueue([to("feishu", { name: "bad" })]);
    const first = run(aChannel(clock, bad));
    for (let minute = 0; minute < 50; minute += 1) {
      store.outbox.enqueue([to("feishu", { name: `good-${minute}` })]);
      await clock.advance(MINUTE);
    }
    await first.stop();
    const channel = aChannel(clock, bad);
    run(channel);
    for (let minute = 50; minute < 100; minute += 1) {
      store.outbox.enqueue([to("feishu", { name: `good-${minute}` })]);
      await clock.advance(MINUTE);
    }
    expect(channel.names()).toContain("bad");
    expect(store.outbox.waiting()).toBe(1);
  });
});

describe("the pace of a destination", () => {
  test("is kept", async () => {
    const channel = aChannel(clock, () => FINE);
    store.outbox.enqueue(many("feishu", 100));
    run(channel, { pace: PACE });
    await clock.advance(MINUTE - 1);
    expect(channel.sent()).toHaveLength(90);
    await clock.advance(1);
    expect(channel.sent()).toHaveLength(94);
  });

  test("does not choose what is sent before it is sent", async () => {
    const channel = aChannel(clock, () => FINE);
    store.outbox.enqueue([to("feishu", { name: "1" }), to("feishu", { name: "2" })]);
    run(channel, { pace: [{ attempts: 1, windowMs: 1000 }] });
    await clock.advance(500);
    store.outbox.enqueue([to("feishu", { name: "grave", severity: "critical" })]);
    await clock.advance(2000);
    expect(channel.names()).toEqual(["1", "grave", "2"]);
    expect(gaps(channel.times())).toEqual([1000, 1000]);
  });

  test("is on disk with what became of each attempt, so that a kill does not forget it", async () => {
    const outcomes = [FINE, BROKEN, refused("card_refused"), { ...BROKEN, reason: "in_flight" }];
    for (const outcome of outcomes) {
      store = anOutbox(clock);
      store.outbox.enqueue([to("feishu")]);
      // What comes after it does not arrive, and so writes nothing.
      const channel = aChannel(clock, ({ attempts }) => (attempts === 0 ? outcome : OFFLINE));
      const { stop } = run(channel, { pace: PACE });
      await clock.advance(0);
      expect(store.outbox.pace("bot")).toEqual([store.lasting.now()]);
      await stop();
    }
  });

  test("is on disk when a delivery is given up", async () => {
    store.outbox.enqueue([to("feishu")]);
    run(
      aChannel(clock, () => refused("bad_request")),
      { pace: PACE, kind: { takes: "alert" } },
    );
    await clock.advance(0);
    expect(store.outbox.pace("bot")).toEqual([store.lasting.now()]);
  });

  test("of one that has none is not on disk", async () => {
    store.outbox.enqueue([to("feishu")]);
    run(aChannel(clock, () => FINE));
    await clock.advance(0);
    expect(store.outbox.waiting()).toBe(0);
    expect(store.database.prepare("SELECT * FROM paces").rows()).toEqual([]);
  });
});

describe("a receiver that takes many at once", () => {
  test("gets them in one request, recorded in one commit", async () => {
    const commits: number[] = [];
    const outbox: Store["outbox"] = {
      ...store.outbox,
      delivered: (done, ...rest) => {
        commits.push(done.length);
        store.outbox.delivered(done, ...rest);
      },
    };
    store.outbox.enqueue(many("feishu", 20));
    run(
      aChannel(clock, () => FINE),
      { kind: { batch: 8 }, outbox },
    );
    await clock.advance(10);
    expect(commits).toEqual([8, 8, 4]);
    expect(ledger()).toMatchObject({ delivered: 20, waiting: 0 });
  });

  test("may take some of them", async () => {
    const channel = aChannel(
      clock,
      asNew((name) => (Number(name) % 2 === 0 ? FINE : { ...BROKEN, reason: "internal_error" })),
    );
    store.outbox.enqueue(many("feishu", 4));
    run(channel, { kind: { batch: 8 } });
    await clock.advance(10);
    expect(ledger()).toMatchObject({ delivered: 2, waiting: 2 });
    await clock.advance(1000);
    expect(channel.names()).toEqual(["0", "1", "2", "3", "1", "3"]);
  });

  test("is asked with one while it does not work", async () => {
    const channel = aChannel(clock, () => OFFLINE);
    store.outbox.enqueue(many("feishu", 4));
    run(channel, { kind: { batch: 8 } });
    await clock.advance(3000);
    expect(channel.batches()).toEqual([4, 1, 1]);
  });

  test("must answer for each", async () => {
    store.outbox.enqueue(many("feishu", 4));
    const { stop } = run({ send: () => Promise.resolve([FINE]) }, { kind: { batch: 8 }, hasBug: true });
    await expect(stop()).rejects.toThrow("fewer outcomes");
  });
});

describe("the stop", () => {
  test("lets the attempt in flight end and records it", async () => {
    const { promise, resolve: answer } = Promise.withResolvers<Outcome>();
    const channel = aChannel(clock, () => promise);
    store.outbox.enqueue(many("feishu", 2));
    const { stop } = run(channel);
    await clock.advance(10);
    const stopped = stop();
    await clock.advance(5000);
    answer(FINE);
    await stopped;
    expect(ledger()).toMatchObject({ delivered: 1, waiting: 1 });
    expect(channel.sent()).toHaveLength(1);
  });

  test("comes within seconds though the channel never answers, and the delivery goes on waiting", async () => {
    const channel = aChannel(clock, () => new Promise(() => {}));
    store.outbox.enqueue([to("feishu")]);
    const { stop } = run(channel);
    await clock.advance(10);
    const stopped = stop().then(() => clock.monotonic());
    await clock.advance(30_000);
    expect(await stopped).toBeLessThan(8000);
    expect(ledger()).toMatchObject({ delivered: 0, waiting: 1 });
  });

  test("comes while a receiver without I/O is sent to without end", async () => {
    store.outbox.enqueue(many("feishu", 500));
    const channel = aChannel(clock, () => FINE);
    const { stop } = run(channel, { clock: systemClock });
    // A timer, as a signal to the process is: it fires between two turns of the event loop.
    await new Promise((resolve) => setTimeout(resolve, 0));
    await stop();
    expect(channel.sent().length).toBeGreaterThan(0);
    expect(channel.sent().length).toBeLessThan(500);
  });

  test("comes though the disk takes no writes", async () => {
    const channel = aChannel(clock, () => {
      store.database.prepare("PRAGMA query_only = 1").row();
      return FINE;
    });
    store.outbox.enqueue([to("feishu")]);
    const { stop } = run(channel);
    await clock.advance(10);
    await stop();
    expect(lines.join("")).toContain("outbox cannot be written");
  });
});

test("sends nothing twice while the disk takes no writes", async () => {
  const channel = aChannel(clock, () => {
    store.database.prepare("PRAGMA query_only = 1").row();
    return FINE;
  });
  store.outbox.enqueue([to("feishu")]);
  run(channel);
  await clock.advance(MINUTE);
  expect(channel.sent()).toHaveLength(1);
  expect(lines.filter((line) => line.includes("outbox cannot be written"))).toHaveLength(13);
  store.database.prepare("PRAGMA query_only = 0").row();
  await clock.advance(6000);
  expect(channel.sent()).toHaveLength(1);
  expect(store.outbox.waiting()).toBe(0);
});

test("waits for a disk that cannot be read", async () => {
  let asked = 0;
  const outbox: Store["outbox"] = {
    ...store.outbox,
    nextDueAt(receiver) {
      asked += 1;
      if (asked <= 3) throw new StorageError("io", "database: disk I/O error");
      return store.outbox.nextDueAt(receiver);
    },
  };
  store.outbox.enqueue([to("feishu")]);
  const channel = aChannel(clock, () => FINE);
  run(channel, { outbox });
  await clock.advance(MINUTE);
  expect(channel.times()).toEqual([15_000]);
  expect(lines.filter((line) => line.includes("outbox cannot be read"))).toHaveLength(3);
});

test("sleeps no longer than a timer can", async () => {
  const slept: number[] = [];
  const watched: Clock = {
    ...clock,
    sleep(ms, signal) {
      slept.push(ms);
      return clock.sleep(ms, signal);
    },
  };
  run(
    aChannel(clock, () => FINE),
    { clock: watched },
  );
  await clock.advance(HOUR);
  expect(slept.length).toBeGreaterThan(0);
  expect(Math.max(...slept)).toBeLessThan(2 ** 31);
});

test("ends with the bug of a channel that throws", async () => {
  store.outbox.enqueue([to("feishu")]);
  const { stop } = run({ send: () => Promise.reject(new Error("bug")) }, { hasBug: true });
  await expect(stop()).rejects.toThrow("bug");
});
