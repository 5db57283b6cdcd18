import { readText } from "../language/fields.ts";
import type { Event, ObjectMeta } from "../model/event.ts";
import type { FieldRef } from "../model/rule.ts";

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
export function compileGrouping(by: readonly FieldRef[]): Grouping {
  return {
    needsMeta: by.some((field) => field.kind === "label" || field.kind === "annotation"),
    groupOf(event, now, meta) {
      const context = { now, meta };
      let group = "";
      for (const field of by) {
        const value = readText(field, event, context);
        group += `${value.length}:${value}`;
      }
      return group;
    },
  };
}
