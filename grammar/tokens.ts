import { createToken, Lexer, type ILexingResult, type IToken, type TokenType } from "chevrotain";

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
  group: Lexer.SKIPPED,
  line_breaks: true,
});
const Comment: TokenType = createToken({ name: "Comment", pattern: /#[^\n\r]*/, group: "comments" });

/** Whatever may stand where a value must: a bare word, a quoted text, a soft word of the language. */
export const Value: TokenType = createToken({ name: "Value", pattern: Lexer.NA });
/** Operators of the language, right or wrong for where they stand. */
export const Comparator: TokenType = createToken({ name: "Comparator", pattern: Lexer.NA });
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

/** Order matters to the lexer: the first pattern that fits wins, and a word of the language gives way to a longer word. */
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

const lexer = new Lexer(TOKENS, { positionTracking: "full", ensureOptimizations: true });

/** Tokens and unreadable characters of a text. Never throws; time grows with the text's length only. */
export function tokenize(text: string): ILexingResult {
  return lexer.tokenize(text);
}
