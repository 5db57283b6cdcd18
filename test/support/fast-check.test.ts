import * as fc from "fast-check";
import { expect, it } from "vitest";

it("lets properties try the sizes they name, and short ones where they name none", () => {
  expect(longest(fc.array(fc.nat(9), { maxLength: 200 }))).toBeGreaterThan(150);
  expect(longest(fc.array(fc.nat(9)))).toBeLessThan(30);
});

function longest(array: fc.Arbitrary<readonly number[]>): number {
  return Math.max(...fc.sample(array, { numRuns: 200, seed: 1 }).map(({ length }) => length));
}
