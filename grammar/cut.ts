import type { IToken, TokenType } from "chevrotain";
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
 * quote. A word on a new line begins a statement too if it can only be one of these misspelt.
 *
 * Takes no more tokens than up to the first two of the next statement.
 */
export function* cutStatements(tokens: Iterable<IToken>, text: string, nearest: Nearest): Generator<IToken[]> {
  let chunk: IToken[] = [];
  let previous: IToken | undefined;
  for (const [token, next] of withNext(tokens)) {
    if (
      previous !== undefined &&
      ((STARTS.has(token.tokenType) && begins(token, previous, text)) ||
        (token.tokenType === Word && isMisspeltStart(token, previous, next, text, nearest)))
    ) {
      yield chunk;
      chunk = [];
    }
    chunk.push(token);
    previous = token;
  }
  if (chunk.length > 0) yield chunk;
}

function* withNext<T>(items: Iterable<T>): Generator<readonly [item: T, next: T | undefined]> {
  let held: T | undefined;
  for (const item of items) {
    if (held !== undefined) yield [held, item];
    held = item;
  }
  if (held !== undefined) yield [held, undefined];
}

const STARTS: ReadonlySet<TokenType> = new Set([Label, Let, Drop, When]);

function begins(token: IToken, previous: IToken, text: string): boolean {
  const type = token.tokenType;
  const before = previous.tokenType;
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

/** On a new line, nearer to `when`, `drop` or `let` than to a word that goes on, and with a word behind it as those have. */
function isMisspeltStart(
  token: IToken,
  previous: IToken,
  next: IToken | undefined,
  text: string,
  nearest: Nearest,
): boolean {
  if (next === undefined || isComparator(next) || previous.tokenType === Notify || wantsValue(previous)) return false;
  if (onOneLine(previous, token, text)) return false;
  const meant = nearest(token.image, [...AFTER_COMPARISON, ...AT_START]);
  return meant !== null && AT_START.includes(meant);
}
