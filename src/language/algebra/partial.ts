import type { Comparison, Condition, Test } from "../../model/rule.ts";
import { fieldText } from "../fields.ts";

/** Values of fields, under their names in rules. A field that is not in it is unknown, not empty. */
export type KnownFields = Readonly<Partial<Record<string, string | number>>>;

/**
 * What is left to ask of an Event with these values: comparisons they answer are gone, and with them whatever those
 * decide. True or false when nothing is left.
 */
export function assume(condition: Condition, known: KnownFields): Condition | boolean {
  if (condition.kind === "comparison") return answer(condition, known) ?? condition;
  if (condition.kind === "not") {
    const rest = assume(condition.part, known);
    return typeof rest === "boolean" ? !rest : { kind: "not", part: rest };
  }
  const decides = condition.kind === "or";
  const parts: Condition[] = [];
  for (const part of condition.parts) {
    const rest = assume(part, known);
    if (rest === decides) return decides;
    if (typeof rest !== "boolean") parts.push(rest);
  }
  const [first] = parts;
  if (!first) return !decides;
  return parts.length === 1 ? first : { kind: condition.kind, parts };
}

/** Whether values of these fields can answer any part of the condition. */
export function asksFor(condition: Condition, fields: readonly string[]): boolean {
  if (condition.kind === "not") return asksFor(condition.part, fields);
  if (condition.kind !== "comparison") return condition.parts.some((part) => asksFor(part, fields));
  return isAnswerable(condition.test) && fields.includes(fieldText(condition.field));
}

/** Patterns belong to the decision: here they would only cost time. */
export function isAnswerable({ op }: Test): boolean {
  return op !== "like" && op !== "matches";
}

/** Null when the values leave the comparison open. */
function answer({ field, test, negated }: Comparison, known: KnownFields): boolean | null {
  const value = known[fieldText(field)];
  if (value === undefined || !isAnswerable(test)) return null;
  return holdsFor(test, value) !== negated;
}

function holdsFor(test: Test, value: string | number): boolean {
  if (typeof value === "string") {
    if (test.op === "in") return test.values.includes(value);
    if (test.op === "contains") return value.includes(test.value);
    if (test.op === "exists") return value !== "";
  } else {
    if (test.op === "numberIn") return test.values.includes(value);
    if (test.op === "exists") return value !== 0;
    if (test.op === "<") return value < test.value;
    if (test.op === "<=") return value <= test.value;
    if (test.op === ">") return value > test.value;
    if (test.op === ">=") return value >= test.value;
  }
  throw new Error(`${typeof value} cannot be tested with ${test.op}`);
}
