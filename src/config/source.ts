import { isAlias, isMap, isScalar, isSeq, parseDocument, type Node } from "yaml";
import { nearest } from "../suggest.ts";
import { explainYamlMistake } from "./yaml-mistake.ts";

/** A stretch of the text in UTF-16 offsets, the end exclusive. */
export type Range = readonly [start: number, end: number];

export type Path = readonly (string | number)[];

/** Where one value stands and how its author wrote it. */
export interface Placed {
  /** Null for the items of a list and for the file itself. */
  readonly key: Range | null;
  readonly value: Range;
  /** Text before `${NAME}` was expanded; null for anything but text. */
  readonly raw: string | null;
  /** Null for anything but a number. */
  readonly plain: number | null;
  /** Neither list nor section. */
  readonly isLeaf: boolean;
  /** The value is not what its author means; nothing further can be said about it. */
  readonly broken: boolean;
}

/** One mistake, its place still an offset. */
interface SourceMistake {
  readonly code: "E512" | "E513" | "E515";
  readonly range: Range;
  readonly message: string;
  readonly suggestion?: string;
  readonly help?: string;
}

/** A YAML text as plain values, each with its place. */
export interface ConfigSource {
  readonly value: unknown;
  /** False when the text is not YAML: the values are then only guesses. */
  readonly sound: boolean;
  readonly mistakes: readonly SourceMistake[];
  at(path: Path): Placed | undefined;
  /** Every place of the file; one that an alias brings a second time stands there under both paths. */
  places(): Iterable<readonly [path: Path, placed: Placed]>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Enough for any configuration a person writes; a bound because aliases can multiply without end. */
const MAX_ALIASES = 100;

/**
 * Reads YAML and expands `${NAME}` in each text of it; `$$` stands for one dollar. No other form is expanded, so
 * that nothing in the file can mean two things.
 */
export function readConfigSource(text: string, env: Environment): ConfigSource {
  const document = parseDocument(text, { prettyErrors: false, keepSourceTokens: false });
  const mistakes: SourceMistake[] = [];
  const places = new Map<string, readonly [Path, Placed]>();
  let aliases = 0;

  let lastLine: number | null = null;
  for (const { code, pos } of [...document.errors, ...document.warnings]) {
    const lineStart = text.lastIndexOf("\n", pos[0] - 1);
    // The parser stumbles on over the rest of a line it has lost.
    if (lineStart === lastLine) continue;
    lastLine = lineStart;
    mistakes.push({ code: "E515", range: firstLine(text, pos), ...explainYamlMistake(code, text, pos[0]) });
  }

  const walk = (node: unknown, path: Path, key: Range | null, fallback: Range): unknown => {
    const value = isNode(node) ? rangeOf(node, fallback) : fallback;
    const place = (raw: string | null, broken: boolean): void => {
      const plain = isScalar(node) && typeof node.value === "number" ? node.value : null;
      const isLeaf = !isMap(node) && !isSeq(node);
      places.set(JSON.stringify(path), [path, { key, value, raw, plain, isLeaf, broken }]);
    };
    if (isAlias(node)) {
      const target = ++aliases > MAX_ALIASES ? undefined : node.resolve(document);
      if (target !== undefined) return walk(target, path, key, value);
      if (aliases <= MAX_ALIASES) {
        mistakes.push({ code: "E515", range: value, ...explainYamlMistake("BAD_ALIAS", text, value[0]) });
      } else if (aliases === MAX_ALIASES + 1) {
        mistakes.push({ code: "E512", range: value, message: `more than ${MAX_ALIASES} aliases` });
      }
      place(null, true);
      return null;
    }
    if (isMap(node)) {
      place(null, false);
      const entries: [string, unknown][] = [];
      for (const pair of node.items) {
        if (!isScalar(pair.key)) {
          const range = isNode(pair.key) ? rangeOf(pair.key, value) : value;
          mistakes.push({ code: "E512", range, message: "a key must be plain text" });
          continue;
        }
        const name = String(pair.key.value);
        const keyRange = rangeOf(pair.key, value);
        entries.push([name, walk(pair.value, [...path, name], keyRange, keyRange)]);
      }
      return Object.fromEntries(entries);
    }
    if (isSeq(node)) {
      place(null, false);
      return node.items.map((item, index) => walk(item, [...path, index], null, value));
    }
    const scalar = isScalar(node) ? node.value : null;
    if (typeof scalar !== "string") {
      place(null, false);
      return scalar;
    }
    const expanded = expand(scalar, env);
    for (const mistake of expanded.mistakes) {
      const found = text.indexOf(mistake.written, value[0]);
      const exact = found >= 0 && found < value[1];
      const { written, ...rest } = mistake;
      mistakes.push({ code: "E513", range: exact ? [found, found + written.length] : value, ...rest });
    }
    place(scalar, expanded.mistakes.length > 0);
    return expanded.text;
  };

  const value = walk(document.contents, [], null, [0, 0]);
  return {
    value,
    // A key given twice leaves the rest readable; every other mistake may have bent the tree.
    sound: document.errors.every((error) => error.code === "DUPLICATE_KEY"),
    mistakes,
    at: (path) => places.get(JSON.stringify(path))?.[1],
    places: () => places.values(),
  };
}

interface Expanded {
  readonly text: string;
  readonly mistakes: readonly {
    readonly written: string;
    readonly message: string;
    readonly suggestion?: string;
    readonly help: string;
  }[];
}

/**
 * Does not look again at what it put in: a value from the environment is never a template. What stands between the
 * braces is quoted only if it is nearly a name of the environment: a secret may have slipped in there.
 */
function expand(text: string, env: Environment): Expanded {
  const mistakes: Expanded["mistakes"][number][] = [];
  const expanded = text.replace(/\$\$|\$\{([^}]*)\}?/g, (written: string, name: string | undefined) => {
    if (name === undefined) return "$";
    const value = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && written.endsWith("}") ? env[name] : null;
    if (value === null) {
      mistakes.push({
        written,
        message: "this does not name an environment variable",
        help: "write `${NAME}` and nothing else between the braces; `$$` is a literal dollar",
      });
    } else if (value === undefined) {
      const meant = nearest(name, Object.keys(env));
      mistakes.push({
        written,
        message: "this environment variable is not set",
        ...(meant === null ? {} : { suggestion: `\${${meant}}` }),
        help: "set it where the program starts, or write `$$` for a literal dollar",
      });
    }
    return value ?? written;
  });
  return { text: expanded, mistakes };
}

/** What is wrong begins where a range begins; the rest of a document as a span would only hide it. */
function firstLine(text: string, [start, end]: Range): Range {
  const lineEnd = text.indexOf("\n", start);
  return [start, lineEnd < 0 ? end : Math.min(end, lineEnd)];
}

function isNode(value: unknown): value is Node {
  return isMap(value) || isSeq(value) || isScalar(value) || isAlias(value);
}

/** Without the comment and white space behind a value; an empty value stands where its key stands. */
function rangeOf(node: Node, fallback: Range): Range {
  const range = node.range;
  return range && range[1] > range[0] ? [range[0], range[1]] : fallback;
}
