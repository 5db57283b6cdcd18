import * as fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { createReflector } from "../src/collect/reflector.ts";
import type { Position, Source } from "../src/collect/source.ts";
import type { Rule, Statement } from "../src/model/rule.ts";
import { arbitraryRawEvent, arbitraryRuleSet } from "./support/arbitrary-events.ts";
import {
  anItem,
  createHeldLookup,
  drain,
  SOURCE,
  startEngine,
  type EngineParts,
  type HeldLookup,
  type TestEngine,
} from "./support/engine.ts";
import { createMetrics } from "../src/runtime/metrics.ts";
import { startApi } from "./support/api-server.ts";
import { aLogger } from "./support/delivery.ts";
import { NOON } from "./support/events.ts";
import { createFakeClock, type FakeClock } from "./support/fake-clock.ts";
import { aRawEvent } from "./support/raw-events.ts";
import { until } from "./support/reflector.ts";
import { sumOf } from "./support/metric-values.ts";
import { aDrop, allOf, aRule, is, label, notOf } from "./support/rules.ts";

const EVERYTHING = [aRule({ name: "all" })];
/** Lets the disk take nothing, until the answer is called. */
function refuseWrites({ database }: TestEngine): () => void {
  database.prepare("PRAGMA query_only = 1").row();
  return () => void database.prepare("PRAGMA query_only = 0").row();
}

/** An Event out of a list, last seen at `at`. */
function listed(uid: string, version: number, at: number): ReturnType<typeof anItem> {
  const time = new Date(at).toISOString();
  return anItem(uid, version, { initial: true, firstTimestamp: time, lastTimestamp: time });
}

/** An engine that ends with the test. */
function start(parts: Pick<EngineParts, "clock"> & Partial<EngineParts>): TestEngine {
  const engine = startEngine({ statements: EVERYTHING, ...parts });
  onTestFinished(() => engine.stop().catch(() => {}));
  return engine;
}

/** Lets everything run that is not asleep on the clock. */
async function settle(clock: FakeClock): Promise<void> {
  await clock.advance(0);
  await clock.advance(0);
}

async function ledgerOf({ metrics }: TestEngine): Promise<Record<string, number>> {
  const outcome = (name: string): Promise<number> => sumOf(metrics.events, { outcome: name });
  return {
    received: await sumOf(metrics.eventsReceived),
    malformed: await outcome("malformed"),
    replayed: await outcome("replayed"),
    unmatched: await outcome("unmatched"),
    dropped: await outcome("dropped"),
    matched: await outcome("matched"),
  };
}

const rate = fc.option(fc.record({ notifications: fc.integer({ min: 1, max: 3 }), windowMs: fc.constant(60_000) }), {
  nil: null,
});
const threshold = fc.option(fc.record({ occurrences: fc.integer({ min: 2, max: 5 }), windowMs: fc.constant(60_000) }), {
  nil: null,
});
const receivers = fc.subarray(["feishu", "dump"], { minLength: 1 });

function withClauses(statement: Statement, parts: Partial<Rule>): Statement {
  return statement.kind === "drop" ? statement : { ...statement, ...parts };
}

const CATCH_ALL = notOf(is("reason", "Never"));
const LAST: readonly Statement[] = [
  aRule({ name: "rare", condition: CATCH_ALL, by: [], throttle: { notifications: 1, windowMs: 30_000 } }),
  aRule({ name: "again", condition: CATCH_ALL }),
];

const arbitraryStatements: fc.Arbitrary<readonly Statement[]> = arbitraryRuleSet.chain(({ statements }) =>
  fc.tuple(
    ...statements.map((statement) =>
      fc.record({ throttle: rate, threshold, receivers }).map((parts) => withClauses(statement, parts)),
    ),
  ),
);

const junk = fc.constantFrom<unknown>(null, "text", { kind: "Pod" }, { kind: "Event", metadata: { uid: "x" } }, []);

const arbitraryObject: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({
        raw: arbitraryRawEvent,
        uid: fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h"),
        count: fc.integer({ min: 1, max: 6 }),
        namesake: fc.nat(12),
      })
      .map(({ raw, uid, count, namesake }) => {
        Object.assign(raw["metadata"] as object, { uid });
        Object.assign(raw["involvedObject"] as object, { name: `pod-${namesake}` });
        return Object.assign(raw, { count });
      }),
  },
  { weight: 1, arbitrary: junk },
);

const arbitraryBatch: fc.Arbitrary<Parameters<TestEngine["source"]["give"]>[0]> = fc.record({
  items: fc.array(fc.record({ object: arbitraryObject, initial: fc.boolean() }), { maxLength: 6 }),
  skipped: fc.nat(3),
  malformed: fc.nat(3),
  deleted: fc.nat(3),
  version: fc.option(fc.integer({ min: 1, max: 9 }).map(String), { nil: null }),
});

test("every Event, match and entry of any stream ends in exactly one line of its ledger", async () => {
  const seenOutcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(arbitraryStatements, fc.array(arbitraryBatch, { maxLength: 12 }), async (some, batches) => {
      const statements = [...some, ...LAST];
      const clock = createFakeClock(NOON);
      const lookup = createHeldLookup({ labels: { app: "web" }, annotations: {} });
      const engine = startEngine({ clock, statements, lookup, maxGroups: 3, receivers: ["feishu", "dump"] });
      for (const batch of batches) {
        await engine.source.give(batch);
        await clock.advance(7_000);
      }
      const { metrics, outbox } = engine;
      await engine.stop();

      const { received, malformed, replayed, unmatched, dropped, matched } = await ledgerOf(engine);
      expect(received).toBe(
        batches.reduce(
          (sum, { items = [], skipped = 0, malformed: lines = 0, deleted = 0 }) =>
            sum + items.length + skipped + lines + deleted,
          0,
        ),
      );
      expect(received).toBe((malformed ?? 0) + (replayed ?? 0) + (unmatched ?? 0) + (dropped ?? 0) + (matched ?? 0));
      expect(await sumOf(metrics.matchOutcomes)).toBe(await sumOf(metrics.matches));
      const suppressed = await sumOf(metrics.matchOutcomes, { outcome: "suppressed" });
      expect(await sumOf(metrics.suppressed)).toBe(suppressed);
      const waiting = ["feishu", "dump"].reduce((sum, name) => sum + outbox.waiting(name), 0);
      expect(await sumOf(metrics.entriesWritten)).toBe(waiting);
      expect(await sumOf(metrics.ruleFailures)).toBe(0);

      const known: Readonly<Record<string, readonly string[]>> = {
        rule: statements.map(({ name }) => name),
        receiver: ["feishu", "dump"],
        outcome: [
          "malformed",
          "replayed",
          "unmatched",
          "dropped",
          "matched",
          "suppressed",
          "covered",
          "rendered",
          "digested",
        ],
        why: ["threshold", "throttle", "history"],
      };
      for (const { name: metric, values } of await metrics.registry.getMetricsAsJSON()) {
        for (const { labels } of values) {
          for (const [name, value] of Object.entries(labels)) {
            expect(known[name], `${metric} has label ${name}`).toContain(value);
            if (name === "outcome" || name === "why") seenOutcomes.add(String(value));
          }
        }
      }
    }),
    // A fixed seed, because the end of this test asks that everything was reached.
    { numRuns: 150, seed: 20261122 },
  );
  // The streams above lead everywhere an Event or a match can end.
  expect([...seenOutcomes].toSorted()).toEqual(
    [
      "covered",
      "digested",
      "dropped",
      "history",
      "malformed",
      "matched",
      "rendered",
      "replayed",
      "suppressed",
      "threshold",
      "throttle",
      "unmatched",
    ].toSorted(),
  );
});

test("what a batch leads to is on disk, with the counts that say so, before the next batch is read", async () => {
  const clock = createFakeClock(NOON);
  const first = start({ clock });
  await first.source.give({ items: [anItem("a", 5), anItem("b", 6)], version: "6" });
  const second = start({ clock, folder: first.remains() });
  expect([...second.checkpoint.counts()].map(({ uid }) => uid).toSorted()).toEqual(["a", "b"]);
  expect(drain(second.outbox)).toHaveLength(2);
  await second.source.give({ items: [anItem("a", 5, { initial: true }), anItem("b", 6, { initial: true })] });
  expect(drain(second.outbox)).toEqual([]);
});

test("a process killed between decision and save has neither told nor forgotten what it decided", async () => {
  const clock = createFakeClock(NOON);
  const first = start({ clock });
  await first.source.give({ version: "4" });
  await first.source.give({ items: ["a", "b", "c"].map((uid, i) => anItem(uid, 5 + i)), version: "7" });
  refuseWrites(first);
  void first.source.give({ items: [anItem("d", 8)], version: "8" });
  // Long enough for the checkpoint to be saved by itself, were it allowed to.
  await clock.advance(120_000);
  expect(first.outbox.waiting()).toBe(3);

  const second = start({ clock, folder: first.remains() });
  expect(second.checkpoint.position(SOURCE)?.version).not.toBe("8");
  expect(drain(second.outbox)).toHaveLength(3);
  const all = ["a", "b", "c", "d"].map((uid, i) => anItem(uid, 5 + i, { initial: true }));
  await second.source.give({ items: all, version: "8" });
  const told = drain(second.outbox);
  expect(told).toHaveLength(1);
  expect(told[0]).toContain("pod-d");
});

test("an engine told to stop while the disk takes nothing stops, and tells the rest after the next start", async () => {
  const clock = createFakeClock(NOON);
  const first = start({ clock });
  await first.source.give({ items: ["a", "b", "c"].map((uid, i) => anItem(uid, 5 + i)), version: "7" });
  refuseWrites(first);
  void first.source.give({ items: [anItem("d", 8)], version: "8" });
  await clock.advance(5_000);
  await first.stop();

  const second = start({ clock, folder: first.remains() });
  drain(second.outbox);
  await second.source.give({ items: [anItem("d", 8, { initial: true })], version: "8" });
  expect(drain(second.outbox)).toHaveLength(1);
});

test("a disk that takes nothing holds the watch up, is told once a minute, and all goes on where it stopped once it does", async () => {
  const clock = createFakeClock(NOON);
  const engine = start({ clock });
  await engine.source.give({ items: ["a", "b", "c"].map((uid, i) => anItem(uid, 5 + i)), version: "7" });
  const allowWrites = refuseWrites(engine);
  let taken = 0;
  for (const [i, uid] of ["d", "e"].entries()) {
    const version = String(8 + i);
    void engine.source.give({ items: [anItem(uid, 8 + i)], version }).then(() => (taken += 1));
  }
  await clock.advance(119_500);
  expect(taken).toBe(0);
  expect(engine.progress.isBehind()).toBe(true);
  expect(engine.lines.filter((line) => line.includes("cannot store alerts"))).toHaveLength(2);
  expect((await ledgerOf(engine))["received"]).toBe(4);

  allowWrites();
  await clock.advance(2_000);
  expect(taken).toBe(2);
  expect(engine.progress.isBehind()).toBe(false);
  expect(drain(engine.outbox).map((summary) => /pod-\w/.exec(summary)?.[0])).toEqual(
    ["a", "b", "c", "d", "e"].map((uid) => `pod-${uid}`),
  );
});

test("nothing is lost of what comes while the disk has no room", async () => {
  const clock = createFakeClock(NOON);
  const engine = start({ clock });
  await engine.source.give({ items: [anItem("a", 5)], version: "5" });
  const pages = (most: number): unknown => engine.database.prepare(`PRAGMA max_page_count = ${most}`).row();
  pages(1);
  const items = Array.from({ length: 60 }, (_, i) => anItem(`x${i}`, 6 + i));
  void engine.source.give({ items, version: "65" });
  await clock.advance(5_000);
  expect(engine.outbox.waiting()).toBe(1);
  expect(engine.lines.join("")).toContain('"trouble":"full"');
  pages(100_000);
  await clock.advance(1_000);
  expect(engine.outbox.waiting()).toBe(61);
  expect(await sumOf(engine.metrics.entriesWritten)).toBe(61);
});

test("a disk that is not there at all is our bug: the run ends with it", async () => {
  const clock = createFakeClock(NOON);
  const engine = startEngine({ clock, statements: EVERYTHING });
  engine.database.close();
  void engine.source.give({ items: [anItem("a", 5)], version: "5" });
  await expect(engine.stop()).rejects.toThrow(/not open/);
});

const BY_LABEL = [aRule({ name: "edge", condition: label("team", "edge") })];
const EDGE = { labels: { team: "edge" }, annotations: {} };

function startHeld(
  clock: FakeClock,
  parts: Partial<Omit<EngineParts, "clock">> = {},
): { engine: TestEngine; lookup: HeldLookup } {
  const lookup = createHeldLookup();
  return { lookup, engine: start({ clock, statements: BY_LABEL, lookup, ...parts }) };
}

test("an Event whose labels are being looked up holds nobody up, and the checkpoint does not claim it", async () => {
  const clock = createFakeClock(NOON);
  const { engine, lookup } = startHeld(clock, { statements: [...BY_LABEL, aDrop(is("reason", "Never"))] });
  await engine.source.give({ version: "4" });
  await engine.source.give({ items: [anItem("a", 5)], version: "5" });
  await engine.source.give({ items: [anItem("b", 6)], version: "6" });
  expect(lookup.waiting()).toBe(2);
  await clock.advance(60_000);
  expect(engine.checkpoint.position(SOURCE)?.version).toBe("4");
  expect([...engine.checkpoint.counts()]).toEqual([]);

  const second = startHeld(clock, { folder: engine.remains() });
  await second.engine.source.give({ items: [anItem("a", 5, { initial: true })], version: "6" });
  second.lookup.answer(EDGE);
  await settle(clock);
  expect(drain(second.engine.outbox)).toHaveLength(1);

  lookup.answer(EDGE);
  await settle(clock);
  await clock.advance(60_000);
  expect(engine.checkpoint.position(SOURCE)?.version).toBe("6");
  expect([...engine.checkpoint.counts()].map(({ uid }) => uid).toSorted()).toEqual(["a", "b"]);
  expect(engine.outbox.waiting()).toBe(2);
});

test("an Event that repeats while its labels are looked up stays unclaimed until both are decided", async () => {
  const clock = createFakeClock(NOON);
  const { engine, lookup } = startHeld(clock);
  await engine.source.give({ items: [anItem("a", 5)], version: "5" });
  await engine.source.give({ items: [anItem("a", 6, { count: 2 })], version: "6" });
  await clock.advance(60_000);
  expect([...engine.checkpoint.counts()]).toEqual([]);
  lookup.answer({ labels: {}, annotations: {} });
  await settle(clock);
  await clock.advance(60_000);
  expect([...engine.checkpoint.counts()]).toMatchObject([{ uid: "a", count: 2 }]);
});

test("an Event still being looked up at the end is decided after the next start", async () => {
  const clock = createFakeClock(NOON);
  const { engine, lookup } = startHeld(clock);
  await engine.source.give({ version: "4" });
  await engine.source.give({ items: [anItem("a", 5)], version: "5" });
  await engine.stop();
  lookup.answer(EDGE);
  await settle(clock);

  const second = startHeld(clock, { folder: engine.remains() });
  await second.engine.source.give({ items: [anItem("a", 5, { initial: true })], version: "5" });
  second.lookup.answer(EDGE);
  await settle(clock);
  expect(drain(second.engine.outbox)).toHaveLength(1);
});

test("a looked-up Event that finds a disk that takes nothing is not claimed by a later save, and holds the watch up", async () => {
  const clock = createFakeClock(NOON);
  const { engine, lookup } = startHeld(clock);
  await engine.source.give({ version: "4" });
  for (const [i, uid] of ["a", "b", "c", "d"].entries()) {
    await engine.source.give({ items: [anItem(uid, 5 + i)], version: String(5 + i) });
  }
  const allowWrites = refuseWrites(engine);
  lookup.answer(EDGE);
  await settle(clock);
  let taken = false;
  void engine.source.give({ items: [anItem("e", 9)], version: "9" }).then(() => (taken = true));
  await clock.advance(120_000);
  expect(engine.outbox.waiting()).toBe(0);
  expect(taken).toBe(false);

  const second = startHeld(clock, { folder: engine.remains() });
  drain(second.engine.outbox);
  await second.engine.source.give({ items: [anItem("d", 8, { initial: true })], version: "9" });
  second.lookup.answer(EDGE);
  await settle(clock);
  expect(drain(second.engine.outbox)).toHaveLength(1);

  allowWrites();
  await clock.advance(1_000);
  expect(taken).toBe(true);
  expect(drain(engine.outbox)).toHaveLength(4);
});

const HOURLY = aRule({ name: "hourly", throttle: { notifications: 1, windowMs: 3_600_000 } });

test("a flood becomes one card a minute and rule", async () => {
  const clock = createFakeClock(NOON);
  const engine = start({ clock, statements: [HOURLY], maxGroups: 2 });
  const items = Array.from({ length: 20 }, (_, i) => anItem(`x${i}`, 5 + i));
  await engine.source.give({ items, version: "24" });
  const passed = drain(engine.outbox).length;
  await clock.advance(59_000);
  expect(engine.outbox.waiting()).toBe(0);
  await clock.advance(2_000);
  const told = drain(engine.outbox);
  expect(told).toHaveLength(1);
  expect(passed + (await sumOf(engine.metrics.matchOutcomes, { outcome: "digested" }))).toBe(20);
});

test("a flood that is open at the end is told after the next start", async () => {
  const clock = createFakeClock(NOON);
  const engine = start({ clock, statements: [HOURLY], maxGroups: 2 });
  await engine.source.give({ items: Array.from({ length: 9 }, (_, i) => anItem(`x${i}`, 5 + i)) });
  const before = engine.outbox.waiting();
  await engine.stop();
  const second = start({ clock, statements: [HOURLY], maxGroups: 2, folder: engine.remains() });
  expect(second.outbox.waiting()).toBe(before);
  await clock.advance(62_000);
  expect(second.outbox.waiting()).toBe(before + 1);
});

test("a flood of a rule and a receiver that a reload took away is told to who is left", async () => {
  const clock = createFakeClock(NOON);
  const both = { ...HOURLY, receivers: ["feishu", "gone"] };
  const engine = start({ clock, statements: [both], maxGroups: 2, receivers: ["feishu", "gone"] });
  await engine.source.give({ items: Array.from({ length: 9 }, (_, i) => anItem(`x${i}`, 5 + i)) });
  drain(engine.outbox);
  drain(engine.outbox, "gone");
  engine.use([aRule({ name: "other" })], ["feishu"]);
  await clock.advance(62_000);
  expect(engine.outbox.receivers()).toEqual(["feishu"]);
  expect(engine.outbox.next("feishu", "steady", Infinity)?.alert.rule?.name).toBe("hourly");
  expect(engine.lines.join("")).toContain("receiver is gone");
});

test("a reload that asks for labels does not disturb an Event that is being looked up for the old rules", async () => {
  const clock = createFakeClock(NOON);
  const { engine, lookup } = startHeld(clock);
  await engine.source.give({ items: [anItem("a", 5)], version: "5" });
  engine.use([aRule({ name: "newer", condition: label("team", "edge"), by: [{ kind: "label", key: "team" }] })]);
  lookup.answer(EDGE);
  await settle(clock);
  expect(engine.outbox.next("feishu", "steady", Infinity)?.alert.rule?.name).toBe("newer");
});

test("without a checkpoint, only what was seen within the start-up age is news; with one, what came after it", async () => {
  const clock = createFakeClock(NOON);
  const first = start({ clock, maxAgeMs: 300_000 });
  await first.source.give({
    items: [listed("old", 5, NOON - 300_001), listed("fresh", 6, NOON - 299_999)],
    version: "6",
  });
  expect(drain(first.outbox).join("")).toMatch(/pod-fresh/);
  await first.stop();

  await clock.advance(3_000_000);
  const second = start({ clock, folder: first.remains() });
  await second.source.give({
    // Both are unknown. The reporter's clock is slow, so only the version says that the first came later.
    items: [listed("later", 9, NOON - 60_000), listed("earlier", 4, NOON - 60_000)],
    version: "9",
  });
  const told = drain(second.outbox);
  expect(told).toHaveLength(1);
  expect(told[0]).toContain("pod-later");
});

test("a list after a gap tells what came since the last batch, and nothing older", async () => {
  const clock = createFakeClock(NOON);
  const engine = start({ clock });
  await engine.source.give({ version: "10", synced: true });
  await clock.advance(600_000);
  await engine.source.give({
    items: [listed("before", 7, NOON - 1_000), listed("gap", 12, NOON + 60_000)],
    version: "12",
  });
  expect(drain(engine.outbox).map((summary) => /pod-\w+/.exec(summary)?.[0])).toEqual(["pod-gap"]);
});

test("what came while the disk took nothing is told, though a reload changes the selection meanwhile", async () => {
  const clock = createFakeClock(NOON);
  const { server, api, ...startedApi } = await startApi(clock);
  let selector = "";
  const sources: Source[] = [];
  const openSource = (after: Position | null): Source => {
    const clocks = { clock, networkClock: clock };
    const { logger } = aLogger();
    const metrics = createMetrics();
    const wishes = { selector: () => selector, skip: () => () => null, startupMaxAgeMs: () => 300_000 };
    const source = createReflector({ api, name: SOURCE, after, ...clocks, logger, metrics, ...wishes });
    sources.push(source);
    return source;
  };
  const engine = start({ clock, openSource });
  onTestFinished(async () => {
    await engine.stop();
    await startedApi.close();
  });
  const happen = (name: string): void => {
    const time = new Date(clock.now()).toISOString();
    server.events.create(aRawEvent({ involvedObject: { name }, firstTimestamp: time, lastTimestamp: time }));
  };
  await until(() => server.openWatches() === 1);
  for (const [i, name] of ["pod-a", "pod-b", "pod-c"].entries()) {
    happen(name);
    await until(() => engine.outbox.waiting() === i + 1);
  }
  const allowWrites = refuseWrites(engine);
  happen("pod-d");
  await until(() => engine.progress.isBehind());
  happen("pod-e");
  await clock.advance(600_000);

  selector = "type=Warning";
  for (const source of sources) source.restart();
  allowWrites();
  const told: string[] = [];
  for (let i = 0; i < 5 && told.length < 5; i += 1) {
    told.push(...drain(engine.outbox).map((summary) => /pod-\w/.exec(summary)?.[0] ?? summary));
    await clock.advance(1_000);
    await until(() => engine.outbox.waiting() > 0 || told.length === 5);
  }
  expect(told).toEqual(["pod-a", "pod-b", "pod-c", "pod-d", "pod-e"]);
  expect(server.requests.at(-1)?.query.get("fieldSelector")).toBe("type=Warning");
});

type Step =
  | { readonly do: "happen"; readonly uid: string; readonly times: number }
  | { readonly do: "deliver" | "look up" | "kill" | "stop" }
  | { readonly do: "wait"; readonly ms: number };

const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("happen" as const),
      uid: fc.constantFrom("plain-1", "plain-2", "plain-3", "labelled-1", "labelled-2"),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  // Delivering is rare, so that the outbox is often full.
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("deliver" as const, "look up" as const, "look up" as const) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("kill" as const, "stop" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 40_000 }) }) },
);

test("whenever it is killed or stopped, what happened is told once and nothing is told twice", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryStep, { minLength: 10, maxLength: 40 }), async (steps) => {
      const clock = createFakeClock(NOON);
      const statements = [
        aRule({ name: "plain", condition: is("type", "Warning") }),
        aRule({ name: "labelled", condition: allOf(is("type", "Normal"), label("team", "edge")) }),
      ];
      const begin = (folder?: string): { engine: TestEngine; lookup: HeldLookup } => {
        const lookup = createHeldLookup();
        const parts = { clock, statements, lookup };
        return { lookup, engine: startEngine(folder === undefined ? parts : { ...parts, folder }) };
      };
      const counts = new Map<string, number>();
      const told: string[] = [];
      let version = 10;
      let { engine, lookup } = begin();
      const ended: TestEngine[] = [];
      const show = (uid: string, count: number, initial: boolean): ReturnType<typeof anItem> =>
        anItem(uid, version, {
          initial,
          count,
          type: uid.startsWith("plain") ? "Warning" : "Normal",
          message: `count ${count}`,
          firstTimestamp: new Date(NOON).toISOString(),
          lastTimestamp: new Date(clock.now()).toISOString(),
        });
      const deliver = (): void => {
        for (const summary of drain(engine.outbox))
          told.push(/pod-([\w-]+).*(count \d+)/.exec(summary)?.slice(1).join(" ") ?? "?");
      };

      await engine.source.give({ version: "10" });
      for (const step of steps) {
        switch (step.do) {
          case "happen":
            version += 1;
            counts.set(step.uid, (counts.get(step.uid) ?? 0) + step.times);
            void engine.source.give({
              items: [show(step.uid, counts.get(step.uid) ?? 0, false)],
              version: String(version),
            });
            break;
          case "deliver":
            deliver();
            break;
          case "look up":
            lookup.answer(EDGE);
            break;
          case "kill":
          case "stop": {
            if (step.do === "stop") await engine.stop();
            else ended.push(engine);
            ({ engine, lookup } = begin(engine.remains()));
            const items = [...counts].map(([uid, count]) => show(uid, count, true));
            void engine.source.give({ items, version: String(version) });
            break;
          }
          case "wait":
            await clock.advance(step.ms);
            break;
        }
        await settle(clock);
      }
      for (let i = 0; i < 2 * steps.length + 2; i += 1) {
        lookup.answer(EDGE);
        deliver();
        drain(engine.outbox, "away");
        await clock.advance(2_000);
      }
      expect(engine.outbox.waiting()).toBe(0);
      expect(engine.progress.isBehind()).toBe(false);
      await Promise.all([engine, ...ended].map((one) => one.stop()));

      expect(told).toEqual([...new Set(told)]);
      const last = [...counts].map(([uid, count]) => `${uid} count ${count}`);
      expect(told).toEqual(expect.arrayContaining(last));
    }),
    { numRuns: 60 },
  );
});
