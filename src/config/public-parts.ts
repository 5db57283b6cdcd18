import * as z from "zod";
import type { ConfigSource, Path, Placed, Range } from "./source.ts";
import { nearest } from "../suggest.ts";

/**
 * What of a configuration file may be quoted. The schema says so with `.meta({ public: true })` at a value; whatever it
 * says nothing of may be a secret, and so may a value that does not fit its schema: it stands in the wrong place.
 */
export interface PublicParts {
  /** True for a value, variables expanded, that fits a public place. */
  isPublicText(path: Path, text: string): boolean;
  /** True for a text or number that may stand in a message. */
  isPublicValue(path: Path, placed: Placed): boolean;
  /**
   * True for a key that means something where it stands, or is misspelt by two letters at most, or means something
   * elsewhere.
   */
  isPublicKey(path: Path): boolean;
}

export function createPublicParts(schema: z.core.$ZodType, source: ConfigSource): PublicParts {
  const everyKey = new Set(keysIn(schema));

  const mayBeQuoted = (path: Path, { raw, broken, plain }: Placed): boolean => {
    const found = schemaAt(schema, path);
    if (found === null || broken || !isMarked(found.chain)) return false;
    // An address that slipped into a name or a path is no name and no path.
    if (raw?.includes("://") === true) return false;
    return isQuantity(raw ?? plain) || z.safeParse(found.inner, raw ?? plain).success;
  };

  // What an alias brings to a second place is public only if it is so in both.
  const secretAt = new Set<number>();
  for (const [path, placed] of source.places()) {
    if (placed.isLeaf && !mayBeQuoted(path, placed)) secretAt.add(placed.value[0]);
  }

  return {
    isPublicText(path, text) {
      const found = schemaAt(schema, path);
      return found !== null && isMarked(found.chain) && z.safeParse(found.inner, text).success;
    },
    isPublicValue: (path, placed) => !secretAt.has(placed.value[0]) && mayBeQuoted(path, placed),
    isPublicKey(path) {
      const key = path.at(-1);
      const parent = schemaAt(schema, path.slice(0, -1))?.inner;
      if (typeof key !== "string") return false;
      if (everyKey.has(key)) return true;
      if (parent instanceof z.ZodRecord) {
        return isMarked([parent.keyType]) && z.safeParse(parent.keyType, key).success;
      }
      return parent instanceof z.ZodObject && nearest(key, Object.keys(parent.shape)) !== null;
    },
  };
}

/** A number of at most nine digits and a unit people use: of a wrong one the author is told a right one. */
export const QUANTITY: RegExp =
  /^\d{1,9}\s?([kmg]?i?b?|bytes?|ms|millis|milliseconds?|s|m|h|d|secs?|seconds?|mins?|minutes?|hours?|hrs?|days?)$/i;

function isQuantity(value: string | number | null): boolean {
  return typeof value === "number" ? Math.abs(value) < 1e9 && String(value).length <= 10 : QUANTITY.test(value ?? "");
}

/** The schema of a place with the wrappers around it (`optional` and the like), the innermost last. */
function schemaAt(root: z.core.$ZodType, path: Path): { inner: z.core.$ZodType; chain: z.core.$ZodType[] } | null {
  let { inner, chain } = unwrap(root);
  for (const step of path) {
    const next = partOf(inner, step);
    if (next === null) return null;
    ({ inner, chain } = unwrap(next));
  }
  return { inner, chain };
}

function unwrap(schema: z.core.$ZodType): { inner: z.core.$ZodType; chain: z.core.$ZodType[] } {
  const chain = [schema];
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable) {
    inner = inner.unwrap();
    chain.push(inner);
  }
  return { inner, chain };
}

function partOf(schema: z.core.$ZodType, step: string | number): z.core.$ZodType | null {
  if (schema instanceof z.ZodArray) return typeof step === "number" ? schema.element : null;
  if (typeof step !== "string") return null;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  if (!(schema instanceof z.ZodObject)) return null;
  const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
  return Object.hasOwn(shape, step) ? (shape[step] ?? null) : null;
}

function keysIn(schema: z.core.$ZodType): readonly string[] {
  const { inner } = unwrap(schema);
  if (inner instanceof z.ZodArray) return keysIn(inner.element);
  if (!(inner instanceof z.ZodObject)) return [];
  const shape: Readonly<Record<string, z.core.$ZodType>> = inner.shape;
  return Object.keys(shape).concat(...Object.values(shape).map((part) => keysIn(part)));
}

function isMarked(chain: readonly z.core.$ZodType[]): boolean {
  return chain.some((schema) => z.globalRegistry.get(schema)?.["public"] === true);
}

/** Signs that are no part of any value, wherever a file that is not even YAML has them. */
const STRUCTURE = /\s|[{}[\],:"']|(?<=^[ \t]*(?:- )*)-(?= )/gm;

/**
 * The stretches of a file that may be printed, in order: what is public, and the signs between the values. Comments,
 * tags and anchors are not. Of a file that is not YAML, nothing but the signs: where a value begins, nobody knows.
 */
export function findPublicRanges(source: ConfigSource, text: string, parts: PublicParts): Range[] {
  const shown = new Uint8Array(text.length);
  for (const { index } of text.matchAll(STRUCTURE)) shown[index] = 1;
  const hidden: Range[] = [];
  for (const [path, placed] of source.sound ? source.places() : []) {
    if (placed.isLeaf && placed.value !== placed.key) {
      if (parts.isPublicValue(path, placed)) shown.fill(1, ...placed.value);
      else hidden.push(placed.value);
    }
    if (placed.key === null) continue;
    if (parts.isPublicKey(path)) shown.fill(1, ...placed.key);
    else hidden.push(placed.key);
  }
  for (const range of hidden) shown.fill(0, ...range);
  return runsOf(shown);
}

function runsOf(shown: Uint8Array): Range[] {
  const runs: Range[] = [];
  for (let start = shown.indexOf(1); start >= 0;) {
    const next = shown.indexOf(0, start);
    const end = next < 0 ? shown.length : next;
    runs.push([start, end]);
    start = shown.indexOf(1, end);
  }
  return runs;
}
