import { describe, expect, it } from "vitest";
import type { ApiServer } from "../../src/emulator/api-server.ts";
import { aRawEvent } from "../support/raw-events.ts";
import { positionAt, runReflector, until, untilWatching, type RunningReflector } from "../support/reflector.ts";

const PAGED = { watchList: false } as const;

const limits = ({ server }: RunningReflector): number[] =>
  server.requests.filter(({ query }) => query.has("limit")).map(({ query }) => Number(query.get("limit")));

function expired(continueFrom?: string): string {
  const metadata = continueFrom === undefined ? {} : { continue: continueFrom };
  return JSON.stringify({ kind: "Status", metadata, reason: "Expired", message: "token too old", code: 410 });
}

describe("createList", () => {
  it("lists in pages that grow as long as Events are small, and watches on from the first one's version", async () => {
    const one = await runReflector({
      server: PAGED,
      prepare({ events }) {
        for (let i = 0; i < 1000; i += 1) events.create(aRawEvent({ reason: `R${i}`, message: "x".repeat(2_000) }));
      },
    });
    await untilWatching(one);
    expect(one.seen()).toEqual(Array.from({ length: 1000 }, (_, i) => `R${i}*`));
    expect(limits(one).slice(0, 3)).toEqual([10, 40, expect.closeTo(100, -1.3)]);
    expect(Math.max(...limits(one))).toBeLessThan(130);
    expect(one.batches.at(-1)).toMatchObject({ position: positionAt("1100"), synced: true });
    expect((await one.metrics.watchBytes.get()).values[0]?.value).toBeGreaterThan(2_000_000);
    expect(one.batches.slice(0, -1).every(({ position, synced }) => position === null && !synced)).toBe(true);
    expect(one.server.requests.at(-1)?.query.get("resourceVersion")).toBe("1100");
    expect((await one.metrics.lists.get()).values[0]?.value).toBe(1);
  });

  it("asks for one Event at a time when they are enormous, and holds no page of them", async () => {
    const message = "x".repeat(400_000);
    const one = await runReflector({
      server: PAGED,
      prepare({ events }) {
        for (let i = 0; i < 14; i += 1) events.create(aRawEvent({ reason: `R${i}`, message }));
      },
    });
    await untilWatching(one);
    expect(limits(one)).toEqual([10, 1, 1, 1, 1]);
    expect(one.seen()).toHaveLength(14);
    expect(Math.max(...one.batches.map(({ items }) => items.length))).toBeLessThan(4);
  });

  it("gives Events while their page still comes, and gives up a page that stalls after 30 s", async () => {
    const one = await runReflector({
      server: PAGED,
      prepare(server) {
        for (const reason of ["A", "B", "C"]) server.events.create(aRawEvent({ reason }));
        server.failNext(422);
        server.stallNext(1_500);
      },
    });
    await until(() => one.seen().length === 2);
    expect(one.seen()).toEqual(["A*", "B*"]);
    await one.clock.advance(29_999);
    expect(await one.outcomes()).toEqual({ refused: 1 });
    await one.clock.advance(1);
    await until(() => one.logs.length === 2);
    expect(await one.outcomes()).toEqual({ refused: 1, timeout: 1 });
    await one.clock.advance(800);
    await untilWatching(one);
    expect(one.seen()).toEqual(["A*", "B*", "A*", "B*", "C*"]);
  });

  it("goes on where the server says when a page's token has expired", async () => {
    let startedServer: ApiServer | null = null;
    const one = await runReflector({
      server: PAGED,
      prepare(server) {
        for (let i = 0; i < 25; i += 1) server.events.create(aRawEvent({ reason: `R${i}` }));
        startedServer = server;
      },
      // The first page has come, and the second is not yet asked for.
      async store({ items }) {
        if (items.length > 0) startedServer?.failNext(410, {}, expired("page-1"));
        startedServer = null;
      },
    });
    await untilWatching(one);
    expect(one.seen()).toEqual(Array.from({ length: 25 }, (_, i) => `R${i}*`));
    expect(await one.outcomes()).toEqual({ refused: 1 });
    expect(one.batches.at(-1)?.position).toEqual(positionAt("125"));
  });

  it("watches on from the first page's version when later pages are newer", async () => {
    let startedServer: ApiServer | null = null;
    const newer = { metadata: { resourceVersion: "999" }, items: [aRawEvent({ reason: "Newer" })] };
    const one = await runReflector({
      server: PAGED,
      prepare(server) {
        for (let i = 0; i < 25; i += 1) server.events.create(aRawEvent());
        startedServer = server;
      },
      async store({ items }) {
        if (items.length > 0) startedServer?.failNext(200, {}, JSON.stringify(newer));
        startedServer = null;
      },
    });
    await until(() => one.reflector.progress().synced);
    expect(one.seen().at(-1)).toBe("Newer*");
    expect(one.batches.findLast(({ position }) => position)?.position).toEqual(positionAt("125"));
  });

  it("slows down when all its tokens expire", async () => {
    const one = await runReflector({
      server: PAGED,
      prepare(server) {
        server.failNext(422);
        for (let i = 0; i < 100; i += 1) server.failNext(410, {}, expired(`page-${i}`));
      },
    });
    await until(async () => (await one.outcomes())["gone"] === 2);
    expect(one.server.requests.length).toBeLessThan(15);
  });

  it("takes a page that is none for a failure", async () => {
    const one = await runReflector({
      server: PAGED,
      prepare(server) {
        server.failNext(422);
        server.failNext(200, {}, "<html>please log in</html>");
      },
    });
    await until(() => one.logs.length === 2);
    expect(one.logs[1]).toMatchObject([{ why: "the list is not a list" }, "the watch failed"]);
  });

  it("counts an Event that is too long to be one, and loses none beside it", async () => {
    const one = await runReflector({
      server: PAGED,
      prepare({ events }) {
        events.create(aRawEvent({ reason: "A" }));
        events.create(aRawEvent({ message: "x".repeat(2 * 1024 * 1024) }));
        events.create(aRawEvent({ reason: "B" }));
      },
    });
    await untilWatching(one);
    expect(one.seen()).toEqual(["A*", "B*"]);
    expect(one.batches.reduce((total, { malformed }) => total + malformed, 0)).toBe(1);
    expect((await one.metrics.linesOversized.get()).values[0]?.value).toBe(1);
  });

  it("lists with the selector", async () => {
    const one = await runReflector({
      server: PAGED,
      selector: () => "type=Warning",
      prepare({ events }) {
        events.create(aRawEvent({ reason: "A", type: "Normal" }));
        events.create(aRawEvent({ reason: "B" }));
      },
    });
    await untilWatching(one);
    expect(one.seen()).toEqual(["B*"]);
  });
});
