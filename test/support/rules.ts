import type {
  Comparison,
  Condition,
  DropStatement,
  FieldRef,
  NumberFieldName,
  Rule,
  Test,
  TextFieldName,
} from "../../src/model/rule.ts";

/** One comparison of a text field, or of another `FieldRef`. */
export function compare(field: TextFieldName | FieldRef, test: Test, negated = false): Comparison {
  const ref: FieldRef = typeof field === "string" ? { kind: "text", name: field } : field;
  const name = "name" in ref ? ref.name : `${ref.kind}.${ref.key}`;
  return {
    kind: "comparison",
    field: ref,
    test,
    negated,
    text: `${negated ? "not " : ""}${name} ${JSON.stringify(test)}`,
  };
}

/** `field = value`, or `field in (values)`. */
export function is(field: TextFieldName, ...values: readonly string[]): Comparison {
  return compare(field, { op: "in", values });
}

export function number(name: NumberFieldName, op: "<" | "<=" | ">" | ">=", value: number): Comparison {
  return compare({ kind: "number", name }, { op, value });
}

/** `label.key = value`. */
export function label(key: string, value: string): Comparison {
  return compare({ kind: "label", key }, { op: "in", values: [value] });
}

export function allOf(...parts: readonly Condition[]): Condition {
  return { kind: "and", parts };
}

export function anyOf(...parts: readonly Condition[]): Condition {
  return { kind: "or", parts };
}

export function notOf(part: Condition): Condition {
  return { kind: "not", part };
}

const DEFAULT_BY: readonly FieldRef[] = [
  { kind: "text", name: "kind" },
  { kind: "text", name: "namespace" },
  { kind: "text", name: "name" },
  { kind: "text", name: "reason" },
];

/** `when type=Warning notify feishu`, with whatever parts a test cares about in place. */
export function aRule(parts: Partial<Rule> = {}): Rule {
  const name = parts.name ?? "a.rules:1";
  return {
    kind: "rule",
    name,
    file: "a.rules",
    line: 1,
    key: name,
    condition: is("type", "Warning"),
    threshold: null,
    throttle: null,
    by: DEFAULT_BY,
    severity: null,
    template: null,
    values: {},
    receivers: ["feishu"],
    stop: false,
    ...parts,
  };
}

export function aDrop(condition: Condition, name = "a.rules:9"): DropStatement {
  return { kind: "drop", name, file: "a.rules", line: 9, condition };
}
