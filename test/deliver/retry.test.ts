import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { probeDelayMs, retryDelayMs, unknownDelayMs } from "../../src/deliver/retry.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const lowest = (): number => 0;
/** The largest number below one that a delay can be multiplied by without being rounded up. */
const highest = (): number => 1 - Number.EPSILON;

const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const wishes = fc.oneof(fc.integer({ min: -1, max: 2 * MINUTE }), fc.integer({ min: 0, max: 1e12 }));
const counts = fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 1_000_000 }));

/** How far `ms` is from what lies between the two at `random`; less than a millisecond is rounding. */
function distance(ms: number, fromMs: number, toMs: number, random: number): number {
  return Math.abs(ms - (fromMs + random * (toMs - fromMs)));
}

describe("after trouble that may pass by itself", () => {
  test("the longest wait doubles from one second to a minute", () => {
    const longest = [1, 2, 3, 4, 5, 6, 7, 8, 5000].map((failures) => retryDelayMs({ failures }, highest));
    expect(longest).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  test("engines spread over the whole span", () => {
    expect(retryDelayMs({ failures: 5 }, lowest)).toBe(0);
    expect(retryDelayMs({ failures: 5 }, () => 0.5)).toBe(8000);
  });

  test("no two engines come back at the moment the receiver wished for", () => {
    expect(retryDelayMs({ failures: 1, afterMs: 5000 }, lowest)).toBe(5000);
    expect(retryDelayMs({ failures: 1, afterMs: 5000 }, highest)).toBe(10_000);
    expect(retryDelayMs({ failures: 3, afterMs: 5000 }, highest)).toBe(25_000);
    expect(retryDelayMs({ failures: 1, afterMs: 90_000 }, () => 0.5)).toBe(120_000);
  });

  test("a wish below a second does not shorten the span", () => {
    expect(retryDelayMs({ failures: 1, afterMs: 400 }, highest)).toBe(1400);
  });

  test("the wait lies between the wish, of at most an hour, and the span on top of it", () => {
    fc.assert(
      fc.property(counts, wishes, randoms, (failures, afterMs, random) => {
        const floorMs = Math.min(Math.max(afterMs, 0), HOUR);
        const spanMs = Math.min(MINUTE, Math.max(1000, floorMs) * 2 ** Math.min(failures - 1, 30));
        const ms = retryDelayMs({ failures, afterMs }, () => random);
        expect(distance(ms, floorMs, floorMs + spanMs, random)).toBeLessThan(0.51);
      }),
    );
  });
});

describe("while a person must change something", () => {
  test("the receiver is asked after 5 minutes and then ever more seldom, at last once an hour", () => {
    const minutes = [1, 2, 3, 4, 5, 6, 999].map((probes) => probeDelayMs(probes, lowest) / MINUTE);
    expect(minutes).toEqual([5, 10, 20, 40, 60, 60, 60]);
  });

  test("up to a tenth comes on top", () => {
    fc.assert(
      fc.property(counts, randoms, (probes, random) => {
        const floorMs = Math.min(HOUR, 5 * MINUTE * 2 ** Math.min(probes - 1, 30));
        const ms = probeDelayMs(probes, () => random);
        expect(distance(ms, floorMs, 1.1 * floorMs, random)).toBeLessThan(0.51);
      }),
    );
  });
});

describe("after an answer that is not known", () => {
  test("the pauses grow to a quarter of an hour while others are taken", () => {
    const minutes = [1, 2, 3, 4, 5, 6, 999].map(
      (attempts) => unknownDelayMs({ attempts, othersTaken: true }, lowest) / MINUTE,
    );
    expect(minutes).toEqual([1, 2, 4, 8, 15, 15, 15]);
  });

  test("the pauses grow to an hour while none is taken", () => {
    const minutes = [0, 1, 2, 3, 4, 5, 6, 7, 999].map(
      (attempts) => unknownDelayMs({ attempts, othersTaken: false }, lowest) / MINUTE,
    );
    expect(minutes).toEqual([1, 1, 2, 4, 8, 16, 32, 60, 60]);
  });

  test("the pause is at least the receiver's wish, and up to a tenth comes on top", () => {
    fc.assert(
      fc.property(counts, fc.boolean(), wishes, randoms, (attempts, othersTaken, afterMs, random) => {
        const pauseMs = Math.min(othersTaken ? 15 * MINUTE : HOUR, MINUTE * 2 ** Math.min(attempts - 1, 30));
        const floorMs = Math.max(pauseMs, Math.min(Math.max(afterMs, 0), HOUR));
        const ms = unknownDelayMs({ attempts, othersTaken, afterMs }, () => random);
        expect(distance(ms, floorMs, 1.1 * floorMs, random)).toBeLessThan(0.51);
      }),
    );
  });
});
