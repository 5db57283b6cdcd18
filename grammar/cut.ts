import type { IToken } from "chevrotain";
import {
  Comma,
  Comparator,
  Contains,
  Drop,
  Label,
  LeftParenthesis,
  Let,
  Like,
  Notify,
  Resolve,
  When,
  Word,
} from "./tokens.ts";

/**
 * Cuts a file's tokens where statements begin, so that a broken statement never disturbs the next.
 *
 * A statement begins at a label, at `let`, at a `drop` without label, and at a `when` without label, `drop` or
 * `resolve` before it. One of these words right behind an operator on the same line is a value somebody forgot to
 * quote. A word on a new line behind a complete
 * `notify …` begins a statement too: its first word is misspelt.
 */
export function cutStatements(tokens: readonly IToken[], text: string): IToken[][] {
  const chunks: IToken[][] = [];
  let chunk: IToken[] = [];
  let notified = false;
  for (const token of tokens) {
    const previous = chunk.at(-1);
    if (
      previous === undefined ||
      begins(token, previous, text) ||
      (notified && begunByMistake(token, previous, text))
    ) {
      chunk = [];
      chunks.push(chunk);
      notified = false;
    }
    chunk.push(token);
    if (token.tokenType === Notify) notified = true;
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
  return (
    type === Contains ||
    type === Like ||
    type === Comma ||
    type === LeftParenthesis ||
    (type.CATEGORIES?.includes(Comparator) ?? false)
  );
}

function onOneLine(first: IToken, second: IToken, text: string): boolean {
  return !/[\r\n]/.test(text.slice(first.startOffset, second.startOffset));
}

/** A word on a new line behind `notify a` that no comma joins: most likely a misspelt `when` or `let`. */
function begunByMistake(token: IToken, previous: IToken, text: string): boolean {
  if (onOneLine(previous, token, text) || previous.tokenType === Notify || previous.tokenType === Comma) return false;
  return token.tokenType === Word;
}
