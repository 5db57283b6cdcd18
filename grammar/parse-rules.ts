import type { IToken } from "chevrotain";
import type { Problem, Span } from "./ast.ts";
import { cutStatements, type Nearest } from "./cut.ts";
import { parseStatement, type ParsedStatement } from "./parse-statement.ts";
import { endOf, Label, Let, OpenText, tokenize, Word, type Tokenized } from "./tokens.ts";

/** Takes the statements of a file, in order. */
export interface StatementVisitor {
  /** One that can be read. */
  statement(parsed: ParsedStatement): void;
  /** A let that cannot be read: its uses are no further mistakes. */
  brokenLet(name: string): void;
}

export interface ParsedRules {
  /** In order of the text. */
  readonly problems: readonly Problem[];
  /** How many statements the text has, refused ones too. */
  readonly statementCount: number;
  /** How many of them are rules. */
  readonly ruleCount: number;
}

/** How much of a text is held in tokens at once, at least one line. */
const PIECE_LENGTH = 4_096;

/**
 * Parses one rules file. Never throws, whatever the text.
 *
 * Each statement is parsed alone, and one with any mistake is refused whole: the tree that error recovery makes of it
 * may say what nobody wrote. Each is handed on at once, and nothing of it is kept. Statements beyond `maxStatements`
 * are not looked at; the first of them is a problem.
 */
export function parseRules(
  text: string,
  nearest: Nearest,
  maxStatements: number,
  visitor: StatementVisitor,
): ParsedRules {
  const problems: Problem[] = [];
  /** Of the text read so far, in order; the first `divided` of them belong where they belong. */
  const lexical: Problem[] = [];
  let divided = 0;
  const tokens = readTokens(text, (piece) => {
    const found = [...piece.unreadable.map((run) => unreadableProblem(run, text)), ...wordProblems(piece.tokens)];
    for (const problem of found.toSorted((a, b) => a.start - b.start)) lexical.push(problem);
  });

  let statementCount = 0;
  let ruleCount = 0;
  const parse = (chunk: readonly IToken[], own: readonly Problem[]): void => {
    statementCount++;
    if (isRule(chunk)) ruleCount++;
    const { statement, problems: found } = parseStatement(chunk, own, nearest);
    for (const problem of found) problems.push(problem);
    if (statement !== null) visitor.statement(statement);
    else if (chunk[0]?.tokenType === Let && chunk[1] !== undefined) visitor.brokenLet(chunk[1].image);
  };

  /** The statement that waits to know where the next one begins, and the lexical problems of its first line. */
  let waiting: { readonly chunk: readonly IToken[]; readonly own: readonly Problem[] } | null = null;
  /** Gives the problems up to the beginning of `next`, or the text's end, to the statements on both sides and to none. */
  const divide = (next: readonly IToken[] | null): readonly Problem[] => {
    const gap = gapBetween(waiting?.chunk ?? null, next, text);
    const end = next?.[0]?.startOffset ?? Infinity;
    const before: Problem[] = [];
    const after: Problem[] = [];
    for (let problem = lexical[divided]; problem !== undefined && problem.start < end; problem = lexical[++divided]) {
      const where = problem.start < gap.start ? before : problem.start >= gap.end ? after : problems;
      where.push(problem);
    }
    if (waiting) parse(waiting.chunk, [...waiting.own, ...before]);
    return after;
  };

  let tooMany: IToken | undefined;
  let taken = 0;
  for (const chunk of cutStatements(tokens, text, nearest)) {
    if (taken < maxStatements) waiting = { chunk, own: divide(chunk) };
    else tooMany ??= chunk[0];
    taken++;
  }
  for (const problem of divide(null)) problems.push(problem);
  if (tooMany !== undefined) {
    problems.push({
      code: "E111",
      message: "a rule set has 10,000 statements at most",
      start: tooMany.startOffset,
      end: endOf(tooMany),
    });
  }
  return { problems: problems.toSorted((a, b) => a.start - b.start), statementCount, ruleCount };
}

/** The tokens of a text, read some lines at a time. */
function* readTokens(text: string, onPiece: (piece: Tokenized) => void): Generator<IToken> {
  for (let start = 0; start < text.length;) {
    const lineEnd = text.indexOf("\n", start + PIECE_LENGTH);
    const piece = tokenize(text, start, lineEnd < 0 ? text.length : lineEnd + 1);
    onPiece(piece);
    yield* piece.tokens;
    start = piece.end;
  }
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
 * The whole lines between a statement and the next: what stands there belongs to neither. Empty where both share a
 * line; what follows the last statement on its line is its own.
 */
function gapBetween(before: readonly IToken[] | null, next: readonly IToken[] | null, text: string): Span {
  const last = before?.at(-1);
  const from = last === undefined ? 0 : endOf(last);
  const to = next?.[0]?.startOffset ?? text.length;
  const between = text.slice(from, to);
  const firstBreak = last === undefined ? 0 : between.search(/[\r\n]/);
  const lastBreak = Math.max(between.lastIndexOf("\n"), between.lastIndexOf("\r"));
  return {
    start: firstBreak < 0 ? to : from + firstBreak,
    end: next === null ? text.length + 1 : from + lastBreak + 1,
  };
}
