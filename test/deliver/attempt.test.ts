import { getEventListeners } from "node:events";
import { beforeEach, describe, expect, test } from "vitest";
import { attempt } from "../../src/deliver/attempt.ts";
import type { Channel } from "../../src/deliver/kind.ts";
import type { Outcome } from "../../src/model/delivery.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";

const FINE: readonly Outcome[] = [{ kind: "delivered" }];

let clock: FakeClock;
let stop: AbortController;

beforeEach(() => {
  clock = createFakeClock(0);
  stop = new AbortController();
});

/** Starts an attempt; says what it answered, and at which time, once it has. */
function start(send: Channel["send"]): { answered: () => { outcomes: unknown; at: number } | null } {
  let answered: { outcomes: unknown; at: number } | null = null;
  void attempt({ send }, [], stop.signal, clock).then((outcomes) => {
    answered = { outcomes, at: clock.monotonic() };
  });
  return { answered: () => answered };
}

/** A channel that ends `ms` after it is aborted, or never. */
function stubborn(ms: number): Channel["send"] {
  return (_items, signal) =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => void clock.sleep(ms).then(() => resolve(FINE)));
    });
}

describe("attempt", () => {
  test("answers what the channel answers, and leaves nothing behind", async () => {
    const { answered } = start(() => Promise.resolve(FINE));
    await clock.advance(0);
    expect(answered()).toEqual({ outcomes: FINE, at: 0 });
    expect(getEventListeners(stop.signal, "abort")).toEqual([]);
    stop.abort();
    await clock.advance(0);
    expect(clock.sleepers()).toBe(0);
  });

  test("takes as long as the channel does while nobody stops it", async () => {
    const { answered } = start(async (_items, signal) => {
      await clock.sleep(100_000, signal);
      return FINE;
    });
    await clock.advance(200_000);
    expect(answered()).toEqual({ outcomes: FINE, at: 100_000 });
  });

  test("lets what is in flight at the stop end by itself", async () => {
    const { answered } = start(async (_items, signal) => {
      await clock.sleep(5999, signal);
      return FINE;
    });
    stop.abort();
    await clock.advance(5999);
    expect(answered()).toEqual({ outcomes: FINE, at: 5999 });
    expect(clock.sleepers()).toBe(0);
  });

  test("aborts what does not end within six seconds of the stop, and takes its answer", async () => {
    const { answered } = start(stubborn(500));
    await clock.advance(30_000);
    stop.abort();
    await clock.advance(20_000);
    expect(answered()).toEqual({ outcomes: FINE, at: 36_500 });
  });

  test("leaves what does not even end then", async () => {
    const { answered } = start(stubborn(10_000));
    stop.abort();
    await clock.advance(20_000);
    expect(answered()).toEqual({ outcomes: null, at: 7000 });
  });

  test("is as patient with what begins after the stop", async () => {
    stop.abort();
    const { answered } = start(stubborn(10_000));
    await clock.advance(20_000);
    expect(answered()).toEqual({ outcomes: null, at: 7000 });
  });

  test("rejects with the bug of a channel that throws", async () => {
    await expect(attempt({ send: () => Promise.reject(new Error("bug")) }, [], stop.signal, clock)).rejects.toThrow(
      "bug",
    );
    expect(clock.sleepers()).toBe(0);
  });
});
