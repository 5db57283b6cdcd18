import { expect, test } from "vitest";
import { endByForce } from "../../src/cli/forced-end.ts";
import { aLogger } from "../support/delivery.ts";
import { NOON } from "../support/events.ts";
import { createFakeClock } from "../support/fake-clock.ts";

test("ends a process that was told to stop before 10 s are over, and says so", async () => {
  const clock = createFakeClock(NOON);
  const { logger, lines } = aLogger();
  let exits = 0;
  const ending = endByForce({ clock, logger, exit: () => (exits += 1) }, new AbortController().signal);
  await clock.advance(9_000);
  expect(exits).toBe(0);
  await clock.advance(999);
  await ending;
  expect(exits).toBe(1);
  expect(lines.join("\n")).toContain("the process ends all the same");
});

test("leaves a process alone that ends by itself, and does not keep it waiting", async () => {
  const clock = createFakeClock(NOON);
  const { logger, lines } = aLogger();
  let exits = 0;
  const ended = new AbortController();
  const ending = endByForce({ clock, logger, exit: () => (exits += 1) }, ended.signal);
  await clock.advance(1_000);
  ended.abort();
  await ending;
  expect(clock.sleepers()).toBe(0);
  await clock.advance(60_000);
  expect(exits).toBe(0);
  expect(lines).toEqual([]);
});
