import { expect, test } from "vitest";
import { cutStatements } from "../../grammar/cut.ts";
import { tokenize } from "../../grammar/tokens.ts";
import { nearest } from "../../src/suggest.ts";

test("hands on a statement once two tokens of the next are there, so that nobody holds those of a whole file", () => {
  const text = "when kind=Pod notify a\n".repeat(100);
  let taken = 0;
  function* counted(): Generator<ReturnType<typeof tokenize>["tokens"][number]> {
    for (const token of tokenize(text).tokens) {
      taken += 1;
      yield token;
    }
  }
  let statements = 0;
  for (const chunk of cutStatements(counted(), text, nearest)) {
    statements += 1;
    expect(chunk).toHaveLength(6);
    expect(taken).toBeLessThanOrEqual(statements * 6 + 2);
  }
  expect(statements).toBe(100);
});
