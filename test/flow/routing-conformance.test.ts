import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { normalize } from "../../src/collect/normalize.ts";
import { createOccurrences } from "../../src/collect/occurrences.ts";
import type { Backlog, Position } from "../../src/collect/source.ts";
import { createEvaluator, type Evaluator } from "../../src/decide/evaluate.ts";
import { loadRules } from "../../src/language/load.ts";
import type { Event, SeenEvent } from "../../src/model/event.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import { createRedactor } from "../../src/runtime/secret.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";

interface RoutingCase {
  readonly id: string;
  readonly rules: string;
  readonly event: Readonly<Record<string, unknown>>;
  readonly receivers?: readonly string[];
  readonly error?: string;
}

interface Step {
  readonly at: string;
  readonly restart?: boolean;
  readonly list?: boolean;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly lastTimestamp?: string;
  readonly told?: boolean;
}

interface Stream {
  readonly id: string;
  readonly note: string;
  readonly since: { readonly resourceVersion: string; readonly at: string } | null;
  readonly steps: readonly Step[];
}

const { cases, streams } = JSON.parse(
  readFileSync(new URL("../fixtures/conformance/exporter-routing.json", import.meta.url), "utf8"),
) as { cases: readonly RoutingCase[]; streams: readonly Stream[] };

const RECEIVERS = ["A", "B", "C", "E", "M"];

function anEvaluator(rules: string, clock: FakeClock): Evaluator | string {
  const known = { receivers: RECEIVERS, templates: [] };
  const { ruleSet, diagnostics } = loadRules([{ file: "routes.rules", text: rules }], known);
  if (!ruleSet) return diagnostics.find(({ severity }) => severity === "error")?.code ?? "";
  const evaluator = createEvaluator({
    clock,
    cluster: "test",
    maxGroups: 100,
    metrics: createMetrics(),
    logger: createLogger(createRedactor(), "error"),
  });
  evaluator.use(ruleSet);
  return evaluator;
}

function eventOf(raw: Readonly<Record<string, unknown>>): Event {
  const metadata = { uid: "e", name: "e", resourceVersion: "1", creationTimestamp: "2024-05-01T12:00:00Z" };
  const event = normalize({ ...raw, metadata: { ...metadata, ...(raw["metadata"] as object | undefined) } });
  if (!event) throw new Error("the case holds no Event");
  return event;
}

function receiversOf(evaluator: Evaluator, seen: SeenEvent): readonly string[] {
  const evaluation = evaluator.evaluate(seen, null);
  if (evaluation === "needs-meta") throw new Error("no case asks for labels");
  return evaluation.passed.flatMap((passed) => passed.receivers);
}

describe("what a route tree sends, our statements send", () => {
  test.each(cases)("$id", ({ rules, event: raw, receivers, error }) => {
    const evaluator = anEvaluator(rules, createFakeClock(Date.parse("2024-05-01T12:00:00Z")));
    const event = eventOf({ involvedObject: {}, ...raw });
    const occurrences = { count: event.count, from: event.firstSeenAt, to: event.lastSeenAt, closed: true };
    const told =
      typeof evaluator === "string" ? evaluator : receiversOf(evaluator, { event, occurrences, history: false });
    expect(told).toEqual(error ?? receivers);
  });
});

function position(version: string, at: number): Position {
  return { source: "home", version, at };
}

describe("what restarts and gaps lose elsewhere is told here, once", () => {
  test.each(streams)("$id: $note", ({ since: given, steps }) => {
    const start = Date.parse(steps[0]?.at ?? "");
    const clock = createFakeClock(start);
    const metrics = createMetrics();
    let counter = createOccurrences({ metrics });
    let since = given && position(given.resourceVersion, Date.parse(given.at));
    let last: Position | null = null;
    const evaluator = anEvaluator("when count>=1 notify A", clock);
    if (typeof evaluator === "string") throw new Error(evaluator);
    for (const step of steps) {
      clock.setWall(Date.parse(step.at));
      if (step.restart === true) {
        const known = counter.changed();
        counter = createOccurrences({ metrics });
        counter.restore(known);
        since = last;
        continue;
      }
      const { uid, resourceVersion, lastTimestamp } = step;
      const about = { kind: "Pod", namespace: "shop", name: "web-0", uid: "p-1" };
      const rest = { reason: "BackOff", type: "Warning", count: 1, firstTimestamp: "2024-05-01T12:00:00Z" };
      const metadata = { uid, resourceVersion, namespace: "shop", name: `web-0.${uid}` };
      const event = eventOf({ metadata, involvedObject: about, ...rest, lastTimestamp });
      const backlog: Backlog = since
        ? { kind: "gap", after: since }
        : { kind: "first", seenAfter: clock.now() - 300_000 };
      const seen = counter.take(event, step.list === true ? backlog : null);
      const told = seen !== "replayed" && receiversOf(evaluator, seen).length > 0;
      expect(told, `${uid} at ${step.at}`).toBe(step.told);
      last = position(resourceVersion ?? "", clock.now());
    }
  });
});
