import { expect, it } from "vitest";
import { displayWidth, visible } from "../../src/cli/display-width.ts";

it.each([
  ["", 0],
  ["abc", 3],
  ["家里", 4],
  ["ｆｕｌｌ", 8],
  ["한글", 4],
  ["。", 2],
  ["e\u0301", 1],
  ["😀", 2],
  ["é ü →", 5],
])("counts the cells of %j", (text, cells) => {
  expect(displayWidth(text)).toBe(cells);
});

it("shows what would drive a terminal, one for one", () => {
  expect(visible("a\u001B[2J\r\u009B\u202E\u007F家\tb")).toBe("a␛[2J␍\uFFFD\uFFFD\uFFFD家 b");
});
