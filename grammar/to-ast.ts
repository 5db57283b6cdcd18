import type { CstElement, CstNode, IToken } from "chevrotain";
import type {
  ClauseNode,
  ComparisonOperator,
  ConditionNode,
  FieldNode,
  Problem,
  RateNode,
  Span,
  StatementNode,
  WithNode,
  WordNode,
} from "./ast.ts";
import { readDuration, readRate } from "./literals.ts";
import { readText } from "./text.ts";
import { COMPARATORS, endOf, imageOf, OPERATOR_WORDS } from "./tokens.ts";

type Report = (problem: Problem) => void;

const NONE: readonly never[] = [];

function isNode(child: CstElement): child is CstNode {
  return "children" in child;
}

function isToken(child: CstElement): child is IToken {
  return "image" in child;
}

function nodes(node: CstNode, name: string): readonly CstNode[] {
  return node.children[name]?.filter(isNode) ?? NONE;
}

function tokens(node: CstNode, name: string): readonly IToken[] {
  return node.children[name]?.filter(isToken) ?? NONE;
}

/** The grammar promises the child; a tree without it is our bug. */
function only<T>(children: readonly T[], what: string): T {
  const [first] = children;
  if (first === undefined) throw new Error(`the grammar gave no ${what}`);
  return first;
}

function spanOf(element: CstElement): Span {
  if ("image" in element) return { start: element.startOffset, end: endOf(element) };
  return { start: element.location?.startOffset ?? 0, end: (element.location?.endOffset ?? -1) + 1 };
}

function toWord(token: IToken, report: Report): WordNode {
  const span = spanOf(token);
  const quoted = token.image.startsWith('"') || token.image.startsWith("'");
  return { ...span, text: quoted ? readText(token.image, span.start, report) : token.image, quoted };
}

/**
 * Turns the tree of one statement into ours. Reports literals and choices of clauses that are wrong: a clause whose
 * literal cannot be read is left out. A rule without `notify` has no receivers.
 */
export function statementToAst(root: CstNode, report: Report): StatementNode {
  const span = spanOf(root);
  const [letNode] = nodes(root, "letStatement");
  if (letNode !== undefined) {
    const name = toWord(only(tokens(letNode, "Word"), "name"), report);
    return {
      kind: "let",
      name,
      condition: toCondition(only(nodes(letNode, "condition"), "condition"), report),
      ...span,
    };
  }
  const [labelToken] = tokens(root, "Label");
  const label: WordNode | null =
    labelToken === undefined
      ? null
      : {
          text: labelToken.image.slice(0, -1),
          quoted: false,
          start: labelToken.startOffset,
          end: endOf(labelToken) - 1,
        };
  const [dropNode] = nodes(root, "dropStatement");
  if (dropNode !== undefined) {
    return {
      kind: "drop",
      label,
      condition: toCondition(only(nodes(dropNode, "condition"), "condition"), report),
      ...span,
    };
  }
  const rule = only(nodes(root, "ruleStatement"), "rule");
  const clauses = nodes(rule, "clause").map((clause) => toClause(clause, report));
  refuseRepeats(clauses, report);
  return {
    kind: "rule",
    label,
    condition: toCondition(only(nodes(rule, "condition"), "condition"), report),
    clauses: clauses.filter((clause) => clause !== null),
    receivers: tokens(rule, "Value").map((token) => toWord(token, report)),
    ...span,
  };
}

function refuseRepeats(clauses: readonly (ClauseNode | null)[], report: Report): void {
  const seen = new Set<string>();
  for (const clause of clauses) {
    if (clause === null) continue;
    const name = clause.kind === "rate" ? (clause.operator === "<" ? "rate<" : "rate>=") : clause.kind;
    if (seen.has(name)) {
      const what = name === "rate>=" ? "`rate>=` or `rate>`" : `\`${name}\``;
      report({ code: "E109", message: `a rule takes ${what} once`, start: clause.start, end: clause.end });
    }
    seen.add(name);
  }
}

function toCondition(node: CstNode, report: Report): ConditionNode {
  const parts = nodes(node, "conjunction").map((part) => toConjunction(part, report));
  return parts.length === 1 ? only(parts, "part") : { kind: "or", parts, ...spanOf(node) };
}

function toConjunction(node: CstNode, report: Report): ConditionNode {
  const parts = nodes(node, "negation").map((part) => toNegation(part, report));
  return parts.length === 1 ? only(parts, "part") : { kind: "and", parts, ...spanOf(node) };
}

function toNegation(node: CstNode, report: Report): ConditionNode {
  const [group] = nodes(node, "group");
  let part: ConditionNode =
    group === undefined
      ? toComparison(only(nodes(node, "comparison"), "comparison"), report)
      : { kind: "group", part: toCondition(only(nodes(group, "condition"), "condition"), report), ...spanOf(group) };
  const nots = tokens(node, "Not");
  for (const not of nots.length < 2 ? nots : nots.toReversed())
    part = { kind: "not", part, start: not.startOffset, end: part.end };
  return part;
}

function toField(node: CstNode, report: Report): FieldNode {
  const name = only(tokens(node, "Word"), "field").image;
  const [key] = tokens(node, "Text");
  return { name, key: key === undefined ? null : toWord(key, report), ...spanOf(node) };
}

const OPERATORS: ReadonlySet<string> = new Set([...COMPARATORS, ...OPERATOR_WORDS].map((type) => imageOf(type)));

function isComparisonOperator(image: string): image is ComparisonOperator {
  return OPERATORS.has(image);
}

/** The one operator of a comparison; none behind a lone name. */
function operatorOf({ children }: CstNode): IToken | undefined {
  const { Comparator, In, Contains, Like, Exists } = children;
  return (Comparator ?? In ?? Contains ?? Like ?? Exists)?.find(isToken);
}

function toComparison(node: CstNode, report: Report): ConditionNode {
  const span = spanOf(node);
  const field = toField(only(nodes(node, "field"), "field"), report);
  const operatorToken = operatorOf(node);
  if (operatorToken === undefined) {
    if (field.key === null) return { kind: "reference", name: field.name, ...span };
    report({
      code: "E103",
      message: "a comparison is missing after this field",
      help: "write `=` and a value, or `exists`",
      ...span,
    });
  }
  const operator = operatorToken?.image ?? "exists";
  if (!isComparisonOperator(operator)) throw new Error(`the lexer knows no operator ${operator}`);
  const [not] = tokens(node, "Not");
  const operatorSpan = spanOf(operatorToken ?? node);
  return {
    kind: "comparison",
    field,
    operator,
    operatorSpan: { start: not?.startOffset ?? operatorSpan.start, end: operatorSpan.end },
    negated: not !== undefined,
    values: tokens(node, "Value").map((token) => toWord(token, report)),
    ...span,
  };
}

function toClause(clause: CstNode, report: Report): ClauseNode | null {
  const span = spanOf(clause);
  const [child] = Object.values(clause.children)[0] ?? NONE;
  if (child === undefined || "image" in child) return { kind: "stop", ...span };
  const value = (index = 0): WordNode => {
    const token = tokens(child, "Value")[index];
    if (token === undefined) throw new Error(`the grammar gave no value of ${child.name}`);
    return toWord(token, report);
  };
  switch (child.name) {
    case "rate":
      return toRate(child, value(), span, report);
    case "by":
      return { kind: "by", fields: toGroup(child, report), ...span };
    case "severity":
    case "using":
      return { kind: child.name, name: value(), ...span };
    case "with":
      return toWith(child, span, report);
    case "for":
    case "digest": {
      const ms = readDuration(value(), report);
      return ms === null ? null : { kind: child.name, ms, ...span };
    }
    case "between": {
      const [days] = nodes(child, "days");
      const zone = tokens(child, "Value").length > 2 ? value(2) : null;
      return {
        kind: "between",
        from: value(),
        to: value(1),
        days: days === undefined ? [] : tokens(days, "Value").map((token) => toWord(token, report)),
        zone,
        ...span,
      };
    }
    case "resolve":
      return { kind: "resolve", condition: toCondition(only(nodes(child, "condition"), "condition"), report), ...span };
    default:
      throw new Error(`the grammar has no clause ${child.name}`);
  }
}

function toRate(node: CstNode, value: WordNode, span: Span, report: Report): RateNode | null {
  const operator = only(tokens(node, "Comparator"), "operator");
  const rate = readRate(operator.image, spanOf(operator), value, report);
  return rate === null ? null : { kind: "rate", ...rate, ...span };
}

function toGroup(node: CstNode, report: Report): readonly FieldNode[] {
  const fields = nodes(node, "field").map((field) => toField(field, report));
  const [first] = fields;
  return fields.length === 1 && first?.name === "none" && first.key === null ? [] : fields;
}

function toWith(node: CstNode, span: Span, report: Report): WithNode {
  const values = nodes(node, "assignment").map((assignment) => ({
    name: toWord(only(tokens(assignment, "Word"), "name"), report),
    value: toWord(only(tokens(assignment, "Value"), "value"), report),
  }));
  const seen = new Set<string>();
  for (const { name } of values) {
    if (seen.has(name.text))
      report({ code: "E109", message: `\`${name.text}\` is given twice`, start: name.start, end: name.end });
    seen.add(name.text);
  }
  return { kind: "with", values, ...span };
}
