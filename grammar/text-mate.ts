import type { TokenType } from "chevrotain";
import { CLAUSE_WORDS, COMPARATORS, HARD_WORDS, imageOf, OPERATOR_WORDS } from "./tokens.ts";

/** Characters that make a word longer, so that `rated` is not coloured as `rate`. */
const WORD = "[\\p{L}\\p{M}\\p{N}_\\-./:@*]";

interface Pattern {
  readonly name: string;
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly patterns?: readonly Pattern[];
}

/** A grammar for editors, as TextMate and VS Code read them: made from the token list, so that it cannot drift. */
interface TextMateGrammar {
  readonly name: string;
  readonly scopeName: string;
  readonly fileTypes: readonly string[];
  readonly patterns: readonly Pattern[];
}

function words(types: readonly TokenType[]): string {
  return `(?<!${WORD})(?:${types.map((type) => imageOf(type)).join("|")})(?!${WORD})`;
}

function escape(image: string): string {
  return image.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** The colouring of `.rules` files. */
function createTextMateGrammar(): TextMateGrammar {
  return {
    name: "kubewhen rules",
    scopeName: "source.kubewhen",
    fileTypes: ["rules"],
    patterns: [
      { name: "comment.line.number-sign.kubewhen", match: "#.*$" },
      { name: "string.quoted.single.kubewhen", match: "'[^']*'" },
      {
        name: "string.quoted.double.kubewhen",
        begin: '"',
        end: '"|$',
        patterns: [{ name: "constant.character.escape.kubewhen", match: '\\\\(?:["\\\\nt]|u\\{[0-9A-Fa-f]{1,6}\\})' }],
      },
      { name: "entity.name.function.kubewhen", match: "[\\p{L}\\p{M}\\p{N}_\\-.]+:(?=\\s|#|$)" },
      { name: "keyword.control.kubewhen", match: words(HARD_WORDS) },
      { name: "keyword.other.clause.kubewhen", match: words(CLAUSE_WORDS) },
      { name: "keyword.operator.word.kubewhen", match: words(OPERATOR_WORDS) },
      {
        name: "keyword.operator.kubewhen",
        match: COMPARATORS.map((type) => escape(imageOf(type))).join("|"),
      },
      { name: "constant.numeric.kubewhen", match: `(?<!${WORD})\\d+(?:/\\d+)?(?:ms|s|m|h|d)?(?!${WORD})` },
    ],
  };
}

/** The file `kubewhen.tmLanguage.json`, to the byte. */
export function textMateFile(): string {
  return `${JSON.stringify(createTextMateGrammar(), null, 2)}\n`;
}
