import { expect, test } from "vitest";
import { createServerTime } from "../../src/collect/server-time.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const NOON = Date.parse("2026-11-22T12:00:00Z");

test("is our own until an answer tells, and then goes on from there, whatever becomes of our clock", async () => {
  const clock = createFakeClock(1_000);
  const time = createServerTime(clock);
  expect(time.now()).toBe(1_000);
  time.read({ headers: { date: "Sun, 22 Nov 2026 12:00:00 GMT" } });
  expect(time.now()).toBe(NOON);
  await clock.advance(5_000);
  clock.setWall(NOON + 3_600_000);
  expect(time.now()).toBe(NOON + 5_000);
});

test.each([{}, { date: "" }, { date: "yesterday" }])("learns nothing of an answer with %o", (headers) => {
  const time = createServerTime(createFakeClock(1_000));
  time.read({ headers });
  expect(time.now()).toBe(1_000);
  time.read({ headers: { date: "Sun, 22 Nov 2026 12:00:00 GMT" } });
  time.read({ headers });
  expect(time.now()).toBe(NOON);
});
