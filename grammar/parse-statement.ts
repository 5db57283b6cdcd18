import { createTokenInstance, type IRecognitionException, type IToken } from "chevrotain";
import type { Problem, Span, StatementNode, SyntaxCode } from "./ast.ts";
import type { Nearest } from "./cut.ts";
import { parseChunk } from "./parser.ts";
import { repairTokens } from "./repair.ts";
import { createOverlap } from "./spans.ts";
import { statementToAst } from "./to-ast.ts";
import { endOf, LeftParenthesis, Not, OpenText, RightParenthesis, Word } from "./tokens.ts";

/** Deepest nesting of parentheses and `not` in one condition. */
const MAX_NESTING = 64;
/** So many unreadable places make it pointless to look for more in a statement. */
const MAX_UNREADABLE = 20;

/** A statement that can be read, if need be by guessing. */
export interface ParsedStatement {
  readonly node: StatementNode;
  /** True when it has a mistake: look it over for further ones, but never run it. */
  readonly refused: boolean;
  /** True when some of it is missing in `node`: nothing may be said about what the statement lacks. */
  readonly partial: boolean;
  /** Whether `node` holds a guess at a place: whatever is wrong with that is no further mistake. */
  readonly isGuess: (span: Span) => boolean;
}

/**
 * Parses the tokens of one statement. `lexical` is what is unreadable in it; the parser's complaints about such a
 * statement would be about that again, so they are left out.
 *
 * Null for a statement of which no tree comes that says what was written.
 */
export function parseStatement(
  chunk: readonly IToken[],
  lexical: readonly Problem[],
  nearest: Nearest,
): { readonly statement: ParsedStatement | null; readonly problems: readonly Problem[] } {
  const tooDeep = findDepth(chunk);
  if (tooDeep !== null) return { statement: null, problems: [...lexical, tooDeep] };
  if (lexical.length > MAX_UNREADABLE) return { statement: null, problems: lexical };
  const repairs: Problem[] = [];
  const literals: Problem[] = [];
  const readable = lexical.length === 0 ? chunk : chunk.map(closeText);
  const { node, errors } = parseChunk(repairTokens(readable, nearest, (problem) => repairs.push(problem)));
  const statement = errors.every(leavesTree) ? statementToAst(node, (problem) => literals.push(problem)) : null;
  if (lexical.length === 0) {
    const problems = [...repairs, ...syntaxProblems(errors, chunk), ...literals];
    return { statement: statement && toParsed(statement, problems, []), problems };
  }
  if (statement === null) return { statement, problems: lexical };
  const unreadable = lexical.map((problem) => touching(problem, chunk));
  const isUnreadable = createOverlap(unreadable);
  const problems = [...lexical, ...[...repairs, ...literals].filter((problem) => !isUnreadable(problem))];
  return { statement: toParsed(statement, problems, unreadable), problems };
}

function toParsed(node: StatementNode, problems: readonly Problem[], unreadable: readonly Span[]): ParsedStatement {
  return {
    node,
    refused: problems.length > 0,
    partial: problems.some(({ code }) => code !== "E105" && code !== "E106"),
    isGuess: createOverlap([...unreadable, ...problems.filter(({ code }) => code !== "E105")]),
  };
}

/** True for a mistake behind all that the tree holds: no `notify`, or more than one statement's worth. */
function leavesTree({ name, message }: IRecognitionException): boolean {
  return name === "NotAllInputParsedException" || message.startsWith("E104");
}

/** An open text, taken for a value. */
function closeText(token: IToken): IToken {
  if (token.tokenType !== OpenText) return token;
  return createTokenInstance(Word, "x", token.startOffset, endOf(token) - 1, -1, -1, -1, -1);
}

/** An unreadable place with the tokens that touch it: they are not what was meant either. */
function touching({ start, end }: Span, chunk: readonly IToken[]): Span {
  const touched = chunk.filter((token) => token.startOffset <= end && endOf(token) >= start);
  return {
    start: Math.min(start, ...touched.map((token) => token.startOffset)),
    end: Math.max(end, ...touched.map((token) => endOf(token))),
  };
}

/** The first token that nests too deep. Asked of the tokens, because the parser would overflow its stack. */
function findDepth(chunk: readonly IToken[]): Problem | null {
  let depth = 0;
  let nots = 0;
  for (const token of chunk) {
    if (token.tokenType === LeftParenthesis) depth++;
    else if (token.tokenType === RightParenthesis) depth--;
    // Not every `not` stays open, but none costs more than one level, and real conditions have few in a row.
    nots = token.tokenType === Not || token.image === "!" ? nots + 1 : token.tokenType === LeftParenthesis ? nots : 0;
    if (depth + nots > MAX_NESTING) {
      return {
        code: "E110",
        message: `conditions nest at most ${MAX_NESTING} deep`,
        help: "name a part with `let`",
        start: token.startOffset,
        end: endOf(token),
      };
    }
  }
  return null;
}

function syntaxProblems(errors: readonly IRecognitionException[], chunk: readonly IToken[]): readonly Problem[] {
  const problems: Problem[] = [];
  const starts = new Set<number>();
  const last = chunk.at(-1);
  const end = last === undefined ? 0 : endOf(last);
  for (const { token, message } of errors) {
    const span = token.image === "" ? { start: end, end } : { start: token.startOffset, end: endOf(token) };
    // Recovery may stumble over one token twice; the first time is the mistake.
    if (starts.has(span.start)) continue;
    starts.add(span.start);
    problems.push({ code: codeOf(message), message: message.slice(5), ...span });
  }
  return problems;
}

const CODES: readonly SyntaxCode[] = ["E101", "E103", "E104", "E107", "E108", "E109", "E119"];

function codeOf(message: string): SyntaxCode {
  return CODES.find((code) => message.startsWith(code)) ?? "E119";
}
