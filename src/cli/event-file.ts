import { fieldsOf } from "../collect/fields.ts";
import { isObject } from "../model/json.ts";

/** An object found in the file, with the line it begins on. */
interface FoundObject {
  readonly line: number;
  readonly object: unknown;
}

export interface EventFile {
  /** In the order of the file; of a List its items, of a watch line its object. Not yet known to be Events. */
  readonly objects: readonly FoundObject[];
  readonly mistakes: readonly { readonly line: number; readonly message: string }[];
}

/**
 * Reads Events however `kubectl` prints them as JSON: one object, a List, an object a line, the pretty objects one
 * after the other of `get --watch -o json`, or the lines of the watch itself. What a watch says was deleted, and its
 * bookmarks and errors, bring no Event.
 */
export function readEventFile(text: string): EventFile {
  const objects: FoundObject[] = [];
  const mistakes: { line: number; message: string }[] = [];
  for (const { line, json } of cutJson(text.replace(/^\uFEFF/, ""))) {
    try {
      const parsed: unknown = JSON.parse(json);
      for (const object of unpack(parsed)) objects.push({ line, object });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      mistakes.push({ line, message: "not JSON" });
    }
  }
  return { objects, mistakes };
}

function unpack(parsed: unknown): readonly unknown[] {
  if (Array.isArray(parsed)) return parsed.flatMap((one) => unpack(one));
  if (!isObject(parsed)) return [parsed];
  if (Array.isArray(parsed["items"])) return parsed["items"];
  // An Event has a `type` too, but no `object`.
  if (!isObject(parsed["object"])) return [parsed];
  const { type, object } = parsed;
  return type === "ADDED" || type === "MODIFIED" ? unpack(object) : [];
}

/**
 * Cuts a text into its JSON values: each ends where its brackets close. What stands between them is a piece to its
 * line's end, and so is one whose brackets never close, to be refused by the parser.
 */
function cutJson(text: string): readonly { line: number; json: string }[] {
  const pieces: { line: number; json: string }[] = [];
  let line = 1;
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text.charAt(at))) {
      if (text.charAt(at) === "\n") line += 1;
      at += 1;
      continue;
    }
    const end = endOfValue(text, at);
    const json = text.slice(at, end);
    pieces.push({ line, json });
    line += json.split("\n").length - 1;
    at = end;
  }
  return pieces;
}

function endOfValue(text: string, start: number): number {
  const lineEnd = text.indexOf("\n", start);
  const endOfLine = lineEnd < 0 ? text.length : lineEnd;
  if (!"{[".includes(text.charAt(start))) return endOfLine;
  let depth = 0;
  let isText = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (isText) {
      if (character === "\\") at += 1;
      // No JSON text holds a line end: the one that does is broken, and the next line is not its fault.
      else if (character === "\n") return at;
      else if (character === '"') isText = false;
    } else if (character === '"') isText = true;
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return endOfLine;
}

/** Texts of an object's `labels` or `annotations`; whatever is no text is left out. */
export function textsOf(value: unknown): Readonly<Record<string, string>> {
  const texts = Object.entries(fieldsOf(value)).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return Object.fromEntries(texts);
}
