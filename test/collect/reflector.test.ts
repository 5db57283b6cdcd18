import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { normalize } from "../../src/collect/normalize.ts";
import { createOccurrences } from "../../src/collect/occurrences.ts";
import type { Batch } from "../../src/collect/source.ts";
import { aRawEvent } from "../support/raw-events.ts";
import { NOW, positionAt, runReflector, until, untilWatching } from "../support/reflector.ts";

describe("createReflector", () => {
  it("gives what lies in the cluster, then what happens, as Events with their occurrences", async () => {
    const one = await runReflector({
      prepare: ({ events }) =>
        events.create(
          aRawEvent({ metadata: { name: "a" }, reason: "Old", count: 3, lastTimestamp: "2026-11-22T09:50:00Z" }),
        ),
    });
    await untilWatching(one);
    one.server.events.patch("a", { count: 5, lastTimestamp: "2026-11-22T10:04:00Z", reason: "New" });
    await until(() => one.seen().length === 2);

    expect(one.seen()).toEqual(["Old*", "New"]);
    const occurrences = createOccurrences({ metrics: one.metrics });
    const taken = one.items().map(({ object, backlog }) => {
      const event = normalize(object, "home");
      return event && occurrences.take(event, backlog);
    });
    expect(taken).toMatchObject([
      { history: true, occurrences: { count: 3 } },
      { history: false, occurrences: { count: 2, to: Date.parse("2026-11-22T10:04:00Z") } },
    ]);
  });

  describe("goes on", () => {
    it("from the last version when the server ends the watch, after at most a second", async () => {
      const one = await runReflector();
      await untilWatching(one);
      one.server.events.create(aRawEvent({ reason: "A" }));
      await until(() => one.seen().length === 1);
      await one.clock.advance(200_000);
      one.server.endWatches();
      await until(() => one.clock.sleepers() === 1);
      one.server.events.create(aRawEvent({ reason: "B" }));
      expect(one.reflector.progress().connected).toBe(true);
      await one.clock.advance(499);
      expect(one.server.openWatches()).toBe(0);
      await one.clock.advance(1);
      await until(() => one.seen().length === 2);
      expect(one.seen()).toEqual(["A", "B"]);
      expect(one.server.requests.at(-1)?.query.get("resourceVersion")).toBe("101");
      expect(one.server.connections()).toBe(1);
      expect(await one.outcomes()).toEqual({ ended: 1 });
    });

    it("after a reset connection, having asked whether the datastore is still the same", async () => {
      const one = await runReflector();
      await untilWatching(one);
      one.server.cut();
      await until(() => one.logs.length > 0);
      expect(one.reflector.progress().connected).toBe(false);
      one.server.events.create(aRawEvent({ reason: "Meanwhile" }));
      await one.clock.advance(800);
      await until(() => one.seen().length === 1);
      expect(one.seen()).toEqual(["Meanwhile"]);
      expect(one.server.requests[1]?.query.get("limit")).toBe("1");
      expect(await one.outcomes()).toEqual({ error: 1 });
    });

    it("with a list when the version has expired, once and at once", async () => {
      const one = await runReflector({ prepare: ({ events }) => events.create(aRawEvent({ reason: "A" })) });
      await untilWatching(one);
      one.server.sendError({ code: 410, reason: "Expired", message: "too old resource version" });
      one.server.events.create(aRawEvent({ reason: "B" }));
      await until(() => one.seen().length === 3);
      expect(one.seen()).toEqual(["A*", "A*", "B*"]);
      // The datastore may have been rebuilt: then its versions say nothing.
      expect(one.server.requests.map(({ query }) => query.get("limit"))).toEqual([null, "1", null]);
      expect(await one.outcomes()).toEqual({ gone: 1 });
    });

    it("with a list when the server finds the version too large", async () => {
      const one = await runReflector({ prepare: ({ events }) => events.create(aRawEvent({ reason: "A" })) });
      await untilWatching(one);
      const details = { causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }] };
      one.server.sendError({ code: 504, reason: "Timeout", message: "Too large resource version: 9", details });
      await until(() => one.seen().length === 2);
      expect(one.seen()).toEqual(["A*", "A*"]);
    });

    it("from the same version after an ERROR that will pass, though the server leaves the stream open", async () => {
      const one = await runReflector();
      await untilWatching(one);
      one.server.sendError({ code: 500, reason: "InternalError", message: "etcd is shy" }, false);
      await until(() => one.logs.length > 0);
      one.server.events.create(aRawEvent({ reason: "A" }));
      await one.clock.advance(800);
      await until(() => one.seen().length === 1);
      expect(one.server.requests.at(-1)?.query.get("resourceVersion")).toBe("100");
    });

    it("at once with the new token when the old one is refused", async () => {
      const one = await runReflector({ server: { token: "old-token" } });
      await untilWatching(one);
      one.server.setToken("new-token");
      writeFileSync(one.kubeconfig, one.server.kubeconfig());
      one.server.endWatches();
      await until(() => one.clock.sleepers() === 1);
      await one.clock.advance(800);
      await until(() => one.server.openWatches() === 1);
      expect(one.logs).toEqual([]);
      expect(one.server.requests.map(({ authorization }) => authorization)).toEqual([
        "Bearer old-token",
        "Bearer old-token",
        "Bearer new-token",
      ]);
    });
  });

  describe("restarted", () => {
    it("lists again, with the selector as it is then", async () => {
      let selector = "type=Warning";
      const one = await runReflector({
        selector: () => selector,
        prepare({ events }) {
          events.create(aRawEvent({ reason: "A", type: "Normal" }));
          events.create(aRawEvent({ reason: "B" }));
        },
      });
      await untilWatching(one);
      expect(one.seen()).toEqual(["B*"]);
      selector = "type=Normal";
      one.reflector.restart();
      await until(() => one.seen().length === 2);
      expect(one.seen()).toEqual(["B*", "A*"]);
    });

    it("takes for news what came after the last stored position, however long the consumer was held up", async () => {
      const storing = Promise.withResolvers<void>();
      let selector = "";
      const one = await runReflector({
        selector: () => selector,
        store: (batch) => (batch.items.length > 0 ? storing.promise : Promise.resolve()),
      });
      await untilWatching(one);
      one.server.events.create(aRawEvent({ reason: "Held" }));
      await until(() => one.seen().length === 1);
      one.server.events.create(aRawEvent({ reason: "Meanwhile" }));
      await one.clock.advance(600_000);
      selector = "type=Warning";
      one.reflector.restart();
      storing.resolve();
      await until(() => one.seen().length === 3);
      expect(one.seen()).toEqual(["Held", "Held*", "Meanwhile*"]);
      const backlog = { kind: "gap", after: positionAt("101") };
      expect(
        one
          .items()
          .slice(1)
          .map((item) => item.backlog),
      ).toEqual([backlog, backlog]);
    });

    it("waits for nothing, not even for the pace of failures", async () => {
      const one = await runReflector({ prepare: (server) => server.failNext(503) });
      await until(() => one.logs.length > 0);
      one.reflector.restart();
      await untilWatching(one);
      expect(one.clock.now()).toBe(NOW);
    });
  });

  it("moves on only when a batch is stored", async () => {
    const storing = Promise.withResolvers<void>();
    const one = await runReflector({ store: (batch: Batch) => (batch.synced ? storing.promise : Promise.resolve()) });
    await until(() => one.batches.some((batch) => batch.synced));
    await one.clock.advance(1_000);
    expect(one.reflector.progress().synced).toBe(false);
    storing.resolve();
    await until(() => one.reflector.progress().synced);
  });

  it("reads no further than the consumer stores", async () => {
    const storing = Promise.withResolvers<void>();
    const one = await runReflector({
      store: (batch) => (batch.items.length > 0 ? storing.promise : Promise.resolve()),
    });
    await untilWatching(one);
    const message = "x".repeat(10_000);
    for (let i = 0; i < 500; i += 1) one.server.events.create(aRawEvent({ message }));
    await until(() => one.batches.some((batch) => batch.items.length > 0));
    for (let i = 0; i < 20; i += 1) await one.clock.advance(1);
    expect(one.seen().length).toBeLessThan(50);
    storing.resolve();
    await until(() => one.seen().length === 500);
  });

  it("stops at once, even while it connects", async () => {
    const one = await runReflector({ prepare: (server) => server.hangNext() });
    await until(() => one.server.requests.length === 1);
    await one.stop();
    expect(one.batches).toEqual([]);
    expect(one.clock.sleepers()).toBe(0);
  });

  it("is connected until it stops", async () => {
    const one = await runReflector();
    await untilWatching(one);
    expect(one.reflector.progress().connected).toBe(true);
    await one.stop();
    expect(one.reflector.progress().connected).toBe(false);
  });

  it("lets go of everything when its consumer leaves in the middle", async () => {
    const leaving = new Error("leaving");
    const one = await runReflector({
      prepare: ({ events }) => events.create(aRawEvent()),
      store: () => Promise.reject(leaving),
    });
    await until(() => one.batches.length > 0);
    await expect(one.stop()).rejects.toBe(leaving);
    await until(() => one.server.openWatches() === 0 && one.clock.sleepers() === 0);
  });

  it("leaves no timer behind over many watches", async () => {
    const one = await runReflector();
    await untilWatching(one);
    for (let i = 0; i < 20; i += 1) {
      await one.clock.advance(6_000);
      one.server.endWatches();
      await until(() => one.server.openWatches() === 0 && one.clock.sleepers() === 1);
      await one.clock.advance(1_000);
      await until(() => one.server.openWatches() === 1 && one.clock.sleepers() === 2);
    }
    expect(one.server.connections()).toBe(1);
  });

  it("shows signs of life", async () => {
    const one = await runReflector();
    await untilWatching(one);
    await one.clock.advance(60_000);
    one.server.events.create(aRawEvent());
    await until(() => one.seen().length === 1);
    expect(one.reflector.progress()).toMatchObject({ lastActivityAt: 60_000, connected: true });
    one.server.endWatches();
    await until(() => one.clock.sleepers() === 1);
    await one.clock.advance(500);
    await until(() => one.server.openWatches() === 1);
    await until(() => one.reflector.progress().lastActivityAt === 60_500);
  });
});
