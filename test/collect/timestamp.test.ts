import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTimestamp } from "../../src/collect/timestamp.ts";

function two(number: number): string {
  return String(number).padStart(2, "0");
}

/** Mostly times as Kubernetes writes them; some beyond the calendar or of another shape. */
const timestamp = fc
  .record({
    year: fc.oneof(fc.integer({ min: 1970, max: 2100 }), fc.integer({ min: 0, max: 9999 })),
    month: fc.integer({ min: 0, max: 13 }),
    day: fc.integer({ min: 0, max: 32 }),
    hour: fc.integer({ min: 0, max: 25 }),
    minute: fc.integer({ min: 0, max: 61 }),
    second: fc.integer({ min: 0, max: 61 }),
    fraction: fc.oneof(
      fc.constant(""),
      fc.nat({ max: 999_999 }).map((micros) => `.${String(micros).padStart(6, "0")}`),
      fc.stringMatching(/^\.[0-9 ]{0,7}$/),
    ),
    zone: fc.constantFrom("Z", "Z", "Z", "+08:00", "", "z"),
  })
  .map(
    ({ year, month, day, hour, minute, second, fraction, zone }) =>
      `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}${fraction}${zone}`,
  );

describe("parseTimestamp", () => {
  it("reads what Date.parse reads, of every text the same", () => {
    fc.assert(
      fc.property(fc.oneof(timestamp, fc.string()), (text) => {
        expect(parseTimestamp(text)).toBe(Date.parse(text));
      }),
      { numRuns: 5000 },
    );
  });

  it("stays the same when one character of a time is another", () => {
    const whole = fc.constantFrom("2026-11-22T10:00:00Z", "2026-11-22T10:00:00.123456Z");
    fc.assert(
      fc.property(whole, fc.nat({ max: 26 }), fc.string({ minLength: 1, maxLength: 1 }), (text, at, other) => {
        const changed = text.slice(0, at) + other + text.slice(at + 1);
        expect(parseTimestamp(changed)).toBe(Date.parse(changed));
      }),
      { numRuns: 5000 },
    );
  });
});
