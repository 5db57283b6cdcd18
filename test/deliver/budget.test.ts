import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createBudget, FEISHU_ALLOWANCES } from "../../src/deliver/budget.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const never = new AbortController().signal;

test("lets four through at once and the fifth a second after the first", async () => {
  const clock = createFakeClock(0);
  const budget = createBudget(clock, FEISHU_ALLOWANCES);
  for (let n = 0; n < 4; n += 1) await budget.take(never);
  const fifth = budget.take(never).then(() => clock.monotonic());
  await clock.advance(2000);
  expect(await fifth).toBe(1000);
});

test("books nothing when the wait is aborted", async () => {
  const clock = createFakeClock(0);
  const budget = createBudget(clock, [{ attempts: 1, windowMs: 1000 }]);
  await budget.take(never);
  const stopping = new AbortController();
  const waiting = budget.take(stopping.signal);
  stopping.abort(new Error("stop"));
  await expect(waiting).rejects.toThrow("stop");
  await clock.advance(1000);
  await budget.take(never);
  expect(clock.monotonic()).toBe(1000);
});

test("does not wait without allowances", async () => {
  const clock = createFakeClock(0);
  const budget = createBudget(clock, []);
  for (let n = 0; n < 1000; n += 1) await budget.take(never);
  expect(clock.sleepers()).toBe(0);
});

test("passes no more than its attempts in any interval of a window's length", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 200 }),
      fc.integer({ min: -1e9, max: 1e9 }),
      async (pauses, jump) => {
        const clock = createFakeClock(1_700_000_000_000);
        const budget = createBudget(clock, FEISHU_ALLOWANCES);
        const passed: number[] = [];
        for (const [index, pause] of pauses.entries()) {
          const taking = budget.take(never).then(() => passed.push(clock.monotonic()));
          while (passed.length <= index) await clock.advance(250);
          await taking;
          // A pause now and then; a jump of the wall clock must change nothing.
          if (index % 10 === 0) await clock.advance(pause);
          if (index === 20) clock.setWall(clock.now() + jump);
        }
        for (const { attempts, windowMs } of FEISHU_ALLOWANCES) {
          const spans = passed.slice(attempts).map((at, index) => at - (passed[index] ?? 0));
          expect(spans.filter((ms) => ms < windowMs)).toEqual([]);
        }
      },
    ),
    { numRuns: 20 },
  );
});
