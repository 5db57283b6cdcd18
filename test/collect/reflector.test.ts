import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { normalize } from "../../src/collect/normalize.ts";
import { createOccurrences } from "../../src/collect/occurrences.ts";
import { createReflector, type Reflector, type WatchBatch } from "../../src/collect/reflector.ts";
import { createMetrics, type Metrics } from "../../src/runtime/metrics.ts";
import type { ApiServerOptions } from "../../src/emulator/api-server.ts";
import { startApi, type TestApi } from "../support/api-server.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";
import { aRawEvent } from "../support/raw-events.ts";

const NOW = Date.parse("2026-11-22T10:05:00Z");

/** A reflector under test and all it has given so far. */
interface Running {
  readonly reflector: Reflector;
  readonly batches: WatchBatch[];
  readonly logs: unknown[];
  /** Reasons of the Events given so far, initial ones with a star. */
  seen(): string[];
  stop(): Promise<void>;
}

let clock: FakeClock;
let metrics: Metrics;
let test: TestApi;
const running: Running[] = [];

beforeEach(() => {
  clock = createFakeClock(NOW);
  metrics = createMetrics();
});

afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
  await test.close();
});

async function serve(options: ApiServerOptions = {}): Promise<TestApi> {
  test = await startApi(clock, options);
  return test;
}

interface RunOptions {
  readonly checkpoint?: string;
  readonly selector?: () => string;
  /** Called with each batch before the next is asked for. */
  readonly store?: (batch: WatchBatch) => Promise<void>;
}

function run(options: RunOptions = {}): Running {
  const logs: unknown[] = [];
  const log = (...what: unknown[]): void => void logs.push(what);
  const reflector = createReflector({
    api: test.api,
    clock,
    logger: { info: log, warn: log },
    metrics,
    selector: options.selector ?? (() => ""),
    skip: () => () => null,
    checkpoint: options.checkpoint ?? null,
    random: () => 0.5,
  });
  const stop = new AbortController();
  const batches: WatchBatch[] = [];
  const finished = (async () => {
    for await (const batch of reflector.watch(stop.signal)) {
      batches.push(batch);
      await options.store?.(batch);
    }
  })();
  const one: Running = {
    reflector,
    batches,
    logs,
    seen: () =>
      batches
        .flatMap((batch) => batch.items)
        .map((item) => `${(item.object as { reason: string }).reason}${item.initial ? "*" : ""}`),
    async stop() {
      stop.abort(new Error("test is over"));
      await finished;
    },
  };
  running.push(one);
  return one;
}

/** Waits in real time for what the loopback is still carrying. */
async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { interval: 5, timeout: 5000 }).toBe(true);
}

describe("createReflector", () => {
  it("gives what lies in the cluster, then what happens, as Events with their occurrences", async () => {
    const { server } = await serve();
    server.events.create(aRawEvent({ metadata: { name: "a" }, reason: "Old", count: 3 }));
    const one = run();
    await until(() => one.reflector.progress().synced);
    server.events.patch("a", { count: 5, lastTimestamp: "2026-11-22T10:04:00Z", reason: "New" });
    await until(() => one.seen().length === 2);

    expect(one.seen()).toEqual(["Old*", "New"]);
    const occurrences = createOccurrences({ metrics, clock });
    const since = null;
    const taken = one.batches
      .flatMap((batch) => batch.items)
      .map(({ object, initial }) => {
        const event = normalize(object, "home");
        return event && occurrences.take(event, { initial, since, maxAgeMs: 300_000 });
      });
    expect(taken).toMatchObject([
      { history: true, occurrences: { count: 3 } },
      { history: false, occurrences: { count: 2, to: Date.parse("2026-11-22T10:04:00Z") } },
    ]);
  });

  describe("takes the initial state", () => {
    it("as a stream, and stores no version of it before its end", async () => {
      const { server } = await serve();
      for (const reason of ["A", "B", "C"]) server.events.create(aRawEvent({ reason }));
      const one = run();
      await until(() => one.reflector.progress().synced);
      expect(one.seen()).toEqual(["A*", "B*", "C*"]);
      const versions = one.batches.map((batch) => [batch.resourceVersion, batch.synced]);
      expect(versions.at(-1)).toEqual(["103", true]);
      expect(versions.slice(0, -1).every(([version, synced]) => version === null && synced === false)).toBe(true);
      expect(Object.fromEntries(server.requests[0]?.query ?? [])).toEqual({
        watch: "1",
        sendInitialEvents: "true",
        resourceVersionMatch: "NotOlderThan",
        allowWatchBookmarks: "true",
        timeoutSeconds: "270",
      });
    });

    it("in pages where the server does not stream it, and remembers that", async () => {
      const { server } = await serve({ watchList: false });
      for (let i = 0; i < 250; i += 1) server.events.create(aRawEvent({ reason: `R${i}` }));
      const one = run();
      await until(() => server.openWatches() === 1);
      expect(one.batches.map(({ items, resourceVersion, synced }) => [items.length, resourceVersion, synced])).toEqual([
        [100, null, false],
        [100, null, false],
        [50, "350", true],
      ]);
      expect(server.requests.at(-1)?.query.get("resourceVersion")).toBe("350");
      one.reflector.restart();
      await until(() => one.seen().length === 500 && server.openWatches() === 1);
      expect(server.requests.filter(({ query }) => query.has("sendInitialEvents"))).toHaveLength(1);
    });

    it("in pages where the server is too old to know the word, and never ends the stream's beginning", async () => {
      const { server } = await serve({ watchList: "unknown" });
      server.events.create(aRawEvent({ reason: "Old" }));
      const one = run();
      await until(() => one.seen().length === 1);
      expect(one.reflector.progress().synced).toBe(false);
      await until(() => clock.sleepers() >= 2);
      await clock.advance(3_000);
      await clock.advance(3_000);
      await until(() => one.reflector.progress().synced && server.openWatches() === 1);
      expect(one.seen()).toEqual(["Old*", "Old*"]);
      server.events.create(aRawEvent({ reason: "New" }));
      await until(() => one.seen().length === 3);
      expect(one.seen().at(-1)).toBe("New");
    });

    it("not at all when a checkpoint says where to go on", async () => {
      const { server } = await serve();
      server.events.create(aRawEvent({ reason: "Known" }));
      server.events.create(aRawEvent({ reason: "Missed" }));
      const one = run({ checkpoint: "101" });
      await until(() => one.seen().length === 1);
      expect(one.seen()).toEqual(["Missed"]);
      expect(one.reflector.progress()).toMatchObject({ synced: true, connected: true });
    });

    it("again when the checkpoint lies in the future of a restored datastore", async () => {
      const { server } = await serve();
      server.events.create(aRawEvent({ reason: "Here" }));
      const one = run({ checkpoint: "5000" });
      await until(() => one.reflector.progress().synced && one.seen().length === 1);
      expect(one.seen()).toEqual(["Here*"]);
      expect(one.batches.at(-1)?.resourceVersion).toBe("101");
    });

    it("again after a restart, with the new selector", async () => {
      const { server } = await serve();
      server.events.create(aRawEvent({ reason: "A", type: "Normal" }));
      server.events.create(aRawEvent({ reason: "B" }));
      let selector = "type=Warning";
      const one = run({ selector: () => selector });
      await until(() => one.reflector.progress().synced);
      expect(one.seen()).toEqual(["B*"]);
      selector = "type=Normal";
      one.reflector.restart();
      await until(() => one.seen().length === 2);
      expect(one.seen()).toEqual(["B*", "A*"]);
    });
  });

  describe("goes on", () => {
    it("from the last version when the server ends the watch, after at most a second", async () => {
      const { server } = await serve();
      const one = run();
      await until(() => server.openWatches() === 1 && one.reflector.progress().synced);
      server.events.create(aRawEvent({ reason: "A" }));
      await until(() => one.seen().length === 1);
      await clock.advance(200_000);
      server.endWatches();
      await until(() => clock.sleepers() === 1);
      server.events.create(aRawEvent({ reason: "B" }));
      expect(one.reflector.progress().connected).toBe(true);
      await clock.advance(1_000);
      await until(() => one.seen().length === 2);
      expect(one.seen()).toEqual(["A", "B"]);
      expect(server.requests.at(-1)?.query.get("resourceVersion")).toBe("101");
      expect(server.connections()).toBe(1);
      expect(await outcomes()).toEqual({ ended: 1 });
    });

    it("after a reset connection, having asked whether the datastore is still the same", async () => {
      const { server } = await serve();
      const one = run();
      await until(() => one.reflector.progress().synced);
      server.cut();
      await until(() => one.logs.length > 0);
      expect(one.reflector.progress().connected).toBe(false);
      server.events.create(aRawEvent({ reason: "Meanwhile" }));
      await clock.advance(800);
      await until(() => one.seen().length === 1);
      expect(one.seen()).toEqual(["Meanwhile"]);
      expect(server.requests[1]?.query.get("limit")).toBe("1");
      expect(await outcomes()).toEqual({ error: 1 });
    });

    it("with a list when the watch returns 410, once", async () => {
      const { server } = await serve();
      server.events.create(aRawEvent({ reason: "A" }));
      const one = run();
      await until(() => one.reflector.progress().synced);
      await clock.advance(200_000);
      server.sendError({ code: 410, reason: "Expired", message: "too old resource version" });
      server.events.create(aRawEvent({ reason: "B" }));
      await until(() => one.seen().length === 3);
      expect(one.seen()).toEqual(["A*", "A*", "B*"]);
      expect(server.requests).toHaveLength(2);
      expect(await outcomes()).toEqual({ gone: 1 });
    });

    it("with a list when the version has been compacted away while it was down", async () => {
      const { server } = await serve();
      server.events.create(aRawEvent({ reason: "A" }));
      server.events.compact();
      const one = run({ checkpoint: "50" });
      await until(() => one.seen().length === 1);
      expect(one.seen()).toEqual(["A*"]);
    });

    it("with a list when the server finds the version too large", async () => {
      const { server } = await serve();
      server.events.create(aRawEvent({ reason: "A" }));
      const one = run();
      await until(() => one.reflector.progress().synced);
      await clock.advance(200_000);
      const details = { causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }] };
      server.sendError({ code: 504, reason: "Timeout", message: "Too large resource version: 9", details });
      await until(() => one.seen().length === 2);
      expect(one.seen()).toEqual(["A*", "A*"]);
    });

    it("from the same version after an ERROR that will pass, though the server leaves the stream open", async () => {
      const { server } = await serve();
      const one = run();
      await until(() => one.reflector.progress().synced);
      server.sendError({ code: 500, reason: "InternalError", message: "etcd is shy" }, false);
      await until(() => one.logs.length > 0);
      server.events.create(aRawEvent({ reason: "A" }));
      await clock.advance(800);
      await until(() => one.seen().length === 1);
      expect(server.requests.at(-1)?.query.get("resourceVersion")).toBe("100");
    });

    it("when Retry-After says so, and no earlier", async () => {
      const { server } = await serve();
      server.failNext(429, { "retry-after": "20" });
      const one = run();
      await until(() => one.logs.length > 0);
      await clock.advance(19_999);
      expect(server.requests).toHaveLength(1);
      await clock.advance(801);
      await until(() => one.reflector.progress().synced);
    });

    it("more and more slowly while the server keeps failing", async () => {
      const { server } = await serve();
      for (let i = 0; i < 9; i += 1) server.failNext(503);
      const one = run();
      for (const [i, waitMs] of [600, 1200, 2400, 4800, 9600, 19_200, 22_500, 22_500, 22_500].entries()) {
        await until(() => one.logs.length === i + 1 && clock.sleepers() === 1);
        expect(one.logs[i]).toMatchObject([{ waitMs }, "the watch failed"]);
        await clock.advance(waitMs);
      }
      await until(() => one.reflector.progress().synced);
    });

    it("at once with the new token when the old one is refused", async () => {
      const { server, kubeconfig } = await serve({ token: "old-token" });
      const one = run();
      await until(() => one.reflector.progress().synced);
      server.setToken("new-token");
      writeFileSync(kubeconfig, server.kubeconfig());
      server.endWatches();
      await until(() => clock.sleepers() === 1);
      await clock.advance(800);
      await until(() => server.openWatches() === 1);
      expect(one.logs).toEqual([]);
      expect(server.requests.map(({ authorization }) => authorization)).toEqual([
        "Bearer old-token",
        "Bearer old-token",
        "Bearer new-token",
      ]);
    });

    it("without the selector when the server refuses it", async () => {
      const { server } = await serve();
      server.events.create(aRawEvent({ reason: "A" }));
      const one = run({ selector: () => "colour=blue" });
      await until(() => one.reflector.progress().synced);
      expect(one.seen()).toEqual(["A*"]);
      expect(server.requests.at(-1)?.query.has("fieldSelector")).toBe(false);
    });
  });

  it("says that it is refused, tries slowly, and says when it is let in", async () => {
    const { server } = await serve();
    const body = JSON.stringify({ kind: "Status", code: 403, message: "events is forbidden" });
    server.failNext(403, {}, body);
    server.failNext(403, {}, body);
    const one = run();
    await until(() => one.reflector.progress().refused !== null);
    expect(one.reflector.progress()).toMatchObject({
      refused: { status: 403, message: "events is forbidden" },
      connected: false,
      synced: false,
    });
    await clock.advance(44_999);
    expect(server.requests).toHaveLength(1);
    await clock.advance(1);
    await until(() => server.requests.length === 2 && clock.sleepers() === 1);
    await clock.advance(45_000);
    await until(() => one.reflector.progress().synced);
    expect(one.reflector.progress().refused).toBeNull();
    expect(await outcomes()).toEqual({ refused: 2 });
  });

  it("repeats nothing of a proxy's error page", async () => {
    const { server } = await serve();
    server.failNext(403, { "content-type": "text/html" }, "<html>your token abc is bad</html>");
    const one = run();
    await until(() => one.reflector.progress().refused !== null);
    expect(one.reflector.progress().refused).toEqual({ status: 403, message: "status 403" });
    expect(JSON.stringify(one.logs)).not.toContain("abc");
  });

  describe("notices", () => {
    it("a server that accepts and says nothing, after 30 s", async () => {
      const { server } = await serve();
      server.hangNext();
      const one = run();
      await until(() => server.requests.length === 1);
      await clock.advance(30_000);
      await until(() => one.logs.length > 0);
      await clock.advance(800);
      await until(() => one.reflector.progress().synced);
      expect(await outcomes()).toEqual({ timeout: 1 });
    });

    it("a watch that overruns its own timeout, after 15 s more", async () => {
      const { server } = await serve();
      const one = run();
      await until(() => one.reflector.progress().synced);
      server.hang(true);
      await clock.advance(284_999);
      expect(await outcomes()).toEqual({});
      await clock.advance(1);
      await until(() => one.logs.length > 0);
      server.hang(false);
      server.events.create(aRawEvent({ reason: "After" }));
      await clock.advance(800);
      await until(() => one.seen().length === 1);
      expect(await outcomes()).toEqual({ timeout: 1 });
    });

    it("signs of life", async () => {
      const { server } = await serve();
      const one = run();
      await until(() => one.reflector.progress().synced);
      await clock.advance(60_000);
      server.events.create(aRawEvent());
      await until(() => one.seen().length === 1);
      expect(one.reflector.progress()).toMatchObject({ lastAliveAt: 60_000, connected: true });
    });
  });

  it("counts lines that are none, and DELETED ones, and loses nothing beside them", async () => {
    const { server } = await serve();
    const one = run();
    await until(() => one.reflector.progress().synced);
    server.garbageLine();
    server.events.create(aRawEvent({ reason: "A", metadata: { name: "a" } }));
    server.oversizedLine(3 * 1024 * 1024);
    server.events.delete("a");
    server.events.create(aRawEvent({ reason: "B \u2028 one line" }));
    await until(() => one.seen().length === 2);
    expect(one.seen()).toEqual(["A", "B \u2028 one line"]);
    expect(sum(one, "malformed")).toBe(2);
    expect(sum(one, "deleted")).toBe(1);
    expect(one.batches.at(-1)?.resourceVersion).toBe("103");
    expect((await metrics.linesOversized.get()).values[0]?.value).toBe(1);
  });

  it("keeps no version of an Event whose line is cut off", async () => {
    const { server } = await serve();
    const one = run();
    await until(() => one.reflector.progress().synced);
    const whole = JSON.stringify({ type: "ADDED", object: { kind: "Event", metadata: { resourceVersion: "900" } } });
    server.sendRaw(whole.slice(0, -5));
    server.endWatches();
    await until(() => one.logs.length > 0 || clock.sleepers() === 1);
    await clock.advance(1_000);
    await until(() => server.requests.length === 2);
    expect(server.requests[1]?.query.get("resourceVersion")).toBe("100");
    expect(one.seen()).toEqual([]);
  });

  it("moves on only when a batch is stored, and repeats one that was not", async () => {
    const { server } = await serve();
    const storing = Promise.withResolvers<void>();
    const one = run({ store: (batch) => (batch.items.length > 0 ? storing.promise : Promise.resolve()) });
    await until(() => one.reflector.progress().synced && one.batches.length > 0);
    server.events.create(aRawEvent({ reason: "A" }));
    await until(() => one.seen().length === 1);
    expect(one.reflector.progress().accepted?.resourceVersion).toBe("100");
    server.cut();
    await clock.advance(1);
    storing.resolve();
    await until(() => one.logs.length > 0);
    expect(one.reflector.progress().accepted?.resourceVersion).toBe("101");
  });

  it("reads no further than the consumer stores", async () => {
    const { server } = await serve();
    const storing = Promise.withResolvers<void>();
    const one = run({ store: (batch) => (batch.items.length > 0 ? storing.promise : Promise.resolve()) });
    await until(() => server.openWatches() === 1 && one.reflector.progress().synced);
    const message = "x".repeat(10_000);
    for (let i = 0; i < 500; i += 1) server.events.create(aRawEvent({ message }));
    await until(() => one.batches.some((batch) => batch.items.length > 0));
    for (let i = 0; i < 20; i += 1) await clock.advance(1);
    expect(one.seen().length).toBeLessThan(50);
    storing.resolve();
    await until(() => one.seen().length === 500);
  });

  it("stops at once, even while it connects", async () => {
    const { server } = await serve();
    server.hangNext();
    const one = run();
    await until(() => server.requests.length === 1);
    await one.stop();
    expect(one.batches).toEqual([]);
    expect(clock.sleepers()).toBe(0);
  });

  it("leaves no timer behind over many watches", async () => {
    const { server } = await serve();
    const one = run();
    await until(() => server.openWatches() === 1 && one.reflector.progress().synced);
    for (let i = 0; i < 20; i += 1) {
      await clock.advance(6_000);
      server.endWatches();
      await until(() => server.openWatches() === 0 && clock.sleepers() === 1);
      await clock.advance(1_000);
      await until(() => server.openWatches() === 1 && clock.sleepers() === 2);
    }
    expect(server.connections()).toBe(1);
  });
});

function sum(one: Running, what: "malformed" | "deleted" | "skipped"): number {
  return one.batches.reduce((total, batch) => total + batch[what], 0);
}

async function outcomes(): Promise<Record<string, number>> {
  const { values } = await metrics.watches.get();
  return Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value]));
}
