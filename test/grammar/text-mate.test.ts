import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { textMateFile } from "../../grammar/text-mate.ts";

test("the file beside the grammar is what the tokens make", () => {
  const file = new URL("../../grammar/kubewhen.tmLanguage.json", import.meta.url);
  expect(readFileSync(file, "utf8")).toBe(textMateFile());
});
