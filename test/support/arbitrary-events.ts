import * as fc from "fast-check";
import type { Comparison, Condition, RuleSet, Statement, TextFieldName } from "../../src/model/rule.ts";
import { aDrop, allOf, anyOf, aRule, compare, notOf } from "./rules.ts";

/** Texts that try to look like the structure of the line they stand in. */
const HOSTILE: readonly string[] = [
  "Normal",
  "Warning",
  "Killing",
  '"type":"Normal"',
  ',"type":"Normal","eventTime":null',
  '},"involvedObject":{"kind":"Node","namespace":"shop"',
  ',"reason":"Killing"',
  "\\",
  '\\"',
  "line\nbreak\u2028and\u2029more\r",
  "\u0000\ud800",
  "…汉字",
  "a,b=c\\d",
];

const NAMESPACES = ["", "default", "kube-system", "shop"] as const;
const TYPES = ["Warning", "Normal", "", "Odd,=\\"] as const;
const REASONS = ["BackOff", "Killing", "NodeNotReady", "", 'We"ird,=\\'] as const;
const KINDS = ["Pod", "Node", "Addon", "Widget", ""] as const;
const NAMES = ["web-1", "pi-1", ""] as const;
const COMPONENTS = ["kubelet", "default-scheduler", ""] as const;

const hostile = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "binary", maxLength: 20 }));
const marks = fc.dictionary(fc.constantFrom("type", "reason", "app", "x,y", '"type"'), hostile, { maxKeys: 3 });

/** Leaves empty texts out, as Go's `omitempty` does; the two of the reporter have none. */
function omitEmpty(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(([key, value]) => value !== "" || key.startsWith("reporting")),
  );
}

/** A core/v1 Event that the API server's validation lets in, its fields in the order of Go's encoder. */
export const arbitraryRawEvent: fc.Arbitrary<Record<string, unknown>> = fc
  .record({
    namespace: fc.constantFrom(...NAMESPACES),
    fallback: fc.constantFrom("default", "kube-system"),
    isNewApi: fc.boolean(),
    type: fc.constantFrom(...TYPES),
    reason: fc.constantFrom(...REASONS),
    kind: fc.constantFrom(...KINDS),
    name: fc.constantFrom(...NAMES),
    component: fc.constantFrom(...COMPONENTS),
    reporter: fc.constantFrom(...COMPONENTS),
    message: hostile,
    labels: marks,
    annotations: marks,
    version: fc.integer({ min: 1, max: 1_000_000 }),
  })
  .map((parts): Record<string, unknown> => {
    return omitEmpty({
      kind: "Event",
      apiVersion: "v1",
      metadata: {
        name: "an-event",
        // pkg/apis/core/validation/events.go (v1.36): without a namespace of its object, an Event lives in `default`,
        // or in `kube-system` if it has an eventTime.
        namespace: parts.namespace || (parts.isNewApi ? parts.fallback : "default"),
        uid: "6f1c2a9e-0000-4000-8000-000000000001",
        resourceVersion: String(parts.version),
        creationTimestamp: "2026-11-22T10:00:00Z",
        labels: parts.labels,
        annotations: parts.annotations,
      },
      involvedObject: omitEmpty({
        kind: parts.kind,
        namespace: parts.namespace,
        name: parts.name,
        apiVersion: "v1",
        fieldPath: "spec.containers{web}",
      }),
      reason: parts.reason,
      message: parts.message,
      source: omitEmpty({ component: parts.component }),
      firstTimestamp: "2026-11-22T10:00:00Z",
      lastTimestamp: "2026-11-22T10:00:00Z",
      count: 1,
      type: parts.type,
      eventTime: parts.isNewApi ? "2026-11-22T10:00:00.000000Z" : null,
      related: { kind: "Node", namespace: "shop", name: "pi-1" },
      reportingComponent: parts.reporter,
      reportingInstance: "",
    });
  });

const VALUES: Partial<Record<TextFieldName, readonly string[]>> = {
  type: TYPES,
  reason: REASONS,
  kind: KINDS,
  namespace: NAMESPACES,
  name: NAMES,
  component: COMPONENTS,
  apiVersion: ["v1", ""],
  fieldPath: ["spec.containers{web}"],
  container: ["web"],
  cluster: ["home"],
};

const arbitraryComparison: fc.Arbitrary<Comparison> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(...Object.entries(VALUES)).chain(([field, values]) =>
      fc
        .record({
          values: fc.subarray([...values], { minLength: 1, maxLength: Math.min(2, values.length) }),
          op: fc.constantFrom("in" as const, "in" as const, "exists" as const, "contains" as const),
          negated: fc.boolean(),
        })
        .map(({ values: chosen, op, negated }) => {
          const name = field as TextFieldName;
          if (op === "in") return compare(name, { op, values: chosen }, negated);
          if (op === "contains") return compare(name, { op, value: chosen[0]?.slice(0, 3) ?? "" }, negated);
          return compare(name, { op }, negated);
        }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      compare({ kind: "number", name: "count" }, { op: ">=", value: 2 }),
      compare({ kind: "label", key: "app" }, { op: "exists" }),
      compare("reason", { op: "like", pattern: "*Off" }),
      compare("message", { op: "contains", value: "type" }),
    ),
  },
);

const { condition: arbitraryCondition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3 },
    { weight: 3, arbitrary: arbitraryComparison },
    { weight: 2, arbitrary: fc.array(tie("condition"), { minLength: 2, maxLength: 3 }).map((all) => allOf(...all)) },
    { weight: 1, arbitrary: fc.array(tie("condition"), { minLength: 2, maxLength: 3 }).map((all) => anyOf(...all)) },
    { weight: 1, arbitrary: tie("condition").map(notOf) },
  ),
}));

/** A rule set of a few rules and drops over the values `arbitraryRawEvent` uses. */
export const arbitraryRuleSet: fc.Arbitrary<RuleSet> = fc
  .array(fc.record({ condition: arbitraryCondition, isDrop: fc.boolean(), stop: fc.boolean() }), { maxLength: 4 })
  .map((all) => ({
    statements: all.map(({ condition, isDrop, stop }, i): Statement => {
      return isDrop ? aDrop(condition, `d${i}`) : aRule({ name: `r${i}`, condition, stop });
    }),
  }));
