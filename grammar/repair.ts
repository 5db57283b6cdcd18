import { createTokenInstance, type IToken, type TokenType } from "chevrotain";
import type { Problem } from "./ast.ts";
import { AFTER_COMPARISON, AT_START, type Nearest } from "./cut.ts";
import { advance, WALK_START, type Expectation, type Walk } from "./expectation.ts";
import { FOREIGN_FORMS, FOREIGN_OPERATORS, FOREIGN_WORDS } from "./foreign.ts";
import { quote } from "./text.ts";
import * as t from "./tokens.ts";

/** One token, those behind it, and those in front of it as they are after repair. */
interface Here {
  readonly token: IToken;
  readonly next: IToken | undefined;
  readonly afterNext: IToken | undefined;
  readonly before: readonly IToken[];
  readonly nearest: Nearest;
}

/** What to put for the next `taken` tokens, and what to say about it. */
interface Repair extends Pick<Problem, "code" | "message" | "suggestion" | "help"> {
  readonly taken: number;
  readonly ours: readonly (readonly [TokenType, string])[];
}

const OURS: readonly TokenType[] = [...t.HARD_WORDS, ...t.CLAUSE_WORDS, ...t.OPERATOR_WORDS, ...t.COMPARATORS];
const BY_IMAGE: ReadonlyMap<string, TokenType> = new Map(OURS.map((type) => [t.imageOf(type), type]));
const AFTER_FIELD: readonly string[] = [...t.OPERATOR_WORDS, t.Not, t.And, t.Or, t.Notify].map((type) =>
  t.imageOf(type),
);

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
  let walk: Walk = WALK_START;
  const put = (token: IToken): void => {
    walk = advance(walk, token, repaired);
    repaired.push(token);
  };
  for (let index = 0; index < tokens.length;) {
    const token = tokens[index];
    if (token === undefined) break;
    const here = { token, next: tokens[index + 1], afterNext: tokens[index + 2], before: repaired, nearest };
    const repair = repairHere(walk.expected, here);
    if (repair === null) {
      put(token);
      index++;
      continue;
    }
    const { taken, ours, ...said } = repair;
    const end = t.endOf(tokens[index + Math.max(taken, 1) - 1] ?? token);
    report({ ...said, start: token.startOffset, end });
    for (const [type, image] of ours) put(instance(type, image, token.startOffset, end));
    index += taken;
  }
  return repaired;
}

function repairHere(expected: Expectation, here: Here): Repair | null {
  const { token, before } = here;
  if (before.at(-1)?.tokenType === t.Rate) return null;
  if (expected === "value") return repairRateWithBlanks(here) ?? repairValue(here);
  if (token.tokenType === t.Foreign) {
    const ours = FOREIGN_OPERATORS.get(token.image) ?? token.image;
    return foreign(here, 1, ours);
  }
  if (expected === "start") return repairStart(here);
  if (expected === "operand") return repairOperand(here);
  if (expected === "operator") return repairOperator(here);
  if (expected === "connective") return repairConnective(here);
  return null;
}

function repairStart(here: Here): Repair | null {
  const { token, nearest } = here;
  if (token.tokenType !== t.Word) return null;
  const shouted = inCapitals(token, AT_START);
  if (shouted !== null) return foreign(here, 1, shouted);
  const meant = nearest(token.image, AT_START);
  return meant === null ? null : misspelt(token, meant);
}

function repairOperand(here: Here): Repair | null {
  const { token, next } = here;
  const opens = next?.tokenType === t.LeftParenthesis || next?.tokenType === t.Word;
  return token.tokenType === t.Word && opens && token.image.toLowerCase() === "not" ? foreign(here, 1, "not") : null;
}

function repairOperator(here: Here): Repair | null {
  const { token, next, nearest } = here;
  const word = token.image.toLowerCase();
  if (token.tokenType === t.Not && next?.tokenType === t.Word && FOREIGN_WORDS.get(next.image.toLowerCase()) === "=~") {
    return foreign(here, 2, "!~");
  }
  if (token.tokenType !== t.Word) return null;
  if (word === "is" && next?.image.toLowerCase() === "not") return foreign(here, 2, "!=");
  const ours = FOREIGN_WORDS.get(word) ?? inCapitals(token, [...AFTER_FIELD, ...AFTER_COMPARISON]);
  if (ours !== null) return foreign(here, 1, ours);
  const form = FOREIGN_FORMS.get(word);
  if (form !== undefined) {
    return {
      code: "E105",
      message: `\`${token.image}\` is written \`${form}\` here`,
      taken: 1,
      ours: [[t.Like, "like"]],
    };
  }
  const meant = nearest(token.image, AFTER_FIELD);
  return meant === null ? null : misspelt(token, meant);
}

function repairConnective(here: Here): Repair | null {
  const { token, next, before, nearest } = here;
  // Behind a comma a list goes on.
  if (token.tokenType !== t.Word || before.at(-1)?.tokenType === t.Comma) return null;
  const shouted = inCapitals(token, AFTER_COMPARISON);
  if (shouted !== null) return foreign(here, 1, shouted);
  const meant = nearest(token.image, AFTER_COMPARISON);
  // A word with an operator behind it is a field: the connective is missing, not misspelt.
  const isField = next !== undefined && t.isComparator(next);
  return meant === null || (isField && meant !== "rate") ? null : misspelt(token, meant);
}

/** `rate<5 / 10m`: the parts are glued together. */
function repairRateWithBlanks({ token, next, afterNext, before }: Here): Repair | null {
  if (before.at(-2)?.tokenType !== t.Rate || next === undefined || !/^\d+\/?$/.test(token.image)) return null;
  if (!token.image.endsWith("/") && !next.image.startsWith("/")) return null;
  const taken = next.image === "/" && afterNext !== undefined ? 3 : 2;
  const glued = `${token.image}${next.image}${taken === 3 ? (afterNext?.image ?? "") : ""}`;
  return { code: "E108", message: "a rate has no blanks in it", suggestion: glued, taken, ours: [[t.Word, glued]] };
}

/** Where a value must stand, a word that joins conditions is a value without quotes or no value at all. */
function repairValue({ token, next }: Here): Repair | null {
  const value = (message: string, taken: number): Repair => ({
    code: taken === 0 ? "E103" : "E106",
    message,
    ...(taken === 0 ? {} : { suggestion: quote(token.image) }),
    taken,
    ours: [[t.Word, "x"]],
  });
  const type = token.tokenType;
  if (type === t.Foreign)
    return { ...value("", 1), message: `\`${token.image}\` must be quoted here`, suggestion: `"${token.image}"` };
  if (t.CLAUSE_WORDS.includes(type) && next !== undefined && t.isComparator(next)) {
    return value(`a value is missing in front of \`${token.image}\``, 0);
  }
  if (!t.HARD_WORDS.includes(type)) return null;
  const ends =
    next !== undefined &&
    [t.And, t.Or, t.Notify, t.RightParenthesis, t.Comma, ...t.CLAUSE_WORDS].includes(next.tokenType);
  return ends ? value(`\`${token.image}\` is a word of the language: quote it to use it as a value`, 1) : null;
}

function foreign({ token, next }: Here, taken: 1 | 2, ours: string): Repair {
  const theirs = taken === 1 ? token.image : `${token.image} ${next?.image ?? ""}`;
  return {
    code: "E105",
    message: `\`${theirs}\` is written \`${ours}\` here`,
    suggestion: ours,
    taken,
    ours: ours.split(" ").map((image) => [BY_IMAGE.get(image) ?? t.Word, image]),
  };
}

function misspelt(token: IToken, ours: string): Repair {
  return {
    code: "E106",
    message: `unknown word \`${token.image}\``,
    suggestion: ours,
    taken: 1,
    ours: [[BY_IMAGE.get(ours) ?? t.Word, ours]],
  };
}

/** Our word for the same one in capitals. */
function inCapitals(token: IToken, candidates: readonly string[]): string | null {
  return candidates.find((candidate) => candidate !== token.image && candidate === token.image.toLowerCase()) ?? null;
}

function instance(type: TokenType, image: string, start: number, end: number): IToken {
  return createTokenInstance(type, image, start, end - 1, Number.NaN, Number.NaN, Number.NaN, Number.NaN);
}
