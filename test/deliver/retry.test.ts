import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isOwnTrouble, probeDelayMs, retryDelayMs } from "../../src/deliver/retry.ts";

const almostOne = (): number => 1 - Number.EPSILON;

describe("retryDelayMs", () => {
  test("doubles its ceiling from one second to a minute", () => {
    const ceilings = [1, 2, 3, 4, 5, 6, 7, 8, 5000].map((failures) => retryDelayMs({ failures }, almostOne));
    expect(ceilings).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  test("spreads engines over the whole span", () => {
    expect(retryDelayMs({ failures: 5 }, () => 0)).toBe(0);
    expect(retryDelayMs({ failures: 5 }, () => 0.5)).toBe(8000);
  });

  test("waits at least what the receiver asks for and doubles from there", () => {
    expect(retryDelayMs({ failures: 1, afterMs: 5000 }, () => 0)).toBe(5000);
    expect(retryDelayMs({ failures: 3, afterMs: 5000 }, almostOne)).toBe(20_000);
    expect(retryDelayMs({ failures: 1, afterMs: 90_000 }, () => 0)).toBe(90_000);
  });

  test("stays between 0 and an hour whatever it is told", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.integer({ min: -1, max: 1e12 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (failures, afterMs, random) => {
          const ms = retryDelayMs({ failures, afterMs }, () => random);
          expect(ms).toBeGreaterThanOrEqual(0);
          expect(ms).toBeLessThanOrEqual(3_600_000);
        },
      ),
    );
  });
});

describe("probeDelayMs", () => {
  test("asks a misconfigured receiver after 5 minutes and then at most hourly", () => {
    const minutes = [1, 2, 3, 4, 5, 6, 999].map((probes) => probeDelayMs(probes, () => 0) / 60_000);
    expect(minutes).toEqual([5, 10, 20, 40, 60, 60, 60]);
  });

  test("takes off up to a tenth", () => {
    expect(probeDelayMs(1, almostOne)).toBe(270_000);
  });
});

test("knows which troubles are an entry's own", () => {
  expect(["internal_error", "in_flight"].every(isOwnTrouble)).toBe(true);
  expect(["rate_limited", "server_error", "timed_out"].some(isOwnTrouble)).toBe(false);
});
