import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { normalize } from "../../src/collect/normalize.ts";
import { compileRuleSet } from "../../src/decide/match.ts";
import { loadRules } from "../../src/language/load.ts";

interface RawEvent {
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly involvedObject?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

interface Case {
  readonly id: string;
  readonly rule: string;
  readonly event?: RawEvent | undefined;
  readonly expect: "match" | "no-match" | { readonly error: string };
}

function fixture(name: string): readonly Case[] {
  const file = new URL(`../fixtures/conformance/${name}.json`, import.meta.url);
  const { event, cases } = JSON.parse(readFileSync(file, "utf8")) as {
    event?: RawEvent;
    cases: readonly Case[];
  };
  return cases.map((one) => Object.assign({ event }, one));
}

function decide(rule: string, raw: RawEvent): Case["expect"] {
  const { ruleSet, diagnostics } = loadRules([{ file: "case.rules", text: rule }], {
    receivers: null,
    templates: null,
  });
  if (ruleSet === null) return { error: diagnostics.find(({ severity }) => severity === "error")?.code ?? "" };
  // Fields a case does not name are empty, but no Event of the API comes without these.
  const event = normalize(
    {
      ...raw,
      metadata: {
        uid: "e",
        name: "e",
        resourceVersion: "1",
        creationTimestamp: "2026-11-22T12:00:00Z",
        ...raw.metadata,
      },
      involvedObject: { ...raw.involvedObject },
    },
    "test",
  );
  if (event === null) throw new Error("the case holds no Event");
  const { labels = {}, annotations = {} } = raw.involvedObject ?? {};
  const matcher = compileRuleSet(ruleSet, (_statement, error) => {
    throw error;
  });
  const met = matcher.match(event, event.lastSeenAt, { labels, annotations });
  return met !== "needs-meta" && met.holding.length > 0 ? "match" : "no-match";
}

describe.each(["kube-events", "exporter-matching"])("%s", (name) => {
  test.each(fixture(name))("$id: $rule", ({ rule, event, expect: outcome }) => {
    expect(decide(rule, event ?? {})).toEqual(outcome);
  });
});
