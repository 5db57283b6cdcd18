import { isObject } from "../model/json.ts";
import type { ConfigSource, Path } from "./source.ts";
import type { Shapes } from "./schema.ts";
import type { ShapeMistake } from "../deliver/shape.ts";
import { nearest } from "../suggest.ts";

/** A mistake at a place of the tree; `key` points at the name instead of the value. */
export interface ReceiverMistake {
  readonly code: ShapeMistake["code"];
  readonly path: Path;
  readonly at: "key" | "value";
  readonly message: string;
  readonly help?: string;
}

/**
 * What is wrong with receivers beyond the shape of each value: more than one kind, a name taken twice, and what each
 * kind says of its own section. Takes any value, so that it speaks even where the shape is wrong too.
 */
export function checkReceivers(receivers: unknown, source: ConfigSource, shapes: Shapes): readonly ReceiverMistake[] {
  if (!Array.isArray(receivers)) return [];
  const mistakes: ReceiverMistake[] = [];
  const taken = new Map<string, number>();
  for (const [index, receiver] of receivers.entries()) {
    if (!isObject(receiver)) continue;
    const path = ["receivers", index];
    const name = receiver["name"];
    if (typeof name === "string") {
      const earlier = taken.get(name);
      if (earlier === undefined) taken.set(name, index);
      else {
        const message = `this name is taken by receiver ${earlier + 1} of the list`;
        mistakes.push({ code: "E512", path: [...path, "name"], at: "value", message });
      }
    }
    mistakes.push(...checkKind(receiver, path, shapes));
    for (const [kind, shape] of shapes) {
      const section = receiver[kind];
      if (!isObject(section)) continue;
      const below = [...path, kind];
      const found = shape.check({
        section,
        rawOf: (keys) => rawAt(source, [...below, ...keys]),
        misspelt: (...keys) => hasMisspelt(section, keys),
      });
      for (const mistake of found) mistakes.push({ ...mistake, path: [...below, ...mistake.path] });
    }
  }
  return mistakes;
}

/** Kinds that a receiver's section names; of one without mistakes, exactly one. */
export function kindsOf(receiver: Readonly<Record<string, unknown>>, shapes: Shapes): readonly string[] {
  return Array.from(shapes.keys()).filter((kind) => Object.hasOwn(receiver, kind));
}

function checkKind(
  receiver: Readonly<Record<string, unknown>>,
  path: Path,
  shapes: Shapes,
): readonly ReceiverMistake[] {
  const kinds = kindsOf(receiver, shapes);
  if (kinds.length === 1 || (kinds.length === 0 && hasMisspelt(receiver, [...shapes.keys()]))) return [];
  const [first, second] = kinds;
  if (second !== undefined) {
    const message = `a receiver has one kind, and this one is \`${first}\` already`;
    return [{ code: "E512", path: [...path, second], at: "key", message, help: "make it two receivers" }];
  }
  const examples = Array.from(shapes.values(), ({ example }) => example);
  const help = `give it ${examples.slice(0, -1).join(", ")}, or ${examples.at(-1)}`;
  return [{ code: "E512", path, at: "value", message: "receiver has no kind", help }];
}

function rawAt(source: ConfigSource, path: Path): string | null {
  const placed = source.at(path);
  return placed === undefined || placed.broken ? null : placed.raw;
}

function hasMisspelt(section: Readonly<Record<string, unknown>>, known: readonly string[]): boolean {
  return Object.keys(section).some((key) => !known.includes(key) && nearest(key, known) !== null);
}
