import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createOverlap } from "../../grammar/spans.ts";

const span = fc.tuple(fc.nat(30), fc.nat(6)).map(([start, length]) => ({ start, end: start + length }));

test("finds a shared character as looking at each stretch would", () => {
  fc.assert(
    fc.property(
      fc.array(span, { maxLength: 6 }),
      fc.nat(30),
      fc.integer({ min: 1, max: 6 }),
      (spans, start, length) => {
        const asked = { start, end: start + length };
        const shares = spans.some((one) => Math.max(one.start, asked.start) < Math.min(one.end, asked.end));
        expect(createOverlap(spans)(asked)).toBe(shares);
      },
    ),
  );
});
