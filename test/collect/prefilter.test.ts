import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalize } from "../../src/collect/normalize.ts";
import { createPrefilter } from "../../src/collect/prefilter.ts";
import type { RuleSet, Statement } from "../../src/model/rule.ts";
import { arbitraryRawEvent, arbitraryRuleSet } from "../support/arbitrary-events.ts";
import { evaluateLinearly } from "../support/linear-evaluator.ts";
import { aRawEvent } from "../support/raw-events.ts";
import { allOf, aRule, is } from "../support/rules.ts";

const WARNINGS: RuleSet = { statements: [aRule({ condition: is("type", "Warning") })] };

function aLine(object: unknown, type = "ADDED"): Buffer {
  return Buffer.from(JSON.stringify({ type, object }));
}

/** As the API server writes it: every Event has a name and a version. */
function stored(fields: Parameters<typeof aRawEvent>[0]): unknown {
  const { metadata, ...rest } = aRawEvent(fields);
  const { namespace, ...more } = metadata as { namespace: string };
  return { ...rest, metadata: { name: "a.1", namespace, uid: "u", resourceVersion: "1234", ...more } };
}

/** The same with kind, apiVersion and metadata in front. */
function ordered(fields: Parameters<typeof aRawEvent>[0]): unknown {
  const { kind, apiVersion, metadata, ...rest } = stored(fields) as Record<string, unknown>;
  return { kind, apiVersion, metadata, ...rest };
}

/** About an object that names no namespace. */
function widget(namespace: string, kind: string): Buffer {
  return aLine(ordered({ involvedObject: { kind, namespace: undefined }, metadata: { namespace } }));
}

describe("createPrefilter", () => {
  it("skips a line no rule can match and says where it stood", () => {
    const skip = createPrefilter(WARNINGS);
    expect(skip(aLine(ordered({ type: "Normal" })))).toEqual({ resourceVersion: "1234" });
    expect(skip(aLine(ordered({ type: "Normal" }), "MODIFIED"))).toEqual({ resourceVersion: "1234" });
    expect(skip(aLine(ordered({ type: "Warning" })))).toBeNull();
  });

  it("looks at kind, namespace and reason when the type alone does not decide", () => {
    const skip = createPrefilter({
      statements: [aRule({ condition: allOf(is("type", "Warning"), is("namespace", "shop")) })],
    });
    const inShop = { involvedObject: { namespace: "shop" }, metadata: { namespace: "shop" } };
    expect(skip(aLine(ordered({})))).toEqual({ resourceVersion: "1234" });
    expect(skip(aLine(ordered(inShop)))).toBeNull();
  });

  it("takes the Event's own namespace where its object has none", () => {
    const inShop = createPrefilter({ statements: [aRule({ condition: is("namespace", "shop") })] });
    expect(inShop(widget("default", "Widget"))).toEqual({ resourceVersion: "1234" });
    expect(inShop(widget("shop", "Widget"))).toBeNull();
    // An object outside all namespaces has none, wherever its Event lives.
    expect(inShop(widget("shop", "Node"))).toEqual({ resourceVersion: "1234" });
    expect(inShop(widget('s"hop', "Widget"))).toBeNull();
  });

  it("asks only the rules that name the values of a line, however many lines have values never seen", () => {
    let asked = 0;
    const statements = Array.from({ length: 500 }, (_, i): Statement => {
      const rule = aRule({ condition: allOf(is("type", "Warning"), is("reason", `Reason${i}`)) });
      return {
        ...rule,
        get condition() {
          asked += 1;
          return rule.condition;
        },
      };
    });
    const skip = createPrefilter({ statements });
    expect(skip(aLine(ordered({ type: "Warning", reason: "Reason7" })))).toBeNull();
    asked = 0;
    for (let i = 0; i < 100; i += 1) {
      const flood = { type: "Warning", reason: `Flood${i}`, involvedObject: { namespace: `n${i}` } };
      expect(skip(aLine(ordered(flood)))).toEqual({ resourceVersion: "1234" });
    }
    expect(asked).toBe(0);
  });

  it("goes on skipping when somebody invents types", () => {
    let asked = 0;
    const rule = aRule({ condition: allOf(is("type", "Warning"), is("reason", "BackOff")) });
    const statements: Statement[] = [
      {
        ...rule,
        get condition() {
          asked += 1;
          return rule.condition;
        },
      },
    ];
    const skip = createPrefilter({ statements });
    asked = 0;
    for (let i = 0; i < 100; i += 1) {
      expect(skip(aLine(ordered({ type: `Odd${i}` })))).toEqual({ resourceVersion: "1234" });
    }
    expect(skip(aLine(ordered({ type: "Warning", reason: "BackOff" })))).toBeNull();
    expect(skip(aLine(ordered({ type: "Normal" })))).toEqual({ resourceVersion: "1234" });
    expect(asked).toBe(8);
  });

  it("is not misled by a message or a label that looks like the type", () => {
    const skip = createPrefilter(WARNINGS);
    const labels = { a: "b", type: "Normal" };
    expect(skip(aLine(ordered({ message: '","type":"Normal","eventTime":null}' })))).toBeNull();
    expect(skip(aLine(ordered({ metadata: { labels } })))).toBeNull();
    const { type: _absent, ...untyped } = ordered({ metadata: { labels } }) as Record<string, unknown>;
    expect(skip(aLine(untyped))).toBeNull();
  });

  it("leaves to the parser what is not written as Go writes it", () => {
    const skip = createPrefilter(WARNINGS);
    const event = ordered({ type: "Normal" });
    expect(skip(Buffer.from(JSON.stringify({ type: "ADDED", object: event }, null, 1)))).toBeNull();
    expect(skip(Buffer.from(JSON.stringify({ object: event, type: "ADDED" })))).toBeNull();
    expect(skip(aLine(event, "DELETED"))).toBeNull();
    expect(skip(aLine({ kind: "Status" }, "ERROR"))).toBeNull();
    expect(skip(Buffer.from(""))).toBeNull();
    expect(skip(aLine(ordered({ type: "Norm\u00e4l" })))).toBeNull();
  });

  it("skips no line that a rule matches, whatever its texts pretend to be", () => {
    let skipped = 0;
    fc.assert(
      fc.property(arbitraryRuleSet, fc.array(arbitraryRawEvent, { minLength: 1, maxLength: 8 }), (ruleSet, raws) => {
        const skip = createPrefilter(ruleSet);
        for (const raw of raws) {
          const skip1 = skip(aLine(raw));
          if (!skip1) continue;
          skipped += 1;
          const event = normalize(raw, "home");
          if (!event) throw new Error("the arbitrary Event is malformed");
          expect(skip1.resourceVersion).toBe(event.resourceVersion);
          const held = evaluateLinearly(ruleSet, event, event.lastSeenAt, { labels: {}, annotations: {} });
          expect(held === "needs-meta" ? held : held.filter((i) => ruleSet.statements[i]?.kind === "rule")).toEqual([]);
        }
      }),
      { numRuns: 3000 },
    );
    expect(skipped).toBeGreaterThan(500);
  });
});
