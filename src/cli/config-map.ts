import { isMap, isScalar, isSeq, parseAllDocuments, type Document, type Scalar, type YAMLMap } from "yaml";
import { indexLines, type LineIndex, type Position, type Span } from "../text-position.ts";

/** A text inside a manifest. */
export interface EmbeddedText {
  readonly key: string;
  readonly text: string;
  /** Where a place of `text` lies in the manifest. */
  readonly place: (line: number, column: number) => Position;
}

/** What one ConfigMap holds for us. Each is mounted as a folder, so each is a rule set of its own. */
export interface RuleConfigMap {
  /** Keys ending in `.rules`, in the byte order a mounted folder is read in. */
  readonly rules: readonly EmbeddedText[];
  /** The key `config.yaml`. */
  readonly config: EmbeddedText | null;
}

export interface Manifest {
  /** Only those that hold rules or a configuration. */
  readonly configMaps: readonly RuleConfigMap[];
  readonly mistakes: readonly { readonly message: string; readonly span: Span }[];
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
      mistakes.push({ message: `not YAML: ${decapitalise(error.message)}`, span: lines.span(start, start + 1) });
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
    if (name.endsWith(".rules") || name === "config.yaml") texts.set(name, embed(name, value, source, lines));
  }
  const rules = [...texts.values()].filter(({ key }) => key.endsWith(".rules") && !key.startsWith("."));
  return {
    rules: rules.toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key))),
    config: texts.get("config.yaml") ?? null,
  };
}

function embed(key: string, scalar: Scalar, source: string, lines: LineIndex): EmbeddedText {
  const text = String(scalar.value);
  const inner = indexLines(text);
  // Most manifests have no mistakes, so the way back to the source is only worked out when one is to be shown.
  let offsets: readonly number[] | null = null;
  return {
    key,
    text,
    place(line, column) {
      offsets ??= alignWithSource(scalar, text, source);
      return lines.positionAt(offsets[inner.offsetAt({ line, column })] ?? offsets.at(-1) ?? 0);
    },
  };
}

/**
 * For each UTF-16 unit of a scalar's value, and for its end, the offset in the source it was written at.
 *
 * Walks value and source side by side: what the source has more of is indentation, folded line ends and escapes.
 * Should the two ever part, all that is left points at the scalar's beginning.
 */
function alignWithSource(scalar: Scalar, value: string, source: string): readonly number[] {
  const [begin, end] = scalar.range ?? [0, 0];
  const isBlock = scalar.type === "BLOCK_LITERAL" || scalar.type === "BLOCK_FOLDED";
  const isDouble = scalar.type === "QUOTE_DOUBLE";
  const isQuoted = isDouble || scalar.type === "QUOTE_SINGLE";
  // The header of a block (`|-  # comment`) is no content.
  let at = isBlock ? source.indexOf("\n", begin) + 1 : begin + (isQuoted ? 1 : 0);
  const offsets: number[] = [];
  for (let index = 0; index < value.length;) {
    const wanted = value.charAt(index);
    const found = source.charAt(at);
    if (isDouble && found === "\\") {
      const escape = readEscape(source, at);
      for (let unit = 0; unit < escape.units; unit++) offsets.push(at);
      index += escape.units;
      at += escape.length;
    } else if (found === wanted) {
      offsets.push(at);
      index += 1;
      at += scalar.type === "QUOTE_SINGLE" && found === "'" ? 2 : 1;
    } else if (isSpace(wanted) && !isSpace(found)) {
      // A folded line end gives fewer characters than it is written with, or, twice folded, one that is not there.
      offsets.push(at);
      index += 1;
    } else if (isSpace(found) && at < end) {
      at += 1;
    } else {
      return [...offsets, ...Array.from({ length: value.length + 1 - offsets.length }, () => begin)];
    }
  }
  // A block's last line end is content only sometimes; the end of the text is the same place either way.
  offsets.push(Math.min(at, end));
  return offsets;
}

/** One escape of a double-quoted scalar (YAML 1.2, 5.7): its length in the source, its UTF-16 units in the value. */
function readEscape(source: string, at: number): { readonly length: number; readonly units: number } {
  const letter = source.charAt(at + 1);
  // A line end behind the backslash joins two lines, and the next one's indentation goes with it.
  if (letter === "\n" || letter === "\r") {
    return { length: /^\\\r?\n[ \t]*/.exec(source.slice(at, at + 200))?.[0].length ?? 2, units: 0 };
  }
  const digits = { x: 2, u: 4, U: 8 }[letter] ?? 0;
  const code = Number.parseInt(source.slice(at + 2, at + 2 + digits), 16);
  return { length: 2 + digits, units: code > 0xffff ? 2 : 1 };
}

function isSpace(character: string): boolean {
  return character === " " || character === "\n" || character === "\t" || character === "\r";
}

function decapitalise(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
