import type { Event, ObjectMeta } from "../model/event.ts";
import type { FieldRef } from "../model/rule.ts";
import { textReader } from "./text-field.ts";
import { readMeta } from "./filter.ts";

/** The text that stands for an Event's group under one rule. */
export interface Grouping {
  /** True when a label or annotation is part of the group: then `groupOf` must be given the object's. */
  readonly needsMeta: boolean;
  readonly groupOf: (event: Event, now: number, meta: ObjectMeta | null) => string;
}

/**
 * Each value is written with its length in front, so no value, whatever is in it, can be taken for two or for part of
 * its neighbour. `by none` is the empty text.
 */
export function compileGrouping(by: readonly FieldRef[], cluster: string): Grouping {
  const readers = by.map((field) => compileReader(field, cluster));
  return {
    needsMeta: by.some((field) => field.kind === "label" || field.kind === "annotation"),
    groupOf(event, now, meta) {
      let group = "";
      for (const read of readers) {
        const value = read(event, now, meta);
        group += `${value.length}:${value}`;
      }
      return group;
    },
  };
}

function compileReader(
  field: FieldRef,
  cluster: string,
): (event: Event, now: number, meta: ObjectMeta | null) => string {
  if (field.kind === "text") {
    const read = textReader(field);
    return (event) => read(event, cluster);
  }
  if (field.kind === "number") {
    return field.name === "count" ? (event) => String(event.count) : (event, now) => String(now - event.lastSeenAt);
  }
  return (_event, _now, meta) => (meta ? readMeta(field, meta) : "");
}
