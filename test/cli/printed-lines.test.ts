import { expect, it } from "vitest";
import { createPrintedLines } from "../../src/cli/printed-lines.ts";

it("stars out a private text, one star a character, but for indentation, line ends and what is shown", () => {
  const lines = createPrintedLines();
  lines.addPrivate("a", "\uFEFFone 😀two three\r\n  four\n five six\n");
  const line = (number: number): string | null => lines.columnsOf("a", number, 1, 99);
  expect([1, 2, 3, 4].map(line)).toEqual(["**************", "  ****", " ********", ""]);
  lines.show("a", { line: 1, column: 5, endLine: 1, endColumn: 9 });
  expect(line(1)).toBe("****😀two******");
  lines.show("a", { line: 1, column: 7, endLine: 3, endColumn: 6 });
  expect([1, 2, 3, 4].map(line)).toEqual(["****😀two three", "  four", " five****", ""]);
  expect(lines.columnsOf("a", 3, 5, 8)).toBe("e**");
});

it("shows what was named before its text came, and knows nothing of other files", () => {
  const lines = createPrintedLines();
  lines.show("a", { line: 1, column: 1, endLine: 1, endColumn: 3 });
  expect(lines.columnsOf("a", 1, 1, 9)).toBeNull();
  lines.addPrivate("a", "abc");
  expect(lines.columnsOf("a", 1, 1, 9)).toBe("ab*");
  expect(lines.columnsOf("b", 1, 1, 9)).toBeNull();
});

it("prints a public text as it is", () => {
  const lines = createPrintedLines();
  lines.addPublic("a", "\uFEFFabc");
  expect(lines.columnsOf("a", 1, 1, 9)).toBe("abc");
});
