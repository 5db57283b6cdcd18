import { describe, expect, it } from "vitest";
import type { ApiServer } from "../../src/emulator/api-server.ts";
import { aRawEvent } from "../support/raw-events.ts";
import { runReflector, until, untilWatching, type RunningReflector } from "../support/reflector.ts";

/** What the back-off waits when every random number is a half. */
const BACKOFF_MS = [600, 1200, 2400, 4800, 9600, 19_200, 22_500, 22_500, 22_500];

function failing(times: number, status: number, body?: string): (server: ApiServer) => void {
  return (server) => {
    for (let i = 0; i < times; i += 1) server.failNext(status, {}, body);
  };
}

function statusBody(code: number, message: string): string {
  return JSON.stringify({ kind: "Status", code, message });
}

/** Expects that after so many endings it waits for this time, and then asks again. */
async function expectWait(one: RunningReflector, endings: number, ms: number): Promise<void> {
  const { clock, server } = one;
  await until(async () => Object.values(await one.outcomes()).reduce((sum, count) => sum + count, 0) === endings);
  await until(() => clock.sleepers() === 1);
  expect(clock.sleeping()).toEqual([ms]);
  const before = server.requests.length;
  await clock.advance(ms);
  await until(() => server.requests.length > before);
}

describe("createSettle", () => {
  it("waits longer and longer while the server keeps failing", async () => {
    const one = await runReflector({ prepare: failing(BACKOFF_MS.length, 503) });
    for (const [i, waitMs] of BACKOFF_MS.entries()) {
      await expectWait(one, i + 1, waitMs);
      expect(one.logs[i]).toMatchObject([{ waitMs }, "the watch failed"]);
    }
    await untilWatching(one);
    expect(await one.outcomes()).toEqual({ error: BACKOFF_MS.length });
  });

  it("waits longer and longer while nobody answers", async () => {
    const one = await runReflector({
      prepare(server) {
        for (let i = 0; i < 3; i += 1) server.hangNext();
      },
    });
    for (const [i, waitMs] of BACKOFF_MS.slice(0, 3).entries()) {
      await until(() => one.server.requests.length === i + 1);
      await one.clock.advance(30_000);
      await expectWait(one, i + 1, waitMs);
      expect(one.logs[i]).toMatchObject([{ waitMs }, "the API server fell silent"]);
    }
    await untilWatching(one);
  });

  it("waits longer and longer while the server refuses the token, and says so once", async () => {
    const one = await runReflector({ prepare: failing(3, 401) });
    for (const [i, waitMs] of BACKOFF_MS.slice(0, 3).entries()) await expectWait(one, i + 1, waitMs);
    await untilWatching(one);
    expect(one.logs).toMatchObject([
      [{ status: 401 }, "the API server refuses the watch"],
      ["the API server lets us in again"],
    ]);
  });

  it("waits longer and longer while watches end as soon as they began", async () => {
    const one = await runReflector();
    await untilWatching(one);
    for (const [i, waitMs] of BACKOFF_MS.slice(0, 3).entries()) {
      one.server.endWatches();
      await expectWait(one, i + 1, waitMs);
      await untilWatching(one);
    }
    expect(await one.outcomes()).toEqual({ ended: 3 });
  });

  it("waits longer and longer while no version lives long enough to be listed", async () => {
    const one = await runReflector({ prepare: failing(100, 410, statusBody(410, "too old")) });
    // The first ending has it list at once.
    for (const [i, waitMs] of BACKOFF_MS.entries()) await expectWait(one, i + 2, waitMs);
    expect(one.server.requests).toHaveLength(2 + BACKOFF_MS.length);
  });

  it("lists at once again when the last expired version is a minute past", async () => {
    const one = await runReflector();
    await untilWatching(one);
    const expire = (): void => one.server.sendError({ code: 410, reason: "Expired" });
    expire();
    await untilWatching(one);
    await one.clock.advance(60_001);
    const before = one.server.requests.length;
    expire();
    await until(() => one.server.requests.length > before);
    await untilWatching(one);
    await one.clock.advance(60_000);
    expire();
    await expectWait(one, 3, 600);
    expect(await one.outcomes()).toEqual({ gone: 3 });
  });

  it("obeys Retry-After", async () => {
    const one = await runReflector({ prepare: (server) => server.failNext(429, { "retry-after": "20" }) });
    await expectWait(one, 1, 20_400);
    expect(await one.outcomes()).toEqual({ error: 1 });
  });

  it("obeys the wish in a Status", async () => {
    const body = JSON.stringify({ kind: "Status", code: 503, details: { retryAfterSeconds: 20 } });
    const one = await runReflector({ prepare: failing(1, 503, body) });
    await expectWait(one, 1, 20_400);
    expect(await one.outcomes()).toEqual({ error: 1 });
  });

  it("says that RBAC refuses it, tries slowly, and says when it is let in", async () => {
    const one = await runReflector({ prepare: failing(2, 403, statusBody(403, "events is forbidden")) });
    await until(() => one.reflector.progress().refused !== null);
    expect(one.reflector.progress()).toMatchObject({
      refused: { status: 403, message: "events is forbidden" },
      connected: false,
      synced: false,
    });
    for (const endings of [1, 2]) await expectWait(one, endings, 45_000);
    await untilWatching(one);
    expect(one.reflector.progress().refused).toBeNull();
    expect(await one.outcomes()).toEqual({ refused: 2 });
    expect(one.logs).toMatchObject([
      [{ status: 403, why: "events is forbidden" }, "the API server refuses the watch"],
      ["the API server lets us in again"],
    ]);
  });

  it.each([400, 422])(
    "says once that the server does not understand the watch (%i), and tries slowly",
    async (status) => {
      // Each time the watch, and then the list.
      const one = await runReflector({ prepare: failing(4, status, statusBody(status, "no such parameter")) });
      await until(() => one.reflector.progress().refused !== null);
      expect(one.reflector.progress().refused).toEqual({ status, message: "no such parameter" });
      for (const endings of [2, 4]) await expectWait(one, endings, 45_000);
      await untilWatching(one);
      const refusals = one.logs.filter(([, text]) => text === "the API server refuses the watch");
      expect(refusals).toEqual([[{ status, why: "no such parameter" }, "the API server refuses the watch"]]);
    },
  );

  it("goes on without the selector when the server refuses it, and tries the next one", async () => {
    let selector = "colour=blue";
    const one = await runReflector({
      selector: () => selector,
      prepare: ({ events }) => events.create(aRawEvent({ reason: "A" })),
    });
    await untilWatching(one);
    expect(one.seen()).toEqual(["A*"]);
    expect(one.server.requests.at(-1)?.query.has("fieldSelector")).toBe(false);
    selector = "type=Warning";
    one.reflector.restart();
    await until(() => one.seen().length === 2);
    expect(one.server.requests.at(-1)?.query.get("fieldSelector")).toBe("type=Warning");
  });

  it("goes on from where it was when only then the server refuses the selector", async () => {
    const one = await runReflector({ selector: () => "type=Warning" });
    await untilWatching(one);
    one.server.failNext(400);
    one.server.endWatches();
    await expectWait(one, 1, 600);
    await until(() => one.server.openWatches() === 1);
    const last = one.server.requests.at(-1)?.query;
    expect([last?.get("resourceVersion"), last?.has("fieldSelector")]).toEqual(["100", false]);
    expect(one.server.requests).toHaveLength(3);
  });

  it("repeats nothing of a proxy's error page", async () => {
    const one = await runReflector({
      prepare: (server) => server.failNext(403, { "content-type": "text/html" }, "<html>your token abc is bad</html>"),
    });
    await until(() => one.reflector.progress().refused !== null);
    expect(one.reflector.progress().refused).toEqual({ status: 403, message: "status 403" });
    expect(JSON.stringify(one.logs)).not.toContain("abc");
  });
});
