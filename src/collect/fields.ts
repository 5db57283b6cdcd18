import { isObject, type JsonObject } from "../model/json.ts";

const NOTHING: JsonObject = {};

/** The object itself; one without fields if it is none. */
export function fieldsOf(value: unknown): JsonObject {
  return isObject(value) ? value : NOTHING;
}

/** The text itself; the empty one if it is none. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/**
 * The text, or its first `maxLength` UTF-16 units as a text of its own: V8 keeps all of a text in memory for as long
 * as a slice of it lives (Node 26, measured 2026-11). A character that the cut halves becomes U+FFFD.
 */
export function cutText(text: string, maxLength: number): string {
  return text.length > maxLength ? Buffer.from(text.slice(0, maxLength)).toString() : text;
}

/** JSON, or null where the text is none: the one place where bad JSON of the API server is met. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
