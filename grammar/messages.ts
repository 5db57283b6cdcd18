import type { IParserErrorMessageProvider, IToken } from "chevrotain";
import type { SyntaxCode } from "./ast.ts";
import {
  CLAUSE_WORDS,
  Foreign,
  isComparator,
  Label,
  LeftParenthesis,
  Notify,
  RightBracket,
  RightParenthesis,
  Value,
} from "./tokens.ts";

const WHERE: Readonly<Record<string, string>> = {
  statement: "a statement begins with `when`, `drop when` or `let`",
  letStatement: "a let reads `let NAME = condition`",
  dropStatement: "a drop reads `drop when condition`",
  field: 'a quoted key reads `label["app.kubernetes.io/name"]`',
  rate: "a rate reads `rate<5/10m` (at most 5 notifications in any 10 minutes) or `rate>=5/10m` (from 5 occurrences in 10 minutes)",
  with: "`with` reads `with name=value, name=value`",
  assignment: "`with` reads `with name=value, name=value`",
  between: '`between` reads `between 22:00 and 08:00 on sat, sun in "Asia/Shanghai"`',
  days: '`between` reads `between 22:00 and 08:00 on sat, sun in "Asia/Shanghai"`',
  resolve: "`resolve` reads `resolve when condition`",
};

function isEnd(token: IToken): boolean {
  return token.image === "";
}

function found(token: IToken): string {
  return isEnd(token) ? "the statement ends" : `found \`${token.image}\``;
}

function message(code: SyntaxCode, text: string): string {
  return `${code} ${text}`;
}

function missingOperand(actual: IToken, previous: IToken | undefined): string {
  const after = previous === undefined ? "" : ` after \`${previous.image}\``;
  return message("E103", `a comparison such as \`kind=Pod\` is missing${after}, ${found(actual)}`);
}

function missingValue(actual: IToken, previous: IToken): string {
  if (actual.tokenType === Label) return message("E101", "a bare word does not end in `:`: quote the value");
  return message("E103", `a value is missing after \`${previous.image}\`, ${found(actual)}`);
}

function missingNotify(actual: IToken): string {
  if (isEnd(actual)) return message("E104", "this rule has no `notify`: say which receiver is told");
  if (actual.tokenType === RightParenthesis) return message("E107", "this `)` closes nothing");
  if (isComparator(actual)) {
    return message("E119", `\`${actual.image}\` needs a field in front of it`);
  }
  return message("E119", `\`and\`, \`or\`, a clause or \`notify\` must stand here, ${found(actual)}`);
}

/**
 * Chevrotain's errors in our words. A message starts with its code and one blank, because Chevrotain carries nothing
 * but the text.
 */
export const syntaxMessages: IParserErrorMessageProvider = {
  buildMismatchTokenMessage({ expected, actual, previous, ruleName }) {
    if (expected === Notify) return missingNotify(actual);
    if (ruleName === "rate") return message("E108", `${WHERE["rate"] ?? ""}, ${found(actual)}`);
    if (expected === RightParenthesis) {
      return message(
        "E107",
        ruleName === "group"
          ? `a \`)\` is missing here, ${found(actual)}`
          : `a \`,\` or \`)\` is missing in this list, ${found(actual)}`,
      );
    }
    if (expected === LeftParenthesis)
      return message("E107", `\`in\` takes a list in parentheses: \`in (a, b)\`, ${found(actual)}`);
    if (expected === RightBracket) return message("E107", `a \`]\` is missing here, ${found(actual)}`);
    if (expected === Value) return missingValue(actual, previous);
    if (ruleName === "field" && actual.tokenType !== Foreign && expected.name === "Word")
      return missingOperand(actual, previous);
    const where = WHERE[ruleName];
    return message(
      "E119",
      where === undefined ? `this cannot stand here: \`${actual.image}\`` : `${where}, ${found(actual)}`,
    );
  },
  buildNotAllInputParsedMessage({ firstRedundant }) {
    if (firstRedundant.tokenType === RightParenthesis) return message("E107", "this `)` closes nothing");
    if (CLAUSE_WORDS.includes(firstRedundant.tokenType)) {
      return message("E109", `\`${firstRedundant.image}\` stands before \`notify\``);
    }
    return message(
      "E119",
      `the statement is complete here, ${found(firstRedundant)}; receivers are separated by \`,\``,
    );
  },
  buildNoViableAltMessage({ actual, previous, ruleName }) {
    const [token] = actual;
    if (token === undefined) return message("E119", "the statement ends too early");
    if (ruleName === "negation") return missingOperand(token, previous);
    if (ruleName === "comparison") {
      return message("E119", `\`not\` stands before \`in\`, \`contains\`, \`like\` or \`exists\`, ${found(token)}`);
    }
    const where = WHERE[ruleName];
    return message(
      "E119",
      where === undefined ? `this cannot stand here: \`${token.image}\`` : `${where}, ${found(token)}`,
    );
  },
  buildEarlyExitMessage({ actual, previous }) {
    const [token] = actual;
    return token === undefined ? message("E119", "the statement ends too early") : missingValue(token, previous);
  },
};
