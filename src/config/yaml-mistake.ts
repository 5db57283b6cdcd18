import type { ErrorCode } from "yaml";

/** What is wrong, and how to mend it. Holds nothing of the text: there may be a secret in it. */
export interface YamlMistake {
  readonly message: string;
  readonly help?: string;
}

const QUOTES = "put the value in quotes";

/* The library's own sentences quote the text, and are for programmers. */
const MISTAKES: Readonly<Record<ErrorCode, YamlMistake>> = {
  ALIAS_PROPS: { message: "not YAML: an alias takes neither tag nor anchor" },
  BAD_ALIAS: { message: "not YAML: an alias (`*name`) without its anchor (`&name`) above it", help: QUOTES },
  BAD_COLLECTION_TYPE: { message: "not YAML: a tag that does not fit its value", help: QUOTES },
  BAD_DIRECTIVE: { message: "not YAML: a `%` at the beginning of a line", help: QUOTES },
  BAD_DQ_ESCAPE: { message: "not YAML: an unknown escape between double quotes", help: "use single quotes, or `\\\\`" },
  BAD_INDENT: { message: "not YAML: wrong indentation" },
  BAD_PROP_ORDER: { message: "not YAML: tag or anchor in a wrong place", help: QUOTES },
  BAD_SCALAR_START: { message: "not YAML: no value begins with this character", help: QUOTES },
  BLOCK_AS_IMPLICIT_KEY: { message: "not YAML: a section or list inside a line", help: "put it on a line of its own" },
  BLOCK_IN_FLOW: { message: "not YAML: a block inside `{ }` or `[ ]`" },
  DUPLICATE_KEY: { message: "this key is given twice" },
  IMPOSSIBLE: { message: "not YAML" },
  KEY_OVER_1024_CHARS: { message: "not YAML: a key of more than 1,024 characters" },
  MISSING_CHAR: { message: "not YAML: a bracket, brace, comma, colon, quote or space is missing" },
  MULTILINE_IMPLICIT_KEY: { message: "not YAML: a key over more than one line", help: "a `:` may be missing" },
  MULTIPLE_ANCHORS: { message: "not YAML: two anchors at one value", help: QUOTES },
  MULTIPLE_DOCS: { message: "the file holds more than one YAML document" },
  MULTIPLE_TAGS: { message: "not YAML: two tags at one value", help: QUOTES },
  NON_STRING_KEY: { message: "a key must be plain text" },
  RESOURCE_EXHAUSTION: { message: "not YAML: too deep" },
  TAB_AS_INDENT: { message: "a tab cannot indent YAML", help: "use spaces" },
  TAG_RESOLVE_FAILED: {
    message: "a value that begins with `!` is a tag to YAML, and this tag means nothing",
    help: QUOTES,
  },
  UNEXPECTED_TOKEN: { message: "not YAML: this cannot stand here" },
};

/** A mistake of the YAML library in words for authors. `start` is its offset in the text. */
export function explainYamlMistake(code: ErrorCode, text: string, start: number): YamlMistake {
  const mistake = MISTAKES[code];
  if (!mistake.message.startsWith("not YAML")) return mistake;
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const lineEnd = text.indexOf("\n", start);
  const line = text.slice(lineStart, lineEnd < 0 ? text.length : lineEnd);
  if (/[[{].*\$\{/.test(line)) {
    return { message: "`${NAME}` inside `{ }` or `[ ]` needs quotes", help: 'write "${NAME}"' };
  }
  return mistake;
}
