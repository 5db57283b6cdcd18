import { isMap, isScalar, isSeq, parseAllDocuments, type Document, type Scalar, type YAMLMap } from "yaml";
import { explainYamlMistake, type YamlMistake } from "../config/yaml-mistake.ts";
import { indexLines, type LineIndex, type Position, type Span } from "../text-position.ts";

/** A text inside a manifest. */
export interface EmbeddedText {
  readonly key: string;
  readonly text: string;
  /** Its key and itself in the manifest. */
  readonly span: Span;
  /** Where a place of `text` lies in the manifest. */
  readonly place: (line: number, column: number) => Position;
}

/** What one ConfigMap holds for us. Each is mounted as a folder, so each is a rule set of its own. */
interface RuleConfigMap {
  /** Keys ending in `.rules`, in the byte order a mounted folder is read in. */
  readonly rules: readonly EmbeddedText[];
  /** The key `config.yaml`. */
  readonly config: EmbeddedText | null;
}

export interface Manifest {
  /** Only those that hold rules or a configuration. */
  readonly configMaps: readonly RuleConfigMap[];
  readonly mistakes: readonly (YamlMistake & { readonly span: Span })[];
}

/** True for a text that is more likely a manifest than rules: no rule begins like this. */
export function looksLikeManifest(text: string): boolean {
  return /^\uFEFF?\s*\{/.test(text) || (/^["']?apiVersion["']?\s*:/m.test(text) && /^["']?kind["']?\s*:/m.test(text));
}

/** Reads all documents of a manifest, and the items of a List. Whatever is no ConfigMap with data of ours is passed over. */
export function readManifest(text: string): Manifest {
  const plain = text.replace(/^\uFEFF/, "");
  const lines = indexLines(plain);
  const documents = parseAllDocuments(plain, { prettyErrors: false, uniqueKeys: false });
  const mistakes: Manifest["mistakes"][number][] = [];
  const configMaps: RuleConfigMap[] = [];
  for (const document of "empty" in documents ? [] : documents) {
    const [error] = document.errors;
    if (error !== undefined) {
      const [start] = error.pos;
      mistakes.push({ ...explainYamlMistake(error.code, plain, start), span: lines.span(start, start + 1) });
      // What is read beyond it would only be guessed.
      continue;
    }
    for (const configMap of findConfigMaps(document)) {
      const found = readConfigMap(configMap, plain, lines);
      if (found.rules.length > 0 || found.config !== null) configMaps.push(found);
    }
  }
  return { configMaps, mistakes };
}

function findConfigMaps(document: Document): readonly YAMLMap[] {
  const root = document.contents;
  if (!isMap(root)) return [];
  const items = root.get("items");
  const candidates = isSeq(items) ? items.items : [root];
  return candidates
    .filter((candidate) => isMap(candidate))
    .filter((candidate) => candidate.get("kind") === "ConfigMap");
}

function readConfigMap(configMap: YAMLMap, source: string, lines: LineIndex): RuleConfigMap {
  const data = configMap.get("data");
  const texts = new Map<string, EmbeddedText>();
  for (const { key, value } of isMap(data) ? data.items : []) {
    if (!isScalar(key) || !isScalar(value) || typeof value.value !== "string") continue;
    const name = String(key.value);
    if (name.endsWith(".rules") || name === "config.yaml") texts.set(name, embed(key, value, source, lines));
  }
  const rules = [...texts.values()].filter(({ key }) => key.endsWith(".rules") && !key.startsWith("."));
  return {
    rules: rules.toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key))),
    config: texts.get("config.yaml") ?? null,
  };
}

function embed(key: Scalar, scalar: Scalar, source: string, lines: LineIndex): EmbeddedText {
  const text = String(scalar.value);
  const inner = indexLines(text);
  // Most manifests have no mistakes, so the way back to the source is only worked out when one is to be shown.
  let offsets: readonly number[] | null = null;
  return {
    key: String(key.value),
    text,
    span: lines.span(key.range?.[0] ?? 0, scalar.range?.[1] ?? 0),
    place(line, column) {
      offsets ??= alignWithSource(scalar, text, source);
      return lines.positionAt(offsets[inner.offsetAt({ line, column })] ?? offsets.at(-1) ?? 0);
    },
  };
}

/**
 * For each UTF-16 unit of a scalar's value, and for its end, the offset in the source it was written at. Should value
 * and source ever part, all of it points at the scalar's beginning.
 */
function alignWithSource(scalar: Scalar, value: string, source: string): readonly number[] {
  const [begin, end] = scalar.range ?? [0, 0];
  const isBlock = scalar.type === "BLOCK_LITERAL" || scalar.type === "BLOCK_FOLDED";
  const offsets = isBlock ? alignBlock(value, source, begin, end) : alignFlow(scalar.type, source, begin, end);
  return offsets.length === value.length + 1 ? offsets : [begin];
}

/** Walks value and source side by side: what the source has more of is indentation and folded line ends. */
function alignBlock(value: string, source: string, begin: number, end: number): readonly number[] {
  const offsets: number[] = [];
  // The header of a block (`|-  # comment`) is no content.
  let at = source.indexOf("\n", begin) + 1;
  for (let index = 0; index < value.length && at <= end;) {
    const wanted = value.charAt(index);
    const found = source.charAt(at);
    const folded = isSpace(wanted) && (found === "\n" || !isSpace(found));
    if (wanted === found || folded) {
      offsets.push(at);
      index += 1;
    }
    if (wanted === found || isSpace(found)) at += 1;
    else if (!folded) break;
  }
  return [...offsets, at];
}

/** Reads the source piece by piece as YAML does (1.2, chapter 7). */
function alignFlow(type: Scalar["type"], source: string, begin: number, end: number): readonly number[] {
  const quoted = type === "QUOTE_DOUBLE" || type === "QUOTE_SINGLE" ? 1 : 0;
  const offsets: number[] = [];
  let at = begin + quoted;
  while (at < end - quoted) {
    const { length, units } = readPiece(type, source, at);
    for (let unit = 0; unit < units; unit++) offsets.push(length === units ? at + unit : at);
    at += length;
  }
  return [...offsets, at];
}

/** A stretch of the source: its length there, its UTF-16 units in the value. Of equal numbers each stands for itself. */
interface Piece {
  readonly length: number;
  readonly units: number;
}

const CHARACTER: Piece = { length: 1, units: 1 };
/** Digits that follow the letter of an escape. */
const ESCAPE_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

function readPiece(type: Scalar["type"], source: string, at: number): Piece {
  const found = source.charAt(at);
  if (isSpace(found)) {
    // One line end and all white space about it is a space; of several line ends all but one count.
    const blanks = matchAt(/[ \t]*/y, source, at).length;
    const breaks = matchAt(/(?:\r?\n[ \t]*)*/y, source, at + blanks);
    if (breaks === "") return blanks === 0 ? CHARACTER : { length: blanks, units: blanks };
    return { length: blanks + breaks.length, units: Math.max(1, breaks.split("\n").length - 2) };
  }
  if (type === "QUOTE_SINGLE" && found === "'") return { length: 2, units: 1 };
  if (type !== "QUOTE_DOUBLE" || found !== "\\") return CHARACTER;
  // A line end behind a backslash joins two lines, and the next one's indentation goes with it.
  const joined = matchAt(/\\\r?\n[ \t]*/y, source, at);
  if (joined !== "") return { length: joined.length, units: 0 };
  const digits = ESCAPE_DIGITS[source.charAt(at + 1)] ?? 0;
  const code = Number.parseInt(source.slice(at + 2, at + 2 + digits), 16);
  return { length: 2 + digits, units: code > 0xffff ? 2 : 1 };
}

function matchAt(sticky: RegExp, text: string, at: number): string {
  sticky.lastIndex = at;
  return sticky.exec(text)?.[0] ?? "";
}

function isSpace(character: string): boolean {
  return character === " " || character === "\n" || character === "\t" || character === "\r";
}
