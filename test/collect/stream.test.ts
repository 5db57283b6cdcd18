import { describe, expect, it } from "vitest";
import { aRawEvent } from "../support/raw-events.ts";
import { positionAt, runReflector, until, untilWatching, type RunningReflector } from "../support/reflector.ts";

function sum({ batches }: RunningReflector, what: "malformed" | "deleted"): number {
  return batches.reduce((total, batch) => total + batch[what], 0);
}

const listRequests = ({ server }: RunningReflector): unknown[] =>
  server.requests.filter(({ query }) => query.has("limit"));

describe("createStream", () => {
  it("takes the initial state as a stream, and has no position before its end", async () => {
    const one = await runReflector({
      prepare({ events }) {
        for (const reason of ["A", "B", "C"]) events.create(aRawEvent({ reason }));
      },
    });
    await untilWatching(one);
    expect(one.seen()).toEqual(["A*", "B*", "C*"]);
    const last = one.batches.at(-1);
    expect(last).toMatchObject({ position: positionAt("103"), synced: true });
    expect(one.batches.slice(0, -1).every(({ position, synced }) => position === null && !synced)).toBe(true);
    expect(Object.fromEntries(one.server.requests[0]?.query ?? [])).toEqual({
      watch: "1",
      sendInitialEvents: "true",
      resourceVersionMatch: "NotOlderThan",
      allowWatchBookmarks: "true",
      timeoutSeconds: "270",
    });
    expect((await one.metrics.lists.get()).values[0]?.value).toBe(1);
  });

  it("asks in vain of a server too old to know the word, and has the state listed after 3 s without bytes", async () => {
    const one = await runReflector({
      server: { watchList: "unknown" },
      prepare: ({ events }) => events.create(aRawEvent({ reason: "Old" })),
    });
    await until(() => one.seen().length === 1);
    await one.clock.advance(2_999);
    expect(listRequests(one)).toEqual([]);
    expect(one.reflector.progress().synced).toBe(false);
    expect(one.batches.every(({ position, synced }) => position === null && !synced)).toBe(true);
    await one.clock.advance(1);
    await untilWatching(one);
    expect(one.seen()).toEqual(["Old*", "Old*"]);
    one.server.events.create(aRawEvent({ reason: "New" }));
    await until(() => one.seen().length === 3);
    expect(one.seen().at(-1)).toBe("New");
  });

  it("does not take a consumer's slowness for the server's silence", async () => {
    const message = "x".repeat(60_000);
    let stored = 0;
    const one = await runReflector({
      prepare({ events }) {
        for (let i = 0; i < 40; i += 1) events.create(aRawEvent({ message }));
      },
      async store() {
        stored += 1;
        // More than the server may be silent; once more than it may watch.
        await one.clock.advance(stored === 2 ? 400_000 : 20_000);
      },
    });
    await untilWatching(one);
    expect(stored).toBeGreaterThan(15);
    expect(one.seen()).toHaveLength(40);
    expect(listRequests(one)).toEqual([]);
    expect(await one.outcomes()).toEqual({});
  });

  it("counts the silence from the last bytes on", async () => {
    const one = await runReflector({
      server: { watchList: "unknown" },
      prepare: ({ events }) => events.create(aRawEvent({ reason: "Old" })),
    });
    await until(() => one.seen().length === 1);
    for (let i = 2; i < 6; i += 1) {
      await one.clock.advance(2_000);
      one.server.events.create(aRawEvent({ reason: "More" }));
      await until(() => one.seen().length === i);
    }
    expect(listRequests(one)).toEqual([]);
    await one.clock.advance(3_000);
    await until(() => listRequests(one).length > 0);
  });

  it("tries again at the next list, for the server may be another by then", async () => {
    const one = await runReflector({ prepare: (server) => server.failNext(422) });
    await untilWatching(one);
    expect(listRequests(one)).toHaveLength(1);
    one.reflector.restart();
    await until(() => one.server.requests.filter(({ query }) => query.has("sendInitialEvents")).length === 2);
    await untilWatching(one);
    expect(listRequests(one)).toHaveLength(1);
  });

  it("has the state listed when a stream breaks off before the end of the initial events", async () => {
    const one = await runReflector({
      server: { watchList: "unknown" },
      prepare: ({ events }) => events.create(aRawEvent({ reason: "Old" })),
    });
    await until(() => one.seen().length === 1);
    one.server.endWatches();
    await untilWatching(one);
    expect(listRequests(one)).toHaveLength(1);
  });

  it("notices a server that accepts and says nothing, after 30 s", async () => {
    const one = await runReflector({ prepare: (server) => server.hangNext() });
    await until(() => one.server.requests.length === 1);
    await one.clock.advance(29_999);
    expect(one.logs).toEqual([]);
    await one.clock.advance(1);
    await until(() => one.logs.length > 0);
    await one.clock.advance(800);
    await untilWatching(one);
    expect(await one.outcomes()).toEqual({ timeout: 1 });
  });

  it("notices a watch that overruns its own timeout, after 15 s more", async () => {
    const one = await runReflector();
    await untilWatching(one);
    one.server.hang(true);
    await one.clock.advance(284_999);
    expect(await one.outcomes()).toEqual({});
    await one.clock.advance(1);
    await until(() => one.logs.length > 0);
    one.server.hang(false);
    one.server.events.create(aRawEvent({ reason: "After" }));
    await one.clock.advance(800);
    await until(() => one.seen().length === 1);
    expect(await one.outcomes()).toEqual({ timeout: 1 });
  });

  it("counts lines that are none, and DELETED ones, and loses nothing beside them", async () => {
    const one = await runReflector();
    await untilWatching(one);
    one.server.garbageLine();
    one.server.events.create(aRawEvent({ reason: "A", metadata: { name: "a" } }));
    one.server.oversizedLine(3 * 1024 * 1024);
    one.server.events.delete("a");
    one.server.events.create(aRawEvent({ reason: "B \u2028 one line" }));
    await until(() => one.seen().length === 2);
    expect(one.seen()).toEqual(["A", "B \u2028 one line"]);
    expect(sum(one, "malformed")).toBe(2);
    expect(sum(one, "deleted")).toBe(1);
    expect(one.batches.at(-1)?.position).toEqual(positionAt("103"));
    expect((await one.metrics.linesOversized.get()).values[0]?.value).toBe(1);
  });

  it("has no position of an Event whose line is cut off", async () => {
    const one = await runReflector();
    await untilWatching(one);
    const whole = JSON.stringify({ type: "ADDED", object: { kind: "Event", metadata: { resourceVersion: "900" } } });
    one.server.sendRaw(whole.slice(0, -5));
    one.server.endWatches();
    await until(() => one.logs.length > 0 || one.clock.sleepers() === 1);
    await one.clock.advance(1_000);
    await until(() => one.server.requests.length === 2);
    expect(one.server.requests[1]?.query.get("resourceVersion")).toBe("100");
    expect(one.seen()).toEqual([]);
  });
});
