/*
 * A rule set as plain data: what is left of a rules file once names are resolved, lets expanded and literals
 * typed. It survives JSON, because the parser runs in a child process that hands this back and exits.
 */

/** Fields of an Event that hold text. */
export type TextFieldName =
  | "type"
  | "reason"
  | "message"
  | "kind"
  | "name"
  | "apiVersion"
  | "uid"
  | "fieldPath"
  | "namespace"
  | "container"
  | "workload"
  | "component"
  | "host"
  | "action"
  | "cluster";

/** Fields of an Event that hold a number; `age` is in milliseconds. */
export type NumberFieldName = "count" | "age";

export type FieldRef =
  | { readonly kind: "text"; readonly name: TextFieldName }
  | { readonly kind: "number"; readonly name: NumberFieldName }
  | { readonly kind: "label"; readonly key: string }
  | { readonly kind: "annotation"; readonly key: string };

/** What one comparison asks of its field's value. Durations are milliseconds. */
export type Test =
  | { readonly op: "in"; readonly values: readonly string[] }
  | { readonly op: "contains"; readonly value: string }
  | { readonly op: "like"; readonly pattern: string }
  | { readonly op: "matches"; readonly pattern: string }
  | { readonly op: "exists" }
  | { readonly op: "numberIn"; readonly values: readonly number[] }
  | { readonly op: "<" | "<=" | ">" | ">="; readonly value: number };

/** One comparison of one field. `text` is how the author wrote it, for people to read. */
export interface Comparison {
  readonly kind: "comparison";
  readonly field: FieldRef;
  readonly test: Test;
  /** True for `!=`, `not in`, `not like`, `!~`, `not exists`: the test's answer is turned round. */
  readonly negated: boolean;
  readonly text: string;
}

/** A condition with every `let` expanded. `and` and `or` hold two or more parts. */
export type Condition =
  | Comparison
  | { readonly kind: "and"; readonly parts: readonly Condition[] }
  | { readonly kind: "or"; readonly parts: readonly Condition[] }
  | { readonly kind: "not"; readonly part: Condition };

export type Severity = "critical" | "warning" | "info";

/** `rate>=N/T`: pass only once `occurrences` lie in the last `windowMs`. */
export interface Threshold {
  readonly occurrences: number;
  readonly windowMs: number;
}

/** `rate<N/T`: at most `notifications` go out in any `windowMs`. */
export interface Throttle {
  readonly notifications: number;
  readonly windowMs: number;
}

interface StatementBase {
  /** The author's name, else `<file>:<line>`. Unique in the set. */
  readonly name: string;
  /** Base name of the file, as in `<file>:<line>`. */
  readonly file: string;
  readonly line: number;
  readonly condition: Condition;
}

export interface DropStatement extends StatementBase {
  readonly kind: "drop";
}

export interface Rule extends StatementBase {
  readonly kind: "rule";
  /**
   * Stands for what the rule says, wherever it stands: state kept under it survives a reload that leaves the
   * rule's meaning alone. Unique in the set.
   */
  readonly key: string;
  readonly threshold: Threshold | null;
  readonly throttle: Throttle | null;
  /** Fields whose values make the group; empty for `by none`. */
  readonly by: readonly FieldRef[];
  /** Null: by the Event's type. */
  readonly severity: Severity | null;
  /** Name of a template of the configuration; null for the receiver's own. */
  readonly template: string | null;
  /** `with name=text`: extra values for the template, Handlebars text over the Event. */
  readonly values: Readonly<Record<string, string>>;
  readonly receivers: readonly string[];
  readonly stop: boolean;
}

export type Statement = DropStatement | Rule;

/** Statements in evaluation order. */
export interface RuleSet {
  readonly statements: readonly Statement[];
}
