import { expect, it } from "vitest";
import { createPrintedLines } from "../../src/cli/printed-lines.ts";

it("stars out what is hidden, also over lines, one star a character, and nothing beside it", () => {
  const lines = createPrintedLines();
  lines.add("a", "\uFEFFone 😀two three\r\nfour\nfive six\n");
  lines.hide("a", { line: 1, column: 5, endLine: 1, endColumn: 9 });
  const line = (number: number): string | null => lines.columnsOf("a", number, 1, 99);
  expect(line(1)).toBe("one **** three");
  lines.hide("a", { line: 1, column: 7, endLine: 3, endColumn: 5 });
  expect([1, 2, 3, 4].map(line)).toEqual(["one **********", "****", "**** six", ""]);
  expect(lines.columnsOf("a", 3, 4, 7)).toBe("* s");
});

it("hides what was hidden before its text came, and knows nothing of other files", () => {
  const lines = createPrintedLines();
  lines.hide("a", { line: 1, column: 1, endLine: 1, endColumn: 3 });
  expect(lines.columnsOf("a", 1, 1, 9)).toBeNull();
  lines.add("a", "abc");
  expect(lines.columnsOf("a", 1, 1, 9)).toBe("**c");
  expect(lines.columnsOf("b", 1, 1, 9)).toBeNull();
});
