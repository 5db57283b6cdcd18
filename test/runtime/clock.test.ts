import { expect, test } from "vitest";
import { systemClock } from "../../src/runtime/clock.ts";

test("the machine's clock gives epoch milliseconds, and a second time that never goes back", () => {
  expect(systemClock.now()).toBeGreaterThan(Date.UTC(2026, 0));
  const times = Array.from({ length: 1000 }, () => systemClock.monotonic());
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

test("a sleep ends by itself, or with the signal's reason when that is aborted", async () => {
  await systemClock.sleep(1);
  const stopping = new AbortController();
  const sleeping = systemClock.sleep(60_000, stopping.signal);
  stopping.abort();
  await expect(sleeping).rejects.toMatchObject({ name: "AbortError" });
  await expect(systemClock.sleep(60_000, AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
});
