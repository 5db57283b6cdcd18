/** An object parsed from JSON or YAML, none of whose fields is trusted yet. */
export interface JsonObject {
  readonly [name: string]: unknown;
}

/** Whether it is an object with named fields: no array, no null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
