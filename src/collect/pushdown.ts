import type { Comparison, Condition, RuleSet, TextFieldName } from "../model/rule.ts";

/**
 * Labels of core/v1 Event field selectors that mean exactly one of our fields (pkg/apis/core/v1/conversion.go and
 * pkg/registry/core/event/strategy.go, v1.36). `source` falls back to the reporting controller just as `component`
 * does; `namespace` is no plain match and has its own rules below.
 */
const LABELS: Partial<Record<TextFieldName, string>> = {
  type: "type",
  reason: "reason",
  kind: "involvedObject.kind",
  name: "involvedObject.name",
  uid: "involvedObject.uid",
  apiVersion: "involvedObject.apiVersion",
  fieldPath: "involvedObject.fieldPath",
  component: "source",
  namespace: "involvedObject.namespace",
};

/**
 * Where the Event of an object without a namespace may live: the API server's validation lets it into no other
 * (pkg/apis/core/validation/events.go, v1.36: `default`, and `kube-system` for Events with an eventTime). There our
 * `namespace` may be the Event's own while `involvedObject.namespace` is empty.
 */
const FALLBACK_NAMESPACES: ReadonlySet<string> = new Set(["", "default", "kube-system"]);

/**
 * Selects nothing: for a rule set that no Event can match. Cheaper than receiving a cluster's Events to throw them
 * away; a reload that brings rules lists again.
 */
const NOTHING = "type=Normal,type!=Normal";

/** Terms go into a URL; beyond this many exclusions the rest is left to the engine. */
const MAX_TERMS = 40;

/** The values a field may have: those and no others, or all but those. */
interface Values {
  readonly kind: "only" | "except";
  readonly values: ReadonlySet<string>;
}

/** What is known of every Event that fits: a field that is not in it may be anything. Null: no Event fits. */
type Box = ReadonlyMap<TextFieldName, Values> | null;

const ANYTHING: Box = new Map();

function both(a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> {
  return new Set([...a].filter((value) => b.has(value)));
}

function without(a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> {
  return new Set([...a].filter((value) => !b.has(value)));
}

function meetValues(a: Values, b: Values): Values {
  if (a.kind === "except" && b.kind === "except") {
    return { kind: "except", values: new Set([...a.values, ...b.values]) };
  }
  if (a.kind === "except") return meetValues(b, a);
  return { kind: "only", values: b.kind === "only" ? both(a.values, b.values) : without(a.values, b.values) };
}

function joinValues(a: Values, b: Values): Values {
  if (a.kind === "only" && b.kind === "only") {
    return { kind: "only", values: new Set([...a.values, ...b.values]) };
  }
  if (a.kind === "only") return joinValues(b, a);
  return { kind: "except", values: b.kind === "except" ? both(a.values, b.values) : without(a.values, b.values) };
}

function meet(a: Box, b: Box): Box {
  if (!a || !b) return null;
  const met = new Map(a);
  for (const [field, values] of b) {
    const other = met.get(field);
    const narrowed = other ? meetValues(other, values) : values;
    if (narrowed.kind === "only" && narrowed.values.size === 0) return null;
    met.set(field, narrowed);
  }
  return met;
}

function join(a: Box, b: Box): Box {
  if (!a) return b;
  if (!b) return a;
  const joined = new Map<TextFieldName, Values>();
  for (const [field, values] of a) {
    const other = b.get(field);
    if (!other) continue;
    const either = joinValues(values, other);
    if (either.kind === "only" || either.values.size > 0) joined.set(field, either);
  }
  return joined;
}

function comparisonBox({ field, test, negated }: Comparison, turned: boolean): Box {
  if (field.kind !== "text" || LABELS[field.name] === undefined) return ANYTHING;
  const isNegative = negated !== turned;
  let values: Values;
  if (test.op === "in") values = { kind: isNegative ? "except" : "only", values: new Set(test.values) };
  else if (test.op === "exists") values = { kind: isNegative ? "only" : "except", values: new Set([""]) };
  else return ANYTHING;
  return values.kind === "only" && values.values.size === 0 ? null : new Map([[field.name, values]]);
}

/** A box around the Events for which the condition holds; with `turned`, for which it does not. */
function boxOf(condition: Condition, turned: boolean): Box {
  if (condition.kind === "comparison") return comparisonBox(condition, turned);
  if (condition.kind === "not") return boxOf(condition.part, !turned);
  const boxes = condition.parts.map((part) => boxOf(part, turned));
  const isAnd = (condition.kind === "and") !== turned;
  return isAnd ? boxes.reduce(meet, ANYTHING) : boxes.reduce(join, null);
}

/** A box around the Events that some rule matches, given what the drops above it let through. */
function boxOfRules(ruleSet: RuleSet): Box {
  let reaching: Box = ANYTHING;
  let matched: Box = null;
  for (const statement of ruleSet.statements) {
    if (statement.kind === "drop") reaching = meet(reaching, boxOf(statement.condition, true));
    else matched = join(matched, meet(reaching, boxOf(statement.condition, false)));
  }
  return matched;
}

/** k8s.io/apimachinery/pkg/fields EscapeValue (v0.36). */
function escape(value: string): string {
  return value.replaceAll(/[\\,=]/g, "\\$&");
}

/** Whether an Event outside these values may be kept back, given what the API server's own field means. */
function isSound(field: TextFieldName, values: Values, value: string): boolean {
  if (field !== "namespace") return true;
  // An Event kept back by `!=x` has x as its object's namespace, and so as ours. One kept back by `=x` has another
  // or none, and none may still mean x to us where an Event may live without its object's namespace.
  return values.kind === "except" ? value !== "" : !FALLBACK_NAMESPACES.has(value);
}

/**
 * The narrowest field selector for core/v1 Events that keeps back no Event any rule could match. Empty where nothing
 * can be asked of the API server.
 *
 * A selector has only "and" and no lists, so it is the box around all rules: `=` where every rule wants the same one
 * value, `!=` for what every rule refuses. It filters in the API server, so it saves bytes and our CPU.
 */
export function deriveSelector(ruleSet: RuleSet): string {
  const box = boxOfRules(ruleSet);
  if (!box) return NOTHING;
  const terms: string[] = [];
  for (const [field, values] of box) {
    const label = LABELS[field];
    if (label === undefined || (values.kind === "only" && values.values.size > 1)) continue;
    for (const value of [...values.values].toSorted()) {
      if (!isSound(field, values, value)) continue;
      terms.push(`${label}${values.kind === "only" ? "=" : "!="}${escape(value)}`);
    }
  }
  // `=` narrows most, so it comes first when there are too many.
  return terms
    .toSorted((a, b) => Number(/^[^=]*!=/.test(a)) - Number(/^[^=]*!=/.test(b)) || (a < b ? -1 : 1))
    .slice(0, MAX_TERMS)
    .join(",");
}

/** The selector in a sentence, for the log. */
export function describeSelector(selector: string): string {
  if (selector === "") return "asking the API server for all Events";
  if (selector === NOTHING) return "asking the API server for no Events, as no rule could match one";
  return `asking the API server only for Events with ${selector.replaceAll(/(?<!\\),/g, " and ")}`;
}
