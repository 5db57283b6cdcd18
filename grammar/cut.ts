import type { IToken } from "chevrotain";
import {
  And,
  CLAUSE_WORDS,
  Comma,
  Contains,
  Drop,
  imageOf,
  isComparator,
  Label,
  LeftParenthesis,
  Let,
  Like,
  Notify,
  Or,
  Resolve,
  When,
  Word,
} from "./tokens.ts";

/** Answers the candidate an author most likely meant by a word, or null. */
export type Nearest = (word: string, candidates: Iterable<string>) => string | null;

/** Words that begin a statement. */
export const AT_START: readonly string[] = [When, Drop, Let].map((type) => imageOf(type));
/** Words that may follow a complete comparison. */
export const AFTER_COMPARISON: readonly string[] = [And, Or, Notify, ...CLAUSE_WORDS].map((type) => imageOf(type));

/**
 * Cuts a file's tokens where statements begin, so that a broken statement never disturbs the next.
 *
 * A statement begins at a label, at `let`, at a `drop` without label, and at a `when` without label, `drop` or
 * `resolve` before it. One of these words right behind an operator on the same line is a value somebody forgot to
 * quote. A word on a new line begins a statement
 * too if it can only be one of these misspelt.
 */
export function cutStatements(tokens: readonly IToken[], text: string, nearest: Nearest): IToken[][] {
  const chunks: IToken[][] = [];
  let chunk: IToken[] = [];
  for (const [index, token] of tokens.entries()) {
    const previous = chunk.at(-1);
    const mistaken = (): boolean =>
      previous !== undefined &&
      token.tokenType === Word &&
      !wantsValue(previous) &&
      previous.tokenType !== Notify &&
      !onOneLine(previous, token, text) &&
      isMisspeltStart(token, tokens[index + 1], nearest);
    if (previous === undefined || begins(token, previous, text) || mistaken()) {
      chunk = [];
      chunks.push(chunk);
    }
    chunk.push(token);
  }
  return chunks;
}

function begins(token: IToken, previous: IToken, text: string): boolean {
  const type = token.tokenType;
  const before = previous.tokenType;
  if (type !== Label && type !== Let && type !== Drop && type !== When) return false;
  if (type === When && (before === Drop || before === Resolve || before === Label)) return false;
  if (type === Drop && before === Label) return false;
  return !(wantsValue(previous) && onOneLine(previous, token, text));
}

function wantsValue(token: IToken): boolean {
  const type = token.tokenType;
  return type === Contains || type === Like || type === Comma || type === LeftParenthesis || isComparator(token);
}

function onOneLine(first: IToken, second: IToken, text: string): boolean {
  return !/[\r\n]/.test(text.slice(first.startOffset, second.startOffset));
}

/** Nearer to `when`, `drop` or `let` than to a word that goes on, and with a word behind it as those have. */
function isMisspeltStart(token: IToken, next: IToken | undefined, nearest: Nearest): boolean {
  if (next === undefined || isComparator(next)) return false;
  const meant = nearest(token.image, [...AFTER_COMPARISON, ...AT_START]);
  return meant !== null && AT_START.includes(meant);
}
