import * as fc from "fast-check";
import { expect, it } from "vitest";
import { indexLines } from "../src/text-position.ts";

it("counts lines and columns from 1, columns in code points", () => {
  const lines = indexLines("a😀b\r\n家x\rlast");
  expect(lines.positionAt(0)).toEqual({ line: 1, column: 1 });
  expect(lines.positionAt(3)).toEqual({ line: 1, column: 3 });
  expect(lines.span(6, 8)).toEqual({ line: 2, column: 1, endLine: 2, endColumn: 3 });
  expect([1, 2, 3, 4].map((line) => lines.columns(line, 1, 99))).toEqual(["a😀b", "家x", "last", ""]);
});

it("gives the part of a line between two columns", () => {
  const lines = indexLines("\uFEFFa😀b\r\n家x\rlast");
  expect(lines.columns(1, 2, 4)).toBe("😀b");
  expect(lines.columns(1, 3, 99)).toBe("b");
  expect(lines.columns(2, 1, 2)).toBe("家");
  expect([lines.columns(1, 9, 12), lines.columns(1, 3, 1), lines.columns(7, 1, 9)]).toEqual(["", "", ""]);
});

it("moves what lies outside to the nearest end", () => {
  const lines = indexLines("ab\ncd");
  expect(lines.positionAt(99)).toEqual({ line: 2, column: 3 });
  expect(lines.positionAt(-1)).toEqual({ line: 1, column: 1 });
  expect(lines.offsetAt({ line: 1, column: 99 })).toBe(2);
  expect(lines.offsetAt({ line: 9, column: 1 })).toBe(5);
});

it("gives a byte order mark no column", () => {
  const lines = indexLines("\uFEFFab");
  expect([0, 1, 2].map((offset) => lines.positionAt(offset).column)).toEqual([1, 1, 2]);
  expect([1, 2, 9].map((column) => lines.offsetAt({ line: 1, column }))).toEqual([1, 2, 3]);
});

it("counts as reading the line from its beginning would", () => {
  const pieces = fc.constantFrom("a", "家", "😀", "\uD83D", "\uDE00", "\n", "\r", "\r\n");
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), fc.nat(30), (characters, index) => {
      const before = characters.slice(0, index).join("");
      const line = before.split(/\r\n|\n|\r/).at(-1) ?? "";
      // What comes behind must not change what is before: no second half of a pair, no end of a break.
      const { column } = indexLines(`${before} ${characters.slice(index).join("")}`).positionAt(before.length);
      expect(column).toBe(Array.from(line).length + 1);
    }),
  );
});

it("finds its way back from every place", () => {
  const text = fc.array(fc.constantFrom("a", "家", "😀", "\n", "\t"), { maxLength: 30 });
  fc.assert(
    fc.property(text, fc.nat(30), (characters, index) => {
      const lines = indexLines(characters.join(""));
      const offset = characters.slice(0, index).join("").length;
      expect(lines.offsetAt(lines.positionAt(offset))).toBe(offset);
    }),
  );
});
