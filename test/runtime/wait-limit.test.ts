import { beforeEach, describe, expect, it } from "vitest";
import { createWaitLimit, type WaitLimit } from "../../src/runtime/wait-limit.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";

let clock: FakeClock;
let limit: WaitLimit;

beforeEach(() => {
  clock = createFakeClock(0);
  limit = createWaitLimit(clock, 1000, () => new Error("too long"));
});

describe("createWaitLimit", () => {
  it("ends a wait that reaches the limit, with the reason given", async () => {
    limit.begin();
    await clock.advance(999);
    expect(limit.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(limit.signal.reason).toEqual(new Error("too long"));
  });

  it("adds all waits up and leaves out what lies between them", async () => {
    for (let i = 0; i < 4; i += 1) {
      limit.begin();
      await clock.advance(240);
      limit.pause();
      await clock.advance(5000);
    }
    limit.begin();
    await clock.advance(39);
    expect(limit.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(limit.signal.aborted).toBe(true);
  });

  it("begins anew when it is reset, in a wait or between two", async () => {
    limit.begin();
    await clock.advance(900);
    limit.reset();
    await clock.advance(900);
    limit.pause();
    limit.reset();
    limit.begin();
    await clock.advance(999);
    expect(limit.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(limit.signal.aborted).toBe(true);
  });

  it("has no timer between waits longer than the limit, and none after it is stopped", async () => {
    limit.begin();
    limit.pause();
    await clock.advance(1000);
    expect(clock.sleepers()).toBe(0);
    limit.begin();
    expect(clock.sleepers()).toBe(1);
    limit.stop();
    expect(clock.sleepers()).toBe(0);
    limit.begin();
    await clock.advance(5000);
    expect(limit.signal.aborted).toBe(false);
    expect(clock.sleepers()).toBe(0);
  });
});
