import * as fc from "fast-check";
import { RE2JS } from "re2js";
import { expect, test } from "vitest";
import { isPlainPattern } from "../../src/language/plain-pattern.ts";

test.each(["OOM", "(?i)oom.*kill", "exit code (137|139)", "node\\(s\\) had .+?", '"[^"]+"', "((a|b)*c)?$"])(
  "sees without compiling that %s is a valid pattern",
  (pattern) => expect(isPlainPattern(pattern)).toBe(true),
);

test.each(["(", "a)", "a**", "*a", "a{2", "[z-a]", "\\8", "(?=a)", "(?P<x>a)", "|*", "^*"])(
  "leaves %s to the compiler",
  (pattern) => expect(isPlainPattern(pattern)).toBe(false),
);

function compiles(pattern: string): boolean {
  try {
    RE2JS.compile(pattern);
    return true;
  } catch {
    return false;
  }
}

test("lets no pattern pass that does not compile", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "a",
      "b",
      "(",
      ")",
      "|",
      "*",
      "+",
      "?",
      "^",
      "$",
      ".",
      "\\",
      "[",
      "]",
      "{",
      "}",
      "-",
      "/",
      "<",
      "=",
      "1",
    ),
    fc.constantFrom("(?:", "(?i)", "[^", "[^]", "{2}", "\\d", "\\b", "\\.", "\\p", "?:", ",", "é", "😀", "\n"),
    fc.string({ unit: "binary", maxLength: 2 }),
  );
  const property = fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
    const pattern = pieces.join("");
    expect(isPlainPattern(pattern) && !compiles(pattern)).toBe(false);
  });
  fc.assert(property, { numRuns: 5000 });
});
