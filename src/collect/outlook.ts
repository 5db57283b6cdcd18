import type { Comparison, Condition, RuleSet, TextFieldName } from "../model/rule.ts";

/** What the bytes of a line say about its Event. A field that is not in it is unknown, not empty. */
export type KnownFields = Partial<Record<TextFieldName, string>>;

/**
 * What the known fields leave possible. `none`: no rule matches, whatever else the Event holds; `some`: at least one
 * does; `open`: they do not decide.
 */
export type Outlook = "none" | "some" | "open";

/** True, false, or null where the known fields do not decide. */
type Answer = boolean | null;

function answerComparison({ field, test, negated }: Comparison, known: KnownFields): Answer {
  const value = field.kind === "text" ? known[field.name] : undefined;
  if (value === undefined) return null;
  // Patterns belong to the decision; here they only cost a parse.
  if (test.op === "in") return test.values.includes(value) !== negated;
  if (test.op === "contains") return value.includes(test.value) !== negated;
  return test.op === "exists" ? (value !== "") !== negated : null;
}

function answer(condition: Condition, known: KnownFields): Answer {
  if (condition.kind === "comparison") return answerComparison(condition, known);
  if (condition.kind === "not") {
    const inner = answer(condition.part, known);
    return inner === null ? null : !inner;
  }
  const decides = condition.kind === "or";
  let open = false;
  for (const part of condition.parts) {
    const one = answer(part, known);
    if (one === decides) return decides;
    open ||= one === null;
  }
  return open ? null : !decides;
}

/** The outlook for an Event of which only this is known. */
export function outlookOf(ruleSet: RuleSet, known: KnownFields): Outlook {
  let ruleOpen = false;
  let dropOpen = false;
  for (const statement of ruleSet.statements) {
    const holds = answer(statement.condition, known);
    if (holds === false) continue;
    if (statement.kind === "drop") {
      if (holds === true) return ruleOpen ? "open" : "none";
      dropOpen = true;
    } else {
      if (holds === true && !dropOpen) return "some";
      ruleOpen = true;
    }
  }
  return ruleOpen ? "open" : "none";
}

/** Whether knowing any of these fields can ever change an outlook. */
export function asksFor(ruleSet: RuleSet, names: ReadonlySet<TextFieldName>): boolean {
  const asks = (condition: Condition): boolean => {
    if (condition.kind === "comparison") return condition.field.kind === "text" && names.has(condition.field.name);
    return condition.kind === "not" ? asks(condition.part) : condition.parts.some(asks);
  };
  return ruleSet.statements.some(({ condition }) => asks(condition));
}
