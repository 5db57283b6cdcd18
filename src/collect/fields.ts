/** An object parsed from JSON, none of whose fields is trusted yet. */
export interface Fields {
  readonly [name: string]: unknown;
}

/** Whether it is a JSON object: no array, no null. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const NOTHING: Fields = {};

/** The object itself; one without fields if it is none. */
export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : NOTHING;
}

/** The text itself; the empty one if it is none. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
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
