import type { IToken } from "chevrotain";
import type { Problem, Span } from "./ast.ts";
import { cutStatements, type Nearest } from "./cut.ts";
import { parseStatement, type ParsedStatement } from "./parse-statement.ts";
import { endOf, Label, Let, OpenText, tokenize, Word } from "./tokens.ts";

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
  const perChunk = assign(lexical, chunks, text);

  const statements: ParsedStatement[] = [];
  const brokenLets: string[] = [];
  const problems: Problem[] = Array.from(perChunk.get(-1) ?? []);
  let ruleCount = 0;
  for (const [index, chunk] of chunks.entries()) {
    if (isRule(chunk)) ruleCount++;
    const { statement, problems: found } = parseStatement(chunk, perChunk.get(index) ?? [], nearest);
    for (const problem of found) problems.push(problem);
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

/**
 * Groups lexical problems by the statement they stand in: the one that begins above, unless it ends on an earlier line.
 * Then it is the one that begins on the same line, else none, which is -1.
 */
function assign(
  problems: readonly Problem[],
  chunks: readonly (readonly IToken[])[],
  text: string,
): ReadonlyMap<number, Problem[]> {
  const perChunk = new Map<number, Problem[]>();
  let next = 0;
  let gap = gapBefore(next, chunks, text);
  for (const problem of problems.toSorted((a, b) => a.start - b.start)) {
    const before = next;
    while ((chunks[next]?.[0]?.startOffset ?? Infinity) <= problem.start) next++;
    if (next > before) gap = gapBefore(next, chunks, text);
    const chunk = problem.start < gap.start ? next - 1 : problem.start >= gap.end ? next : -1;
    const known = perChunk.get(chunk);
    if (known === undefined) perChunk.set(chunk, [problem]);
    else known.push(problem);
  }
  return perChunk;
}

/** The whole lines between a statement and the one before it: empty where both share a line. */
function gapBefore(next: number, chunks: readonly (readonly IToken[])[], text: string): Span {
  const last = chunks[next - 1]?.at(-1);
  const from = last === undefined ? 0 : endOf(last);
  const to = chunks[next]?.[0]?.startOffset ?? text.length;
  const between = text.slice(from, to);
  const firstBreak = last === undefined ? 0 : between.search(/[\r\n]/);
  const lastBreak = Math.max(between.lastIndexOf("\n"), between.lastIndexOf("\r"));
  return {
    start: firstBreak < 0 ? to : from + firstBreak,
    end: next < chunks.length ? from + lastBreak + 1 : text.length + 1,
  };
}
