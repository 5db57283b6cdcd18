import type { IRecognitionException, IToken } from "chevrotain";
import type { Problem, Span, StatementNode, SyntaxCode } from "./ast.ts";
import { cutStatements, type Nearest } from "./cut.ts";
import { parseChunk } from "./parser.ts";
import { repairTokens } from "./repair.ts";
import { statementToAst } from "./to-ast.ts";
import { endOf, Label, LeftParenthesis, Let, Not, OpenText, RightParenthesis, tokenize, Word } from "./tokens.ts";

/** Deepest nesting of parentheses and `not` in one condition. */
const MAX_NESTING = 64;

interface ParsedStatement {
  readonly node: StatementNode;
  /** True when a misspelt word had to be guessed: look it over for further mistakes, but never run it. */
  readonly refused: boolean;
}

export interface ParsedRules {
  /** Statements that can be read, in order. */
  readonly statements: readonly ParsedStatement[];
  /** Names of lets that cannot be read: their uses are no further mistakes. */
  readonly brokenLets: readonly string[];
  /** In order of the text. */
  readonly problems: readonly Problem[];
  readonly comments: readonly Span[];
  /** How many statements the text has, refused ones too. */
  readonly statementCount: number;
  /** How many of them are rules. */
  readonly ruleCount: number;
}

/**
 * Parses one rules file. Never throws, whatever the text.
 *
 * Each statement is parsed alone, and one with any mistake is refused whole: the tree that error recovery makes of it
 * may say what nobody wrote. Statements beyond `maxStatements` are not looked at; the first of them is a problem.
 */
export function parseRules(text: string, nearest: Nearest, maxStatements: number): ParsedRules {
  const { tokens, comments, unreadable } = tokenize(text);
  const lexical = [unreadable.map((run) => unreadableProblem(run, text)), wordProblems(tokens)].flat();
  const all = cutStatements(tokens, text, nearest);
  const chunks = all.slice(0, maxStatements);
  const starts = chunks.map((chunk) => chunk[0]?.startOffset ?? 0);
  const perChunk = assign(lexical, starts);

  const statements: ParsedStatement[] = [];
  const brokenLets: string[] = [];
  const problems: Problem[] = Array.from(perChunk.get(-1) ?? []);
  let ruleCount = 0;
  for (const [index, chunk] of chunks.entries()) {
    if (isRule(chunk)) ruleCount++;
    const spoilt = perChunk.get(index);
    const statement = spoilt === undefined ? parseStatement(chunk, nearest, problems) : null;
    // What the parser would say about a statement with an unreadable character is about that character again.
    for (const problem of spoilt ?? []) problems.push(problem);
    if (statement !== null) statements.push(statement);
    else if (chunk[0]?.tokenType === Let && chunk[1] !== undefined) brokenLets.push(chunk[1].image);
  }
  const [tooMany] = all[maxStatements] ?? [];
  if (tooMany !== undefined) {
    problems.push({
      code: "E111",
      message: "a rule set has 10,000 statements at most",
      start: tooMany.startOffset,
      end: endOf(tooMany),
    });
  }
  return {
    statements,
    brokenLets,
    problems: problems.toSorted((a, b) => a.start - b.start),
    comments,
    statementCount: chunks.length,
    ruleCount,
  };
}

function isRule(chunk: readonly IToken[]): boolean {
  const first = chunk.find((token) => token.tokenType !== Label)?.image.toLowerCase();
  return first !== "let" && first !== "drop";
}

function parseStatement(chunk: IToken[], nearest: Nearest, problems: Problem[]): ParsedStatement | null {
  const tooDeep = findDepth(chunk);
  if (tooDeep !== null) {
    problems.push(tooDeep);
    return null;
  }
  const found: Problem[] = [];
  const repaired = repairTokens(chunk, nearest, (problem) => found.push(problem));
  const { node, errors } = parseChunk(repaired);
  found.push(...syntaxProblems(errors, chunk));
  const refused = found.length > 0;
  const statement = errors.length === 0 ? statementToAst(node, (problem) => found.push(problem)) : null;
  for (const problem of found) problems.push(problem);
  return statement && { node: statement, refused };
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
  for (const error of errors) {
    const { token, message } = error;
    const last = chunk.at(-1);
    const end = last === undefined ? 0 : endOf(last);
    const span = token.image === "" ? { start: end, end } : { start: token.startOffset, end: endOf(token) };
    // Recovery may stumble over one token twice; the first time is the mistake.
    if (problems.some((problem) => problem.start === span.start)) continue;
    problems.push({ code: codeOf(message), message: message.slice(5), ...span });
  }
  return problems;
}

const CODES: readonly SyntaxCode[] = ["E101", "E103", "E104", "E107", "E108", "E109", "E119"];

function codeOf(message: string): SyntaxCode {
  return CODES.find((code) => message.startsWith(code)) ?? "E119";
}

/** Half of what East Asian keyboards put for our punctuation. */
const WIDE_PUNCTUATION: Readonly<Record<string, string>> = {
  "，": ",",
  "、": ",",
  "（": "(",
  "）": ")",
  "＝": "=",
  "！": "not",
  "＜": "<",
  "＞": ">",
  "：": ":",
  "“": '"',
  "”": '"',
  "‘": "'",
  "’": "'",
  "「": '"',
  "」": '"',
  "＃": "#",
  "／": "/",
};

function unreadableProblem({ start, end }: Span, text: string): Problem {
  const run = text.slice(start, end);
  const [character = ""] = run;
  const suggestion = WIDE_PUNCTUATION[character];
  return {
    code: "E101",
    message: `the character \`${character}\` means nothing here`,
    ...(suggestion === undefined ? { help: "quote a text that holds it" } : { suggestion }),
    start,
    end: suggestion === undefined ? end : start + character.length,
  };
}

/** Words all of ASCII hold no strangers: the lexer lets none in. */
const ONLY_ASCII = /^[!-~]*$/;

function wordProblems(tokens: readonly IToken[]): readonly Problem[] {
  const problems: Problem[] = [];
  for (const token of tokens) {
    const start = token.startOffset;
    const end = endOf(token);
    if (token.tokenType === OpenText) {
      problems.push({ code: "E102", message: "this text has no closing quote on its line", start, end: start + 1 });
    } else if (token.tokenType === Word || token.tokenType === Label) {
      const stranger = ONLY_ASCII.test(token.image) ? null : /[^\p{L}\p{M}\p{N}_\-./:@*]/u.exec(token.image);
      if (stranger !== null) {
        const at = start + stranger.index;
        problems.push({
          code: "E101",
          message: `the character \`${stranger[0]}\` stands in no bare word`,
          help: "quote a text that holds it",
          start: at,
          end: at + stranger[0].length,
        });
      } else if (token.tokenType === Word && token.image.endsWith(":")) {
        problems.push({
          code: "E101",
          message: "a bare word does not end in `:`",
          help: "quote the value; a rule's name holds letters, digits, `_`, `-` and `.` only",
          start,
          end,
        });
      }
    }
  }
  return problems;
}

/** Groups lexical problems by the statement they stand in; -1 is in front of the first. */
function assign(problems: readonly Problem[], starts: readonly number[]): ReadonlyMap<number, Problem[]> {
  const perChunk = new Map<number, Problem[]>();
  let chunk = -1;
  for (const problem of problems.toSorted((a, b) => a.start - b.start)) {
    while ((starts[chunk + 1] ?? Infinity) <= problem.start) chunk++;
    const known = perChunk.get(chunk);
    if (known === undefined) perChunk.set(chunk, [problem]);
    else known.push(problem);
  }
  return perChunk;
}
