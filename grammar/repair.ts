import { createTokenInstance, type IToken, type TokenType } from "chevrotain";
import type { Problem } from "./ast.ts";
import * as t from "./tokens.ts";

/** Our operator for another language's. Order of keys is of no meaning. */
export const FOREIGN_OPERATORS: Readonly<Record<string, string>> = {
  "==": "=",
  "===": "=",
  "!==": "!=",
  "<>": "!=",
  "&&": "and",
  "&": "and",
  "||": "or",
  "|": "or",
  "!": "not",
  "~": "=~",
  "~=": "=~",
  "=>": ">=",
  "=<": "<=",
};

/** Our spelling of other languages' words between a field and its value. */
export const FOREIGN_WORDS: Readonly<Record<string, string>> = {
  is: "=",
  eq: "=",
  equals: "=",
  ne: "!=",
  neq: "!=",
  isnot: "!=",
  matches: "=~",
  match: "=~",
  regex: "=~",
  regexp: "=~",
  notin: "not in",
  nin: "not in",
  includes: "contains",
  has: "contains",
  gt: ">",
  gte: ">=",
  ge: ">=",
  lt: "<",
  lte: "<=",
  le: "<=",
};

const OURS: readonly TokenType[] = [...t.HARD_WORDS, ...t.CLAUSE_WORDS, ...t.OPERATOR_WORDS, ...t.COMPARATORS];
const BY_IMAGE: ReadonlyMap<string, TokenType> = new Map(OURS.map((type) => [t.imageOf(type), type]));
const CLAUSES: readonly string[] = t.CLAUSE_WORDS.map((type) => t.imageOf(type));
const AFTER_COMPARISON: readonly string[] = ["and", "or", "notify", ...CLAUSES];
const AFTER_FIELD: readonly string[] = ["in", "contains", "like", "exists", "not"];
const AT_START: readonly string[] = ["when", "drop", "let"];

/** What the next token of a statement should be. `wild` is a place this walk knows nothing about. */
type Expectation = "start" | "operand" | "operator" | "value" | "list" | "connective" | "name" | "wild";

/** Answers the candidate an author most likely meant by a word, or null. */
export type Nearest = (word: string, candidates: Iterable<string>) => string | null;

/**
 * Replaces other languages' spellings and misspelt words of ours by what was meant, and reports each.
 *
 * Done before parsing, so that one slip is one finding instead of the parser's two or three. The tokens handed back
 * serve to look for further mistakes only: a statement with a finding is refused.
 */
export function repairTokens(
  tokens: readonly IToken[],
  nearest: Nearest,
  report: (problem: Problem) => void,
): IToken[] {
  const repaired: IToken[] = [];
  const place: { expected: Expectation; inNotify: boolean } = { expected: "start", inNotify: false };

  const put = (image: string, at: IToken): void => {
    const type = BY_IMAGE.get(image) ?? t.Word;
    const end = at.startOffset + at.image.length - 1;
    const token = createTokenInstance(type, image, at.startOffset, end, Number.NaN, Number.NaN, Number.NaN, Number.NaN);
    repaired.push(token);
    step(token);
  };
  const replace = (first: IToken, last: IToken, ours: string, problem: Pick<Problem, "code" | "message">): void => {
    report({ ...problem, suggestion: ours, start: first.startOffset, end: last.startOffset + last.image.length });
    for (const image of ours.split(" ")) put(image, first);
  };
  const foreign = (first: IToken, last: IToken, ours: string): void => {
    const theirs = first === last ? first.image : `${first.image} ${last.image}`;
    replace(first, last, ours, { code: "E105", message: `\`${theirs}\` is written \`${ours}\` here` });
  };
  const misspelt = (token: IToken, ours: string): void =>
    replace(token, token, ours, { code: "E106", message: `unknown word \`${token.image}\`` });

  function step(token: IToken): void {
    place.expected = nextExpectation(place.expected, token, repaired, place.inNotify);
    if (token.tokenType === t.Notify) place.inNotify = true;
  }

  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index];
    if (token === undefined) break;
    const next = tokens[index + 1];
    const inRate: boolean = repaired.at(-1)?.tokenType === t.Rate;
    if (token.tokenType === t.Foreign && !inRate) {
      const ours: string = FOREIGN_OPERATORS[token.image] ?? token.image;
      // `a ! in (b)` and `! a` are both written with `not`.
      foreign(token, token, ours);
      continue;
    }
    if (token.tokenType === t.Foreign && inRate) {
      // The rate itself says which forms there are.
      repaired.push(
        createTokenInstance(
          t.Equals,
          token.image,
          token.startOffset,
          token.startOffset + token.image.length - 1,
          Number.NaN,
          Number.NaN,
          Number.NaN,
          Number.NaN,
        ),
      );
      place.expected = "value";
      continue;
    }
    if (token.tokenType === t.Word && place.expected === "start") {
      const ours: string | undefined = capitals(token, AT_START) ?? nearest(token.image, AT_START) ?? undefined;
      if (ours !== undefined) {
        misspelt(token, ours);
        continue;
      }
    }
    if (token.tokenType === t.Word && place.expected === "operand" && next !== undefined) {
      const opens: boolean = next.tokenType === t.LeftParenthesis || next.tokenType === t.Word;
      if (opens && token.image !== "not" && token.image.toLowerCase() === "not") {
        foreign(token, token, "not");
        continue;
      }
    }
    if (token.tokenType === t.Not && place.expected === "operator" && next?.tokenType === t.Word) {
      if (/^(?:regexp?|match|matches)$/i.test(next.image)) {
        foreign(token, next, "!~");
        index++;
        continue;
      }
    }
    if (token.tokenType === t.Word && place.expected === "operator") {
      const word: string = token.image.toLowerCase();
      const ours: string | undefined = FOREIGN_WORDS[word] ?? capitals(token, [...AFTER_FIELD, ...AFTER_COMPARISON]);
      if (word === "is" && next?.image.toLowerCase() === "not") {
        foreign(token, next, "!=");
        index++;
        continue;
      }
      if (ours !== undefined && Object.hasOwn(FOREIGN_WORDS, word) !== Object.hasOwn(FOREIGN_WORDS, ours)) {
        foreign(token, token, ours);
        continue;
      }
      const meant: string | null = nearest(token.image, [...AFTER_FIELD, "and", "or", "notify"]);
      if (meant !== null) {
        misspelt(token, meant);
        continue;
      }
    }
    if (token.tokenType === t.Word && place.expected === "connective") {
      const shouted: string | undefined = capitals(token, AFTER_COMPARISON);
      // A word with an operator behind it is a field: the connective is missing, not misspelt.
      const isField: boolean = next?.tokenType.CATEGORIES?.includes(t.Comparator) ?? false;
      const meant: string | null = shouted ?? nearest(token.image, AFTER_COMPARISON);
      if (meant !== null && (!isField || meant === "rate")) {
        if (shouted === undefined) misspelt(token, meant);
        else foreign(token, token, shouted);
        continue;
      }
    }
    repaired.push(token);
    step(token);
  }
  return repaired;
}

/** Our word for the same one in capitals. */
function capitals(token: IToken, candidates: readonly string[]): string | undefined {
  return candidates.find((candidate) => candidate !== token.image && candidate === token.image.toLowerCase());
}

function nextExpectation(
  expected: Expectation,
  token: IToken,
  before: readonly IToken[],
  inNotify: boolean,
): Expectation {
  const type = token.tokenType;
  if (expected === "value") return inNotify ? "name" : "connective";
  if (expected === "list") return type === t.RightParenthesis ? "connective" : "list";
  if (type === t.When || type === t.And || type === t.Or || type === t.LeftParenthesis) {
    return type === t.LeftParenthesis && before.at(-2)?.tokenType === t.In ? "list" : "operand";
  }
  if (type === t.Drop) return "start";
  if (type === t.Let) return "wild";
  if (type === t.Notify) return "value";
  if (expected === "start") return type === t.Label ? "start" : "wild";
  if (expected === "operator" && type === t.In) return "list";
  if (type === t.Contains || type === t.Like || type.CATEGORIES?.includes(t.Comparator)) {
    // `let NAME = condition` is the one `=` with an operand behind it.
    return before.at(-3)?.tokenType === t.Let ? "operand" : "value";
  }
  if (type === t.Exists || type === t.RightParenthesis) return "connective";
  if (type === t.Not) return expected === "operand" ? "operand" : "operator";
  if (expected === "operand") return "operator";
  if (type === t.LeftBracket || type === t.RightBracket || type === t.Text) return expected;
  if (type === t.Severity || type === t.Using || type === t.For || type === t.Digest) return "value";
  if (type === t.By || type === t.With || type === t.Between) return "wild";
  if (type === t.Stop) return "connective";
  if (type === t.Comma && inNotify) return "value";
  // A word in `by a, b` or `with a=b` leaves the walk where it cannot tell an argument from a misspelt word.
  if (expected === "wild" && type === t.Word && before.at(-2)?.tokenType !== t.Comma) return "connective";
  return expected === "connective" ? "connective" : "wild";
}
