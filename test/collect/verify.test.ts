import { describe, expect, it } from "vitest";
import { aRawEvent } from "../support/raw-events.ts";
import { NOW, positionAt, runReflector, until, untilWatching } from "../support/reflector.ts";

const LONG_AGO = NOW - 3_600_000;

describe("createVerify", () => {
  it("asks nothing when nothing was ever read", async () => {
    const one = await runReflector({ prepare: ({ events }) => events.create(aRawEvent()) });
    await untilWatching(one);
    expect(one.server.requests).toHaveLength(1);
    expect(one.items()).toMatchObject([{ backlog: { kind: "first", seenAfter: NOW - 300_000 } }]);
  });

  it("takes the position of another source for none", async () => {
    const one = await runReflector({
      prepare: ({ events }) => events.create(aRawEvent()),
      after: { ...positionAt("5"), source: "elsewhere" },
    });
    await untilWatching(one);
    expect(one.items()).toMatchObject([{ backlog: { kind: "first" } }]);
  });

  it.each(["50", "101"])("finds that what the server has now may follow on version %s", async (version) => {
    const after = positionAt(version, LONG_AGO);
    const one = await runReflector({ prepare: ({ events }) => events.create(aRawEvent()), after });
    await untilWatching(one);
    expect(one.items()).toEqual([{ object: expect.anything() as unknown, backlog: { kind: "gap", after } }]);
    expect(one.server.requests.map(({ query }) => query.get("limit"))).toEqual(["1", null]);
    expect(one.batches.at(-1)?.position).toEqual(positionAt("101"));
  });

  it("finds that the datastore was rebuilt when the server's present lies before the position", async () => {
    const after = positionAt("102", LONG_AGO);
    const one = await runReflector({ prepare: ({ events }) => events.create(aRawEvent()), after });
    await untilWatching(one);
    expect(one.items()).toMatchObject([{ backlog: { kind: "rebuilt", after } }]);
    expect(one.logs).toHaveLength(1);

    // The new one is known from now on.
    one.reflector.restart();
    await until(() => one.items().length === 2);
    expect(one.items().at(-1)).toMatchObject({ backlog: { kind: "gap", after: positionAt("101") } });
  });

  it("lists again when the datastore was rebuilt during an outage", async () => {
    const one = await runReflector({ prepare: ({ events }) => events.create(aRawEvent({ reason: "A" })) });
    await untilWatching(one);
    one.server.events.setRevision(7);
    one.server.cut();
    await until(() => one.logs.length > 0);
    await one.clock.advance(800);
    await until(() => one.seen().length === 2);
    expect(one.items().at(-1)).toMatchObject({ backlog: { kind: "rebuilt", after: positionAt("101") } });
    await untilWatching(one);
    expect(one.server.requests.at(-1)?.query.get("sendInitialEvents")).toBe("true");
  });

  it("finds it again when the list breaks off in the middle", async () => {
    const one = await runReflector({
      after: positionAt("5000"),
      prepare(server) {
        server.events.create(aRawEvent());
        server.failNext(200, {}, '{"metadata":{"resourceVersion":"101"},"items":[]}');
        server.hangNext();
      },
    });
    await until(() => one.server.requests.length === 2);
    one.server.cut();
    await until(() => one.logs.length === 2);
    await one.clock.advance(800);
    await untilWatching(one);
    expect(one.items()).toMatchObject([{ backlog: { kind: "rebuilt" } }]);
  });

  it("judges by the server's clock, not by our own", async () => {
    const ours = { now: () => 0, monotonic: () => 0 };
    const one = await runReflector({ prepare: ({ events }) => events.create(aRawEvent()), clock: ours });
    await untilWatching(one);
    expect(one.items()).toMatchObject([{ backlog: { kind: "first", seenAfter: NOW - 300_000 } }]);
    expect(one.batches.at(-1)?.position).toEqual(positionAt("101"));
  });
});
