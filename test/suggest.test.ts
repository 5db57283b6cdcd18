import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGuess, nearest } from "../src/suggest.ts";
import { growthOfCpu } from "./support/cpu-growth.ts";

/** The distance as its definition says it: every pair of places, letters too many, too few, wrong or swapped. */
function slips(a: string, b: string): number {
  const table = new Map<string, number>();
  const at = (row: number, column: number): number => table.get(`${row} ${column}`) ?? Infinity;
  for (let row = 0; row <= a.length; row++) {
    for (let column = 0; column <= b.length; column++) {
      const isSwap = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const least = Math.min(
        row === 0 && column === 0 ? 0 : Infinity,
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1),
        row > 1 && column > 1 && isSwap ? at(row - 2, column - 2) + 1 : Infinity,
      );
      table.set(`${row} ${column}`, least);
    }
  }
  return at(a.length, b.length);
}

describe("nearest", () => {
  const words = ["kind", "name", "namespace", "receivers", "message"];

  it.each([
    ["knd", "kind"],
    ["nmae", "name"],
    ["receiver", "receivers"],
    ["Namespace", "namespace"],
    ["mesage", "message"],
  ])("takes %s for %s", (word, meant) => {
    expect(nearest(word, words)).toBe(meant);
  });

  it.each(["", "zz", "severity", "nn"])("makes no guess at '%s'", (word) => {
    expect(nearest(word, words)).toBeNull();
  });

  it("prefers the fewest slips, then the earlier candidate", () => {
    expect(nearest("abcdef", ["abcdxx", "abcdex"])).toBe("abcdex");
    expect(nearest("abc", ["abd", "abe"])).toBe("abd");
  });

  it("takes the words two slips and a third of the letters away, and no others", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 9 });
    fc.assert(
      fc.property(word, word, (one, other) => {
        const allowed = Math.min(2, Math.floor(Math.max(one.length, other.length) / 3));
        expect(nearest(one, [other])).toBe(slips(one, other) <= allowed ? other : null);
      }),
      { numRuns: 2000 },
    );
  });

  it("takes time that grows with the length of words", async () => {
    const growth = await growthOfCpu("long words", 20_000, (length) => {
      const word = "a".repeat(length);
      expect(nearest(`${word}xbb`, [`${word}bbx`, `${word}bb`, `b${word}xb`])).toBe(`${word}bb`);
    });
    expect(growth).toBeLessThan(10);
  });
});

describe("a guess", () => {
  it("is the nearest word until enough was looked at, and then none", () => {
    const guess = createGuess(14);
    let asked = 0;
    function* words(): Iterable<string> {
      for (const word of ["kind", "name"]) {
        asked++;
        yield word;
      }
    }
    expect([guess("knd", words()), guess("nmae", words()), guess("knd", words())]).toEqual(["kind", "name", null]);
    expect(asked).toBe(4);
  });
});
