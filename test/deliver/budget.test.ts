import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Allowance, type Budget, createBudget } from "../../src/deliver/budget.ts";

/** Of the form chats have: a few in a second, and fewer in a minute than that would come to. */
const PACE: readonly Allowance[] = [
  { attempts: 4, windowMs: 1000 },
  { attempts: 90, windowMs: 60_000 },
];

/** A lasting clock a test moves. */
function aLastingClock(at = 1_000_000): { now: () => number; pass: (ms: number) => void } {
  let now = at;
  return { now: () => now, pass: (ms) => void (now += ms) };
}

/** Makes attempts as soon as they are allowed, `count` of them, and answers when each was made. */
function attempts(clock: ReturnType<typeof aLastingClock>, budget: Budget, count: number): number[] {
  const made: number[] = [];
  while (made.length < count) {
    clock.pass(budget.waitMs());
    budget.book();
    made.push(clock.now());
  }
  return made;
}

/** Most attempts in any interval `(t − windowMs, t]`. */
function mostWithin(made: readonly number[], windowMs: number): number {
  return Math.max(...made.map((end) => made.filter((at) => at > end - windowMs && at <= end).length));
}

test("lets four through at once and the fifth a second after the first", () => {
  const clock = aLastingClock(0);
  expect(attempts(clock, createBudget(clock, PACE), 9)).toEqual([0, 0, 0, 0, 1000, 1000, 1000, 1000, 2000]);
});

test("lets ninety through in a minute and the next one a minute after the first", () => {
  const clock = aLastingClock(0);
  const made = attempts(clock, createBudget(clock, PACE), 91);
  expect(made[89]).toBe(22_000);
  expect(made[90]).toBe(60_000);
});

test("asking does not book", () => {
  const clock = aLastingClock();
  const budget = createBudget(clock, [{ attempts: 1, windowMs: 1000 }]);
  expect([budget.waitMs(), budget.waitMs()]).toEqual([0, 0]);
  budget.book();
  clock.pass(300);
  expect([budget.waitMs(), budget.waitMs()]).toEqual([700, 700]);
});

test("does not limit a destination without allowances, and keeps nothing of it", () => {
  const clock = aLastingClock();
  const budget = createBudget(clock, [], [1, 2, 3]);
  for (let n = 0; n < 1000; n += 1) budget.book();
  expect(budget.waitMs()).toBe(0);
  expect(budget.sent()).toEqual([]);
});

test("tells the attempts that still count, and forgets them one window later", () => {
  const clock = aLastingClock(0);
  const budget = createBudget(clock, PACE);
  budget.book();
  clock.pass(500);
  budget.book();
  expect(budget.sent()).toEqual([0, 500]);
  clock.pass(59_499);
  expect(budget.sent()).toEqual([0, 500]);
  clock.pass(1);
  expect(budget.sent()).toEqual([500]);
});

test("keeps no more attempts than the largest allowance has", () => {
  const clock = aLastingClock();
  const budget = createBudget(clock, PACE);
  for (let n = 0; n < 500; n += 1) budget.book();
  expect(budget.sent()).toHaveLength(90);
});

test("goes on from the attempts of an earlier run", () => {
  const clock = aLastingClock(0);
  const before = createBudget(clock, PACE);
  attempts(clock, before, 90);
  clock.pass(5000);
  const after = createBudget(clock, PACE, before.sent());
  expect(after.waitMs()).toBe(before.waitMs());
  expect(after.waitMs()).toBe(60_000 - 22_000 - 5000);
});

test("takes an attempt that a clock set anew shows in the future as made now", () => {
  const clock = aLastingClock(10_000);
  const budget = createBudget(clock, [{ attempts: 1, windowMs: 1000 }], [99_000_000]);
  expect(budget.waitMs()).toBe(1000);
});

test("books between two milliseconds as the later one", () => {
  const clock = aLastingClock(0.25);
  const budget = createBudget(clock, [{ attempts: 1, windowMs: 1000 }]);
  budget.book();
  expect(budget.sent()).toEqual([1]);
});

test("passes as many attempts in any interval of a window's length as it allows, and no more, over restarts too", () => {
  const step = fc.record({
    attempts: fc.integer({ min: 1, max: 120 }),
    pauseMs: fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 100_000 })),
    restart: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
      const clock = aLastingClock();
      let budget = createBudget(clock, PACE);
      const made: number[] = [];
      for (const { attempts: count, pauseMs, restart } of steps) {
        if (restart) budget = createBudget(clock, PACE, budget.sent());
        for (let n = 0; n < count; n += 1) {
          const ms = budget.waitMs();
          clock.pass(ms);
          budget.book();
          made.push(clock.now());
          // It waits only where a window is full, and for no longer than that.
          const isFull = PACE.some((one) => mostWithin(made.slice(-100), one.windowMs + 1) > one.attempts);
          expect(ms > 0 && !isFull).toBe(false);
        }
        clock.pass(pauseMs);
      }
      for (const { attempts: allowed, windowMs } of PACE) {
        const spans = made.slice(allowed).map((at, index) => at - (made[index] ?? 0));
        expect(spans.filter((ms) => ms < windowMs)).toEqual([]);
      }
    }),
    { numRuns: 30 },
  );
});
