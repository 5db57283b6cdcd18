import * as fc from "fast-check";
import { expect, test } from "vitest";
import { complement, intersection, isEmpty, union, type ValueSet } from "../../../src/language/algebra/value-set.ts";

const VALUES = ["a", "b", "c", null] as const;
const STRANGE = "z";

const valueSet: fc.Arbitrary<ValueSet> = fc.record({
  kind: fc.constantFrom("only" as const, "except" as const),
  values: fc.subarray([...VALUES]).map((values) => new Set(values)),
});
const sets = fc.array(valueSet, { maxLength: 5, size: "max" });

function has({ kind, values }: ValueSet, value: string | null): boolean {
  return kind === "only" ? values.has(value) : !values.has(value);
}

test("sets of values hold what their names say", () => {
  fc.assert(
    fc.property(sets, fc.constantFrom(...VALUES, STRANGE), (some, value) => {
      expect(has(intersection(some), value)).toBe(some.every((set) => has(set, value)));
      expect(has(union(some), value)).toBe(some.some((set) => has(set, value)));
      for (const set of some) expect(has(complement(set), value)).toBe(!has(set, value));
    }),
  );
});

test("a set is empty when no value at all is in it", () => {
  fc.assert(
    fc.property(sets, (some) => {
      for (const set of [...some, intersection(some), union(some)]) {
        expect(isEmpty(set)).toBe(![...VALUES, STRANGE].some((value) => has(set, value)));
      }
    }),
  );
});
