import { expect, test } from "vitest";
import { createScaledClock } from "../../src/demo/scaled-clock.ts";
import { NOON } from "../support/events.ts";

test("starts when it is told to, and its two times run together", async () => {
  const clock = createScaledClock(NOON, 3_600_000);
  await clock.sleep(36_000_000);
  expect([clock.now(), clock.monotonic()]).toEqual([NOON, 0]);
  clock.start();
  expect(clock.now()).toBeGreaterThanOrEqual(NOON);
  // Ten hours of its own, some 10 ms of the machine's.
  await clock.sleep(36_000_000);
  const [monotonic, now] = [clock.monotonic(), clock.now()];
  expect(now - NOON).toBeGreaterThanOrEqual(monotonic);
  expect(monotonic).toBeGreaterThan(0);
});

test("a sleep ends with its signal", async () => {
  const stopping = new AbortController();
  const sleeping = createScaledClock(NOON, 1).sleep(86_400_000, stopping.signal);
  stopping.abort();
  await expect(sleeping).rejects.toMatchObject({ name: "AbortError" });
});
