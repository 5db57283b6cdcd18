import type { Comparison, Condition } from "../model/rule.ts";
import { INDEX_FIELDS, type IndexKey } from "./index-keys.ts";

/**
 * What is left to ask of an Event that fits the key: comparisons the key answers are gone, and with them whatever
 * they decide. True or false when nothing is left.
 *
 * Parts the key says nothing about are returned as they are, the same objects, so that they can be recognised.
 */
export function assume(condition: Condition, key: IndexKey): Condition | boolean {
  if (condition.kind === "comparison") return answer(condition, key) ?? condition;
  if (condition.kind === "not") {
    const rest = assume(condition.part, key);
    if (typeof rest === "boolean") return !rest;
    return rest === condition.part ? condition : { kind: "not", part: rest };
  }
  const decides = condition.kind === "or";
  const parts: Condition[] = [];
  for (const part of condition.parts) {
    const rest = assume(part, key);
    if (rest === decides) return decides;
    if (typeof rest !== "boolean") parts.push(rest);
  }
  const [only] = parts;
  if (!only) return !decides;
  if (parts.length === 1) return only;
  const isWhole = parts.length === condition.parts.length && parts.every((part, i) => part === condition.parts[i]);
  return isWhole ? condition : { kind: condition.kind, parts };
}

/** Null when the key leaves the comparison open. */
function answer({ field, test, negated }: Comparison, key: IndexKey): boolean | null {
  if (field.kind !== "text") return null;
  const value = key[INDEX_FIELDS.findIndex((name) => name === field.name)] ?? null;
  if (value === null) return null;
  if (test.op === "in") return test.values.includes(value) !== negated;
  return test.op === "exists" ? (value !== "") !== negated : null;
}
