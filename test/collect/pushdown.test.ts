import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalize } from "../../src/collect/normalize.ts";
import { deriveSelector } from "../../src/collect/pushdown.ts";
import { parseFieldSelector, type StoredEvent } from "../../src/emulator/event-store.ts";
import type { Condition, RuleSet, Statement } from "../../src/model/rule.ts";
import { arbitraryRawEvent, arbitraryRuleSet } from "../support/arbitrary-events.ts";
import { evaluateLinearly } from "../support/linear-evaluator.ts";
import { aDrop, allOf, anyOf, aRule, compare, is, notOf } from "../support/rules.ts";

function rules(...conditions: readonly Condition[]): RuleSet {
  return { statements: conditions.map((condition, i) => aRule({ name: `r${i}`, condition })) };
}

const unequal = (field: Parameters<typeof is>[0], ...values: string[]): Condition =>
  compare(field, { op: "in", values }, true);

describe("deriveSelector", () => {
  it.each<[string, RuleSet, string]>([
    [
      "what the only rule asks",
      rules(allOf(is("type", "Warning"), is("kind", "Pod"))),
      "involvedObject.kind=Pod,type=Warning",
    ],
    [
      "what all rules have in common",
      rules(allOf(is("type", "Warning"), is("kind", "Pod")), is("type", "Warning")),
      "type=Warning",
    ],
    ["nothing, as Warning or Node is no one term", rules(is("type", "Warning"), is("kind", "Node")), ""],
    [
      "what every rule refuses",
      rules(unequal("namespace", "dev", "test"), unequal("namespace", "dev")),
      "involvedObject.namespace!=dev",
    ],
    [
      "what a drop above takes out",
      {
        statements: [
          aDrop(is("reason", "Pulled", "Created")),
          aRule({ condition: compare("message", { op: "exists" }) }),
        ],
      },
      "reason!=Created,reason!=Pulled",
    ],
    [
      "not what a drop below takes out",
      {
        statements: [
          aRule({ condition: compare({ kind: "number", name: "count" }, { op: "exists" }) }),
          aDrop(is("reason", "Pulled")),
        ],
      },
      "",
    ],
    ["one namespace", rules(is("namespace", "shop")), "involvedObject.namespace=shop"],
    ["no namespace where an Event without its object's may live", rules(is("namespace", "default")), ""],
    ["nor kube-system", rules(is("namespace", "kube-system")), ""],
    ["no objects without a namespace", rules(unequal("namespace", "")), ""],
    ["the source, which falls back as component does", rules(is("component", "kubelet")), "source=kubelet"],
    [
      "a turned condition",
      rules(notOf(anyOf(is("type", "Normal"), is("kind", "Job")))),
      "involvedObject.kind!=Job,type!=Normal",
    ],
    ["escaped values", rules(is("reason", "a,b=c\\d")), "reason=a\\,b\\=c\\\\d"],
    [
      "nothing at all below a drop of everything",
      {
        statements: [
          aDrop(anyOf(is("type", "Warning"), unequal("type", "Warning"))),
          aRule({ condition: is("kind", "Pod") }),
        ],
      },
      "type=Normal,type!=Normal",
    ],
    ["nothing at all without rules", { statements: [] }, "type=Normal,type!=Normal"],
    [
      "nothing at all when no rule can match",
      rules(allOf(is("type", "Normal"), is("type", "Warning"))),
      "type=Normal,type!=Normal",
    ],
  ])("asks for %s", (_what, ruleSet, selector) => {
    expect(deriveSelector(ruleSet)).toBe(selector);
  });

  it("keeps back no Event that a rule matches", () => {
    let kept = 0;
    let selective = 0;
    fc.assert(
      fc.property(arbitraryRuleSet, fc.array(arbitraryRawEvent, { minLength: 1, maxLength: 8 }), (ruleSet, raws) => {
        const selector = deriveSelector(ruleSet);
        const selects = parseFieldSelector(selector);
        if (typeof selects === "string") throw new Error(selects);
        if (selector) selective += 1;
        for (const raw of raws) {
          if (selects(raw as StoredEvent)) continue;
          kept += 1;
          expect(matchedRules(ruleSet, raw)).toEqual([]);
        }
      }),
      { numRuns: 3000 },
    );
    // The law says nothing if nothing is ever kept back.
    expect(kept).toBeGreaterThan(500);
    expect(selective).toBeGreaterThan(100);
  });
});

function matchedRules(ruleSet: RuleSet, raw: unknown): Statement[] {
  const event = normalize(raw, "home");
  if (!event) throw new Error("the arbitrary Event is malformed");
  const held = evaluateLinearly(ruleSet, event, event.lastSeenAt, { labels: {}, annotations: {} });
  if (held === "needs-meta") throw new Error("labels were given");
  return held.map((i) => ruleSet.statements[i] as Statement).filter((statement) => statement.kind === "rule");
}
