import type { IToken } from "chevrotain";
import * as t from "./tokens.ts";

/**
 * What the next token of a statement should be, told from the tokens before it.
 *
 * A coarse picture of the grammar, good enough to tell a value from an operator; `wild` is a place it knows nothing
 * about. The parser decides, this only helps to guess what a wrong word was meant for.
 */
export type Expectation = "start" | "operand" | "operator" | "value" | "list" | "connective" | "receiver" | "wild";

/** Where the walk stands: `notified` once `notify` has been seen. */
export interface Walk {
  readonly expected: Expectation;
  readonly notified: boolean;
}

export const WALK_START: Walk = { expected: "start", notified: false };

/** The walk after `token`; `before` are the tokens in front of it. */
export function advance({ expected, notified }: Walk, token: IToken, before: readonly IToken[]): Walk {
  return {
    expected: expectAfter(expected, notified, token, before),
    notified: notified || token.tokenType === t.Notify,
  };
}

function expectAfter(expected: Expectation, notified: boolean, token: IToken, before: readonly IToken[]): Expectation {
  const type = token.tokenType;
  const previous = before.at(-1)?.tokenType;
  if (expected === "value") return notified ? "receiver" : "connective";
  if (expected === "receiver") return type === t.Comma ? "value" : "wild";
  if (expected === "list") return type === t.RightParenthesis ? "connective" : "list";
  switch (type) {
    case t.LeftParenthesis:
      return previous === t.In ? "list" : "operand";
    case t.When:
    case t.And:
    case t.Or:
      return "operand";
    case t.Drop:
    case t.Label:
      return "start";
    case t.Notify:
    case t.Contains:
    case t.Like:
    case t.Severity:
    case t.Using:
    case t.For:
    case t.Digest:
      return "value";
    case t.Not:
      return expected === "operand" ? "operand" : "operator";
    case t.Exists:
    case t.RightParenthesis:
    case t.Stop:
      return "connective";
    case t.Let:
    case t.By:
    case t.With:
    case t.Between:
    case t.Rate:
    case t.Resolve:
      return "wild";
    default:
      break;
  }
  if (t.isComparator(token)) {
    // `let NAME = condition` is the one `=` with an operand behind it.
    return before.at(-2)?.tokenType === t.Let ? "operand" : "value";
  }
  if (expected === "operand") return "operator";
  if (type === t.LeftBracket || type === t.RightBracket || type === t.Text || type === t.In) return expected;
  // An argument of `by a, b` or `with a=b`; what no comma joins to it may be a misspelt word.
  if (expected === "wild" && type === t.Word && previous !== t.Let) return "connective";
  return expected === "connective" ? "connective" : "wild";
}
