import { createToken, createTokenInstance, Lexer as ChevrotainLexer, type IToken, type TokenType } from "chevrotain";
import type { Span } from "./ast.ts";

/*
 * Characters of a bare word. Non-ASCII letters are let in as everything above ASCII that is neither white space nor
 * punctuation of East Asian or general kind; `parseRules` then asks Unicode whether each is a letter.
 */
const WIDE =
  "\\u00A1-\\u167F\\u1681-\\u1FFF\\u2070-\\u2FFF\\u3005-\\u3007\\u3040-\\uFEFE\\uFF10-\\uFF19\\uFF21-\\uFF3A\\uFF41-\\uFF5A\\uFF66-\\uFFFF";
const NAME_CHARACTERS = `A-Za-z0-9_\\-.${WIDE}`;

const Whitespace: TokenType = createToken({
  name: "Whitespace",
  pattern: /\s+/,
  group: ChevrotainLexer.SKIPPED,
  line_breaks: true,
});
const Comment: TokenType = createToken({ name: "Comment", pattern: /#[^\n\r]*/, group: "comments" });

/** Whatever may stand where a value must: a bare word, a quoted text, a soft word of the language. */
export const Value: TokenType = createToken({ name: "Value", pattern: ChevrotainLexer.NA });
/** Operators of the language, right or wrong for where they stand. */
export const Comparator: TokenType = createToken({ name: "Comparator", pattern: ChevrotainLexer.NA });
/** An operator of other languages; `FOREIGN_OPERATORS` knows ours for it. */
export const Foreign: TokenType = createToken({
  name: "Foreign",
  pattern: /===?|!==|<>|&&?|\|\|?|~=?|=>|=<|!(?![=~])/,
});

/** A run of word characters. One that ends in `:` is not a word; `parseRules` says so. */
export const Word: TokenType = createToken({
  name: "Word",
  pattern: new RegExp(`[${NAME_CHARACTERS}/:@*]+`),
  categories: Value,
});
/** `crash-loop:` with white space, a comment or nothing behind it. */
export const Label: TokenType = createToken({
  name: "Label",
  pattern: new RegExp(`[${NAME_CHARACTERS}]+:(?![${NAME_CHARACTERS}/:@*])`),
});
export const Text: TokenType = createToken({
  name: "Text",
  pattern: /"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*"|'[^'\r\n]*'/,
  categories: Value,
});
/** A quote that nothing on its line closes. Texts never run over line ends, so one slip spoils one line. */
export const OpenText: TokenType = createToken({ name: "OpenText", pattern: /["'][^\r\n]*/ });

const word = (name: string, image: string, categories: TokenType[] = []): TokenType =>
  createToken({ name, pattern: image, longer_alt: Word, categories });

export const Let: TokenType = word("Let", "let");
export const Drop: TokenType = word("Drop", "drop");
export const When: TokenType = word("When", "when");
export const Notify: TokenType = word("Notify", "notify");
export const And: TokenType = word("And", "and");
export const Or: TokenType = word("Or", "or");
export const Not: TokenType = word("Not", "not");

export const In: TokenType = word("In", "in", [Value]);
export const Contains: TokenType = word("Contains", "contains", [Value]);
export const Like: TokenType = word("Like", "like", [Value]);
export const Exists: TokenType = word("Exists", "exists", [Value]);
export const Rate: TokenType = word("Rate", "rate", [Value]);
export const By: TokenType = word("By", "by", [Value]);
export const Severity: TokenType = word("Severity", "severity", [Value]);
export const Using: TokenType = word("Using", "using", [Value]);
export const With: TokenType = word("With", "with", [Value]);
export const For: TokenType = word("For", "for", [Value]);
export const Digest: TokenType = word("Digest", "digest", [Value]);
export const Between: TokenType = word("Between", "between", [Value]);
export const Resolve: TokenType = word("Resolve", "resolve", [Value]);
export const Stop: TokenType = word("Stop", "stop", [Value]);

const operator = (name: string, image: string): TokenType =>
  createToken({ name, pattern: image, categories: Comparator });

export const Equals: TokenType = operator("Equals", "=");
const NotEquals: TokenType = operator("NotEquals", "!=");
const Matches: TokenType = operator("Matches", "=~");
const NotMatches: TokenType = operator("NotMatches", "!~");
const Less: TokenType = operator("Less", "<");
const LessOrEqual: TokenType = operator("LessOrEqual", "<=");
const Greater: TokenType = operator("Greater", ">");
const GreaterOrEqual: TokenType = operator("GreaterOrEqual", ">=");

export const LeftParenthesis: TokenType = createToken({ name: "LeftParenthesis", pattern: "(" });
export const RightParenthesis: TokenType = createToken({ name: "RightParenthesis", pattern: ")" });
export const LeftBracket: TokenType = createToken({ name: "LeftBracket", pattern: "[" });
export const RightBracket: TokenType = createToken({ name: "RightBracket", pattern: "]" });
export const Comma: TokenType = createToken({ name: "Comma", pattern: "," });

/** Words that begin or join statements and conditions. Never values unless quoted. */
export const HARD_WORDS: readonly TokenType[] = [Let, Drop, When, Notify, And, Or, Not];
/** Words that begin a clause of a rule. */
export const CLAUSE_WORDS: readonly TokenType[] = [
  Rate,
  By,
  Severity,
  Using,
  With,
  For,
  Digest,
  Between,
  Resolve,
  Stop,
];
/** Words that stand between a field and its value. */
export const OPERATOR_WORDS: readonly TokenType[] = [In, Contains, Like, Exists];
export const COMPARATORS: readonly TokenType[] = [
  Matches,
  NotMatches,
  NotEquals,
  LessOrEqual,
  GreaterOrEqual,
  Equals,
  Less,
  Greater,
];
const PUNCTUATION: readonly TokenType[] = [LeftParenthesis, RightParenthesis, LeftBracket, RightBracket, Comma];

/** How a word or operator of the language is written. */
export function imageOf(type: TokenType): string {
  return typeof type.PATTERN === "string" ? type.PATTERN : type.name;
}

/** Exclusive end of a token in the text. A repaired token covers what it stands for, whatever its image. */
export function endOf(token: IToken): number {
  return (token.endOffset ?? token.startOffset + token.image.length - 1) + 1;
}

export function isComparator(token: IToken): boolean {
  return token.tokenType.CATEGORIES?.includes(Comparator) ?? false;
}

/** Order matters to a lexer: the first pattern that fits wins, and a word of the language gives way to a longer word. */
export const TOKENS: TokenType[] = [
  Whitespace,
  Comment,
  Text,
  OpenText,
  Label,
  ...HARD_WORDS,
  ...CLAUSE_WORDS,
  ...OPERATOR_WORDS,
  Word,
  Foreign,
  ...COMPARATORS,
  ...PUNCTUATION,
  Value,
  Comparator,
];

/** A stretch of a text in tokens. What is neither a token nor white space is a comment or unreadable. */
export interface Tokenized {
  /** Where it ends: behind its last character, or behind the white space there. */
  readonly end: number;
  readonly tokens: IToken[];
  readonly comments: readonly Span[];
  /** Runs of characters that begin no token. */
  readonly unreadable: readonly Span[];
}

/*
 * Chevrotain's own lexer takes a tenth of the time of checking 200 rules just to be built. This one reads the same
 * patterns; a test holds it to the same tokens.
 */
const WORDS: ReadonlyMap<string, TokenType> = new Map(
  [HARD_WORDS, CLAUSE_WORDS, OPERATOR_WORDS].flat().map((type) => [imageOf(type), type]),
);
const SIGNS: ReadonlyMap<string, TokenType> = new Map(
  [COMPARATORS, PUNCTUATION].flat().map((type) => [imageOf(type), type]),
);

/** A pattern to try at a place, and the token that its image is. */
interface Lexer {
  readonly pattern: RegExp;
  readonly typeOf: (image: string) => TokenType | undefined;
}

function lexerOf(type: TokenType): Lexer {
  const source = type.PATTERN instanceof RegExp ? type.PATTERN.source : "";
  return { pattern: new RegExp(source, "y"), typeOf: () => type };
}

const BLANK_OR_WORD: readonly Lexer[] = [
  lexerOf(Whitespace),
  // A run of word characters is a label if it is nothing but a name and a `:` behind it.
  { ...lexerOf(Word), typeOf: (image) => WORDS.get(image) ?? (/^[^/:@*]+:$/.test(image) ? Label : Word) },
];
const QUOTED: readonly Lexer[] = [lexerOf(Text), lexerOf(OpenText)];
const COMMENT: readonly Lexer[] = [lexerOf(Comment)];
const SIGN: readonly Lexer[] = [
  lexerOf(Foreign),
  { pattern: /[=!]~|[!<>]=|[=<>()[\],]/y, typeOf: (image) => SIGNS.get(image) },
];
const BY_FIRST_CHARACTER: ReadonlyMap<string, readonly Lexer[]> = new Map([
  ...Array.from("\"'", (quote) => [quote, QUOTED] as const),
  ["#", COMMENT] as const,
  ...Array.from("=!<>&|~()[],", (sign) => [sign, SIGN] as const),
]);

/**
 * Tokens of a text, or of some whole lines of it: no token runs over a line's end. Never throws; time grows with the
 * length only.
 */
export function tokenize(text: string, from = 0, to: number = text.length): Tokenized {
  const tokens: IToken[] = [];
  const comments: Span[] = [];
  const unreadable: Span[] = [];
  let stranger = -1;
  let start = from;
  while (start < to) {
    const lexers = BY_FIRST_CHARACTER.get(text[start] ?? "") ?? BLANK_OR_WORD;
    const lexer = lexers.find(({ pattern }) => {
      pattern.lastIndex = start;
      return pattern.test(text);
    });
    if (lexer === undefined) {
      if (stranger < 0) stranger = start;
      start++;
      continue;
    }
    if (stranger >= 0) unreadable.push({ start: stranger, end: start });
    stranger = -1;
    const end = lexer.pattern.lastIndex;
    if (lexers === COMMENT) comments.push({ start, end });
    else {
      const image = text.slice(start, end);
      const type = lexer.typeOf(image);
      if (type === undefined) throw new Error(`no token is written ${image}`);
      if (type !== Whitespace) {
        tokens.push(createTokenInstance(type, image, start, end - 1, NOWHERE, NOWHERE, NOWHERE, NOWHERE));
      }
    }
    start = end;
  }
  if (stranger >= 0) unreadable.push({ start: stranger, end: start });
  return { tokens, comments, unreadable, end: start };
}

/** Nobody asks a token for line and column: offsets say it all. */
const NOWHERE = -1;
