import { existsSync } from "node:fs";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createLastingClock, isLastingState, LASTING_START, thisMachine } from "../../src/runtime/lasting-clock.ts";
import { NOON } from "../support/events.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

const DAY_MS = 86_400_000;

function aMachine(bootId: string, uptimeMs: number): { bootId(): string; uptimeMs(): number } {
  return { bootId: () => bootId, uptimeMs: () => uptimeMs };
}

test("goes with the time that passes, whatever the wall clock does", () => {
  const clock = createSteppedClock(NOON, 123.4);
  const lasting = createLastingClock(clock, null, aMachine("a", 5));
  expect(lasting.now()).toBe(LASTING_START);
  clock.step(1_000);
  clock.jump(-NOON);
  expect(lasting.now()).toBe(LASTING_START + 1_000);
  expect(lasting.state()).toEqual({ lasting: LASTING_START + 1_000, wall: 1_000, bootId: "a", uptimeMs: 5 });
});

test.each([
  ["the uptime's difference after a restart of the process", "a", 65_000, NOON, 60_000],
  ["the uptime's difference though the wall clock was set", "a", 65_000, NOON + DAY_MS, 60_000],
  ["nothing where the uptime went back", "a", 4_000, NOON + DAY_MS, 0],
  ["the wall clock's difference after a boot", "b", 65_000, NOON + DAY_MS, DAY_MS],
  ["the wall clock's difference where the machine tells no boot", "", 0, NOON + DAY_MS, DAY_MS],
  ["nothing after a boot into 1970", "b", 65_000, 9_000, 0],
  ["thirty days at most", "b", 65_000, NOON + 400 * DAY_MS, 30 * DAY_MS],
])("goes on by %s", (_what, bootId, uptimeMs, wall, passedMs) => {
  const saved = { lasting: 7_000_000, wall: NOON, bootId: bootId === "" ? "" : "a", uptimeMs: 5_000 };
  const lasting = createLastingClock(createSteppedClock(wall, 99), saved, aMachine(bootId, uptimeMs));
  expect(lasting.now()).toBe(7_000_000 + passedMs);
});

test("never goes back, over any restarts and jumps", () => {
  const step = fc.oneof(
    fc.record({ jump: fc.integer({ min: -NOON, max: NOON }) }),
    fc.record({ pass: fc.nat(DAY_MS) }),
    fc.record({ restart: fc.constantFrom("a", "b", ""), uptimeMs: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50, size: "max" }), (steps) => {
      const clock = createSteppedClock(NOON);
      let lasting = createLastingClock(clock, null, aMachine("a", 0));
      let last = lasting.now();
      for (const one of steps) {
        if ("jump" in one) clock.jump(one.jump);
        if ("pass" in one) clock.step(one.pass);
        if ("restart" in one) lasting = createLastingClock(clock, lasting.state(), aMachine(one.restart, one.uptimeMs));
        expect(lasting.now()).toBeGreaterThanOrEqual(last);
        last = lasting.now();
      }
    }),
  );
});

test("knows a state from what is none", () => {
  const state = { lasting: 1, wall: 2, bootId: "", uptimeMs: 3 };
  expect(isLastingState(state)).toBe(true);
  for (const other of [
    null,
    1,
    [],
    {},
    { ...state, bootId: 4 },
    { ...state, lasting: "1" },
    { ...state, wall: null },
  ]) {
    expect(isLastingState(other)).toBe(false);
  }
});

test.runIf(existsSync("/proc/uptime"))("asks this machine when it was started", () => {
  expect(thisMachine.bootId()).toMatch(/^[0-9a-f-]{36}$/);
  const uptimeMs = thisMachine.uptimeMs();
  expect(uptimeMs).toBeGreaterThan(0);
  expect(thisMachine.uptimeMs()).toBeGreaterThanOrEqual(uptimeMs);
});
