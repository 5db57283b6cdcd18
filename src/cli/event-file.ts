import { fieldsOf } from "../collect/fields.ts";
import { normalize } from "../collect/normalize.ts";
import { compareResourceVersions } from "../collect/resource-version.ts";
import { isObject } from "../model/json.ts";

/** An object found in the file, with the line it begins on. */
interface FoundObject {
  readonly line: number;
  readonly object: unknown;
}

export interface EventFile {
  /**
   * In the order of the file; of a List its items by the time they were last seen, of a watch line its object. Not yet
   * known to be Events.
   */
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
      for (const object of inOrder(unpack(parsed))) objects.push({ line, object });
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
 * The items of a List in the order in which they happened, as far as they tell: the API server lists by name, and
 * `kubectl --sort-by=.lastTimestamp` leaves out most Events of events.k8s.io/v1, whose time is elsewhere. What is no
 * Event comes first.
 */
function inOrder(objects: readonly unknown[]): readonly unknown[] {
  if (objects.length < 2) return objects;
  const placed = objects.map((object) => {
    // Only its times are asked for.
    const event = normalize(object, "");
    return { object, lastSeenAt: event?.lastSeenAt ?? 0, resourceVersion: event?.resourceVersion ?? "" };
  });
  return placed
    .toSorted(
      (a, b) => a.lastSeenAt - b.lastSeenAt || (compareResourceVersions(a.resourceVersion, b.resourceVersion) ?? 0),
    )
    .map(({ object }) => object);
}

/**
 * Cuts a text into its JSON values: each ends where its brackets close. What stands between them is a piece to its
 * line's end, and so is one whose brackets never close, to be refused by the parser. Looks at each character twice at
 * most.
 */
function cutJson(text: string): readonly { line: number; json: string }[] {
  const pieces: { line: number; json: string }[] = [];
  const endOfValue = createEndOfValue(text);
  let line = 1;
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text.charAt(at))) {
      if (text.charAt(at) === "\n") line += 1;
      at += 1;
      continue;
    }
    const end = endOfValue(at);
    const json = text.slice(at, end);
    pieces.push({ line, json });
    line += json.split("\n").length - 1;
    at = end;
  }
  return pieces;
}

/** Where the value that begins at a place ends; to be asked from the front to the back. */
function createEndOfValue(text: string): (start: number) => number {
  // A value that never closes is looked through to the text's end, and with it all that follows: where those close.
  let closings: ReadonlyMap<number, number> | null = null;
  return (start) => {
    const lineEnd = text.indexOf("\n", start);
    const endOfLine = lineEnd < 0 ? text.length : lineEnd;
    if (!"{[".includes(text.charAt(start))) return endOfLine;
    if (closings !== null) return closings.get(start) ?? endOfLine;
    const found = closeBrackets(text, start);
    if (typeof found === "number") return found;
    closings = found;
    return endOfLine;
  };
}

/** The end of the value that begins here, or, if nothing closes it, the ends of those inside by their beginnings. */
function closeBrackets(text: string, start: number): number | ReadonlyMap<number, number> {
  const closings = new Map<number, number>();
  const open: number[] = [];
  let isText = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (isText) {
      // No JSON text holds a line end: the one that does is broken, and the next line is not its fault.
      if (character === "\n") return at;
      if (character === '"') isText = false;
      else if (character === "\\" && text.charAt(at + 1) !== "\n") at += 1;
    } else if (character === '"') isText = true;
    else if (character === "{" || character === "[") open.push(at);
    else if (character === "}" || character === "]") {
      const opened = open.pop();
      if (open.length === 0) return at + 1;
      if (opened !== undefined) closings.set(opened, at + 1);
    }
  }
  return closings;
}

/** Texts of an object's `labels` or `annotations`; whatever is no text is left out. */
export function textsOf(value: unknown): Readonly<Record<string, string>> {
  const texts = Object.entries(fieldsOf(value)).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return Object.fromEntries(texts);
}
