import { Lexer } from "chevrotain";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { validateGrammar } from "../../grammar/parser.ts";
import { TOKENS, tokenize } from "../../grammar/tokens.ts";

/** Chevrotain's own lexer over the same token types, with all its checks on. */
const reference = new Lexer(TOKENS, { positionTracking: "full", ensureOptimizations: true });

const piece = fc.oneof(
  fc.constantFrom(
    "when",
    "notify",
    "notify:",
    "not",
    "in",
    "rate",
    "rates",
    "a:",
    "a:b:",
    "a/b:",
    "::",
    ":",
    "x",
    "5/10m",
  ),
  fc.constantFrom(
    "=",
    "==",
    "!",
    "!~",
    "!=",
    "=~",
    "~=",
    "<>",
    "<",
    "<=",
    "=>",
    "&&",
    "&",
    "||",
    "(",
    ")",
    "[",
    "]",
    ",",
  ),
  fc.constantFrom(
    '"',
    "'",
    "\\",
    "\n",
    "\r\n",
    " ",
    "\t",
    "#",
    "$",
    "`",
    "é",
    "，",
    "（",
    "\u00A0",
    "\u2028",
    "\uFEFF",
    "😀",
  ),
  fc.string({ unit: "binary", maxLength: 4 }),
);

test("the grammar contradicts itself nowhere", () => {
  expect(validateGrammar).not.toThrow();
});

test("reads every text into the tokens Chevrotain's lexer makes of it", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join("");
      const { tokens, comments, unreadable } = tokenize(text);
      const expected = reference.tokenize(text);
      expect(
        tokens.map(({ tokenType, image, startOffset, endOffset }) => [tokenType.name, image, startOffset, endOffset]),
      ).toEqual(
        expected.tokens.map(({ tokenType, image, startOffset, endOffset }) => [
          tokenType.name,
          image,
          startOffset,
          endOffset,
        ]),
      );
      expect(unreadable).toEqual(
        expected.errors.map(({ offset, length }) => ({ start: offset, end: offset + length })),
      );
      expect(comments).toEqual(
        expected.groups["comments"]?.map(({ startOffset, image }) => ({
          start: startOffset,
          end: startOffset + image.length,
        })),
      );
    }),
    { numRuns: 2000 },
  );
});
