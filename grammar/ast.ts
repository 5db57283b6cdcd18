/*
 * What one rules file says, before any name is looked up: every node knows where it stands, so that a finding can
 * underline it.
 */

/** Half-open range of UTF-16 offsets in the text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A word or a quoted text, escapes already read. */
export interface WordNode extends Span {
  readonly text: string;
  readonly quoted: boolean;
}

/** `kind`, `label.app` or, with `key`, `label["a/b"]`. */
export interface FieldNode extends Span {
  readonly name: string;
  readonly key: WordNode | null;
}

export type ComparisonOperator =
  | "="
  | "!="
  | "=~"
  | "!~"
  | "<"
  | "<="
  | ">"
  | ">="
  | "in"
  | "contains"
  | "like"
  | "exists";

/** `negated` is the word `not` between field and operator; `!=` and `!~` are operators of their own. */
export interface ComparisonNode extends Span {
  readonly kind: "comparison";
  readonly field: FieldNode;
  readonly operator: ComparisonOperator;
  readonly operatorSpan: Span;
  readonly negated: boolean;
  /** One, but for `in` (one or more) and `exists` (none). */
  readonly values: readonly WordNode[];
}

/** A lone name: a `let`, if there is one. */
interface ReferenceNode extends Span {
  readonly kind: "reference";
  readonly name: string;
}

/** `and`, `or`: two or more parts. `group` is a pair of parentheses. */
export type ConditionNode =
  | ComparisonNode
  | ReferenceNode
  | (Span & { readonly kind: "and" | "or"; readonly parts: readonly ConditionNode[] })
  | (Span & { readonly kind: "not" | "group"; readonly part: ConditionNode });

/** `rate<N/T`, `rate>=N/T` or `rate>N/T`, N and T read: N is at least 1, T more than 0. */
export interface RateNode extends Span {
  readonly kind: "rate";
  readonly operator: "<" | ">=" | ">";
  readonly count: number;
  readonly windowMs: number;
}

export interface ByNode extends Span {
  readonly kind: "by";
  /** Empty for `by none`. */
  readonly fields: readonly FieldNode[];
}

interface NamedClauseNode extends Span {
  readonly kind: "severity" | "using";
  readonly name: WordNode;
}

export interface WithNode extends Span {
  readonly kind: "with";
  readonly values: readonly { readonly name: WordNode; readonly value: WordNode }[];
}

export type ClauseNode =
  | RateNode
  | ByNode
  | NamedClauseNode
  | WithNode
  | (Span & { readonly kind: "stop" })
  | (Span & { readonly kind: "for" | "digest"; readonly ms: number })
  | (Span & {
      readonly kind: "between";
      readonly from: WordNode;
      readonly to: WordNode;
      readonly days: readonly WordNode[];
      readonly zone: WordNode | null;
    })
  | (Span & { readonly kind: "resolve"; readonly condition: ConditionNode });

interface LetNode extends Span {
  readonly kind: "let";
  readonly name: WordNode;
  readonly condition: ConditionNode;
}

interface DropNode extends Span {
  readonly kind: "drop";
  readonly label: WordNode | null;
  readonly condition: ConditionNode;
}

export interface RuleNode extends Span {
  readonly kind: "rule";
  readonly label: WordNode | null;
  readonly condition: ConditionNode;
  readonly clauses: readonly ClauseNode[];
  readonly receivers: readonly WordNode[];
}

export type StatementNode = LetNode | DropNode | RuleNode;

/** Codes of the mistakes this folder finds. */
export type SyntaxCode =
  | "E101"
  | "E102"
  | "E103"
  | "E104"
  | "E105"
  | "E106"
  | "E107"
  | "E108"
  | "E109"
  | "E110"
  | "E111"
  | "E119";

/** A mistake of writing. `suggestion` replaces the span; whoever does so puts a blank where a word would
 * else touch a word. */
export interface Problem extends Span {
  readonly code: SyntaxCode;
  readonly message: string;
  readonly suggestion?: string;
  readonly help?: string;
}
