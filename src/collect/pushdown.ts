import { ANYTHING, hull, meet, type Box } from "../language/algebra/box.ts";
import { cover } from "../language/algebra/cover.ts";
import type { ValueSet } from "../language/algebra/value-set.ts";
import type { Comparison, RuleSet } from "../model/rule.ts";

/**
 * Labels of core/v1 Event field selectors that mean exactly one of our fields (pkg/apis/core/v1/conversion.go and
 * pkg/registry/core/event/strategy.go, v1.36). `source` falls back to the reporting controller just as `component`
 * does; `namespace` is no plain match and has its own rules below.
 */
const LABELS: ReadonlyMap<string, string> = new Map([
  ["type", "type"],
  ["reason", "reason"],
  ["kind", "involvedObject.kind"],
  ["name", "involvedObject.name"],
  ["uid", "involvedObject.uid"],
  ["apiVersion", "involvedObject.apiVersion"],
  ["fieldPath", "involvedObject.fieldPath"],
  ["component", "source"],
  ["namespace", "involvedObject.namespace"],
]);

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

/** A box around the Events that some rule matches, given what the drops above it let through; null if there are none. */
function boxOfRules({ statements }: RuleSet): Box | null {
  let reaching: Box = ANYTHING;
  const matched: Box[] = [];
  for (const { kind, condition } of statements) {
    const [box] = cover(condition, kind === "drop" ? "misses" : "holds", { most: 1, reads: isSelectable });
    const reached = box ? meet([reaching, box]) : null;
    if (kind === "drop") {
      if (!reached) break;
      reaching = reached;
    } else if (reached) matched.push(reached);
  }
  return matched.length === 0 ? null : hull(matched);
}

function isSelectable({ field, test }: Comparison): boolean {
  return field.kind === "text" && LABELS.has(field.name) && (test.op === "in" || test.op === "exists");
}

/** k8s.io/apimachinery/pkg/fields EscapeValue (v0.36). */
function escape(value: string): string {
  return value.replaceAll(/[\\,=]/g, "\\$&");
}

/** Whether an Event may be kept back by this value, given what the API server's own field means. */
function isSound(field: string, kind: ValueSet["kind"], value: string): boolean {
  if (field !== "namespace") return true;
  // An Event kept back by `!=x` has x as its object's namespace, and so as ours. One kept back by `=x` has another
  // or none, and none may still mean x to us where an Event may live without its object's namespace.
  return kind === "except" ? value !== "" : !FALLBACK_NAMESPACES.has(value);
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
  for (const [field, { kind, values }] of box) {
    if (kind === "only" && values.size > 1) continue;
    for (const value of values) {
      if (value === null || !isSound(field, kind, value)) continue;
      terms.push(`${LABELS.get(field) ?? ""}${kind === "only" ? "=" : "!="}${escape(value)}`);
    }
  }
  // `=` narrows most, so it comes first when there are too many.
  return terms
    .toSorted((a, b) => Number(/^[^=]*!=/.test(a)) - Number(/^[^=]*!=/.test(b)) || (a < b ? -1 : 1))
    .slice(0, MAX_TERMS)
    .join(",");
}
