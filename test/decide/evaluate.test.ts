import * as fc from "fast-check";
import type { Counter } from "prom-client";
import { describe, expect, it } from "vitest";
import { createEvaluator, type Evaluation, type Evaluator } from "../../src/decide/evaluate.ts";
import type { ObjectMeta, SeenEvent } from "../../src/model/event.ts";
import type { Statement } from "../../src/model/rule.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { createMetrics, type Metrics } from "../../src/runtime/metrics.ts";
import { createRedactor } from "../../src/runtime/secret.ts";
import { anEvent, NOON, seenOnce } from "../support/events.ts";
import { aDrop, allOf, aRule, compare, is, label } from "../support/rules.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";

interface Bench {
  readonly clock: SteppedClock;
  readonly metrics: Metrics;
  readonly evaluator: Evaluator;
  readonly lines: readonly string[];
  /** Evaluates as arriving now; without an Event of its own, one last seen now. */
  readonly judge: (seen?: SeenEvent) => Evaluation;
}

function benchOf(statements: readonly Statement[], maxGroups = 100): Bench {
  const clock = createSteppedClock(NOON);
  const metrics = createMetrics();
  const lines: string[] = [];
  const logger = createLogger(createRedactor(), "debug", { write: (line: string) => lines.push(line) });
  const evaluator = createEvaluator({ clock, maxGroups, metrics, logger });
  evaluator.use({ statements });
  return {
    clock,
    metrics,
    evaluator,
    lines,
    judge(seen = seenOnce(anEvent({ lastSeenAt: clock.now() }))) {
      const evaluation = evaluator.evaluate(seen, null);
      if (evaluation === "needs-meta") throw new Error("needs meta");
      return evaluation;
    },
  };
}

function podNamed(name: string): SeenEvent {
  return seenOnce(anEvent({ involvedObject: { name } }));
}

async function total(counter: Counter, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  const { values } = await counter.get();
  return values
    .filter((value) => Object.entries(labels).every(([name, wanted]) => value.labels[name] === wanted))
    .reduce((sum, { value }) => sum + value, 0);
}

const MINUTE = 60_000;
const ONCE_A_MINUTE = { notifications: 1, windowMs: MINUTE };

describe("when type=Warning and kind=Pod rate<5/10m notify feishu", () => {
  const rule = aRule({
    condition: allOf(is("type", "Warning"), is("kind", "Pod")),
    throttle: { notifications: 5, windowMs: 10 * MINUTE },
  });

  it("passes five, holds the next, and tells what it held once the window has moved on", () => {
    const { judge, clock } = benchOf([rule]);
    for (let i = 0; i < 5; i += 1) {
      expect(judge().passed).toMatchObject([{ match: { rule }, receivers: ["feishu"], held: null }]);
      clock.step(MINUTE);
    }
    const heldSince = clock.now();
    expect(judge().verdicts).toMatchObject([{ matched: true, verdict: "suppressed", why: "throttle", receivers: [] }]);
    clock.step(5 * MINUTE - 1);
    expect(judge().passed).toEqual([]);
    clock.step(1);
    expect(judge().passed[0]?.held).toEqual({ count: 2, since: heldSince });
  });

  it("leaves a Normal Event unmatched and makes nothing new for it", () => {
    const { judge } = benchOf([rule]);
    const first = judge(seenOnce(anEvent({ type: "Normal" })));
    expect(first).toMatchObject({ outcome: "unmatched", passed: [], verdicts: [] });
    expect(judge(seenOnce(anEvent({ type: "Normal", reason: "Pulled" })))).toBe(first);
  });
});

describe("one Event", () => {
  it("goes to one receiver once: the first rule that passes tells it, later ones are covered", () => {
    const { judge } = benchOf([
      aRule({ name: "quiet", threshold: { occurrences: 2, windowMs: MINUTE }, receivers: ["feishu"] }),
      aRule({ name: "first", receivers: ["feishu"] }),
      aRule({ name: "both", receivers: ["feishu", "dump"] }),
      aRule({ name: "late", receivers: ["dump", "feishu"] }),
    ]);
    const { passed, verdicts } = judge();
    expect(verdicts.map(({ statement, verdict, receivers }) => [statement, verdict, receivers])).toEqual([
      ["quiet", "suppressed", []],
      ["first", "notified", ["feishu"]],
      ["both", "notified", ["dump"]],
      ["late", "covered", []],
    ]);
    expect(passed.map(({ receivers }) => receivers)).toEqual([["feishu"], ["dump"]]);
  });

  it("fills the windows of covered rules", () => {
    const { judge, evaluator } = benchOf([
      aRule({ name: "first" }),
      aRule({ name: "second", throttle: ONCE_A_MINUTE }),
    ]);
    expect(judge().verdicts[1]).toMatchObject({ verdict: "covered" });
    evaluator.use({ statements: [aRule({ name: "second", throttle: ONCE_A_MINUTE })] });
    expect(judge().verdicts[0]).toMatchObject({ verdict: "suppressed", why: "throttle" });
  });

  it("ends at a drop, after the rules above it have acted", () => {
    const { judge } = benchOf([aRule({ name: "above" }), aDrop(is("kind", "Pod"), "end"), aRule({ name: "below" })]);
    const { outcome, passed, verdicts } = judge();
    expect(outcome).toBe("matched");
    expect(passed).toHaveLength(1);
    expect(verdicts.map(({ statement, verdict }) => [statement, verdict])).toEqual([
      ["above", "notified"],
      ["end", "dropped"],
    ]);
  });

  it("is dropped when no rule above the drop held", () => {
    expect(benchOf([aDrop(is("kind", "Pod")), aRule()]).judge()).toMatchObject({ outcome: "dropped", passed: [] });
  });

  it("shows every statement it met when asked to, and none behind its end", () => {
    const statements = [
      aRule({ name: "no", condition: is("type", "Normal") }),
      aRule({ name: "yes", stop: true }),
      aRule({ name: "behind" }),
    ];
    const { evaluator } = benchOf(statements);
    const verdictsOf = (type: string): unknown => {
      const evaluation = evaluator.evaluate(seenOnce(anEvent({ type })), null, true);
      return evaluation === "needs-meta" ? null : evaluation.verdicts.map((one) => [one.statement, one.verdict]);
    };
    expect(verdictsOf("Warning")).toEqual([
      ["no", "unmatched"],
      ["yes", "notified"],
    ]);
    expect(verdictsOf("Other")).toEqual([
      ["no", "unmatched"],
      ["yes", "unmatched"],
      ["behind", "unmatched"],
    ]);
  });

  it("of the past notifies nobody", () => {
    const { judge } = benchOf([aRule()]);
    const { passed, verdicts } = judge({ ...seenOnce(anEvent()), history: true });
    expect(passed).toEqual([]);
    expect(verdicts).toMatchObject([{ verdict: "suppressed", why: "history" }]);
  });
});

describe("labels", () => {
  const meta: ObjectMeta = { labels: { team: "web" }, annotations: {} };

  it("are asked for before anything is counted", async () => {
    const { evaluator, metrics } = benchOf([
      aRule({ name: "plain", throttle: ONCE_A_MINUTE }),
      aRule({ name: "labelled", condition: label("team", "web"), receivers: ["dump"] }),
    ]);
    const seen = seenOnce(anEvent());
    expect(evaluator.evaluate(seen, null)).toBe("needs-meta");
    expect(await total(metrics.matches)).toBe(0);
    expect(evaluator.evaluate(seen, meta)).toMatchObject({
      passed: [{ receivers: ["feishu"] }, { receivers: ["dump"] }],
    });
  });

  it("make groups of their own", () => {
    const { evaluator } = benchOf([aRule({ by: [{ kind: "label", key: "team" }], throttle: ONCE_A_MINUTE })]);
    const passes = (given: ObjectMeta | null): unknown => {
      const evaluation = evaluator.evaluate(seenOnce(anEvent()), given);
      return evaluation === "needs-meta" ? evaluation : evaluation.passed.length;
    };
    expect(passes(null)).toBe("needs-meta");
    expect(passes(meta)).toBe(1);
    expect(passes(meta)).toBe(0);
    expect(passes({ labels: { team: "db" }, annotations: {} })).toBe(1);
  });
});

describe("a flood of invented names", () => {
  it("comes as one digest a minute and neither hides other rules nor tells anybody twice", async () => {
    const { judge, evaluator, clock, metrics } = benchOf([aRule({ name: "flooded", throttle: ONCE_A_MINUTE })], 10);
    const verdicts = Array.from({ length: 30 }, (_, i) => judge(podNamed(`invented-${i}`)).verdicts[0]?.verdict);
    expect(new Set(verdicts)).toEqual(new Set(["notified"]));
    expect(await total(metrics.groupsEvicted)).toBe(1);
    expect(await total(metrics.matchOutcomes, { outcome: "digested" })).toBe(19);
    expect(evaluator.floods()).toEqual([]);
    clock.step(MINUTE);
    expect(evaluator.floods()).toMatchObject([{ rule: { name: "flooded" }, groups: 19, occurrences: 19 }]);
    expect(judge(podNamed("invented-99")).passed).toHaveLength(1);
    expect(evaluator.floods(true)).toEqual([]);
  });

  it("does not cover the rules below", () => {
    const { judge } = benchOf([aRule({ name: "flooded", throttle: ONCE_A_MINUTE }), aRule({ name: "below" })], 1);
    for (const name of ["a", "b"]) judge(podNamed(name));
    expect(judge(podNamed("c"))).toMatchObject({
      passed: [{ match: { rule: { name: "below" } } }],
      verdicts: [{ verdict: "notified", receivers: ["feishu"] }, { verdict: "notified" }],
    });
  });

  it("is covered where all its receivers have been told", () => {
    const { judge, evaluator } = benchOf(
      [aRule({ name: "above" }), aRule({ name: "flooded", throttle: ONCE_A_MINUTE })],
      1,
    );
    for (const name of ["a", "b"]) judge(podNamed(name));
    expect(judge(podNamed("c")).verdicts[1]).toMatchObject({ verdict: "covered" });
    expect(evaluator.floods(true)).toEqual([]);
  });
});

function failing(): SeenEvent {
  return seenOnce({
    ...anEvent(),
    get message(): string {
      throw new Error("cannot happen");
    },
  });
}

describe("a rule that fails while running", () => {
  it("counts, is logged once a minute and leaves the others alone", async () => {
    const { judge, metrics, lines, clock } = benchOf([
      aRule({ name: "bad", condition: compare("message", { op: "contains", value: "x" }) }),
      aRule({ name: "good" }),
    ]);
    expect(judge(failing()).verdicts).toMatchObject([{ statement: "good", verdict: "notified" }]);
    judge(failing());
    expect(await total(metrics.ruleFailures, { rule: "bad" })).toBe(2);
    expect(lines).toHaveLength(1);
    clock.step(MINUTE);
    judge(failing());
    expect(lines).toHaveLength(2);
  });
});

describe("a restart", () => {
  it("neither repeats nor forgets", () => {
    const statements = [aRule({ throttle: ONCE_A_MINUTE })];
    const before = benchOf(statements);
    before.judge();
    const after = benchOf(statements);
    after.evaluator.restore(before.evaluator.changed());
    expect(after.judge().passed).toEqual([]);
    after.clock.step(MINUTE);
    expect(after.judge().passed).toHaveLength(1);
    after.evaluator.changed();
    after.clock.step(MINUTE);
    after.evaluator.changed();
    expect(after.evaluator.removed()).toHaveLength(1);
  });
});

describe("the ledger of matches", () => {
  const rules = fc.array(
    fc.record({
      condition: fc.constantFrom(is("type", "Warning"), is("reason", "A"), is("reason", "A", "B")),
      threshold: fc.option(fc.constant({ occurrences: 2, windowMs: 1000 })),
      throttle: fc.option(fc.constant({ notifications: 1, windowMs: 1000 })),
      receivers: fc.subarray(["feishu", "dump"], { minLength: 1 }),
      stop: fc.boolean(),
    }),
    { minLength: 1, maxLength: 5 },
  );
  const events = fc.array(
    fc.record({
      gap: fc.nat(400),
      type: fc.constantFrom("Normal", "Warning"),
      reason: fc.constantFrom("A", "B", "C"),
      name: fc.constantFrom("a", "b", "c", "d", "e"),
      history: fc.boolean(),
    }),
    { maxLength: 60 },
  );

  it("balances: made = suppressed + covered + passed + digested, and no receiver is told twice", async () => {
    await fc.assert(
      fc.asyncProperty(rules, events, fc.integer({ min: 1, max: 4 }), async (parts, all, maxGroups) => {
        const statements = parts.map((part, i) => aRule({ ...part, name: `rule-${i}` }));
        const { judge, clock, metrics, evaluator } = benchOf(statements, maxGroups);
        let passed = 0;
        let flooded = 0;
        for (const { gap, type, reason, name, history } of all) {
          clock.step(gap);
          const event = anEvent({ type, reason, involvedObject: { name }, lastSeenAt: clock.now() });
          const evaluation = judge({ ...seenOnce(event), history });
          passed += evaluation.passed.length;
          const told = evaluation.passed.flatMap(({ receivers }) => receivers);
          expect(new Set(told).size).toBe(told.length);
          flooded += evaluator.floods().reduce((sum, digest) => sum + digest.occurrences, 0);
        }
        flooded += evaluator.floods(true).reduce((sum, digest) => sum + digest.occurrences, 0);
        const outcome = (name: string): Promise<number> => total(metrics.matchOutcomes, { outcome: name });
        const suppressed = await outcome("suppressed");
        expect(await total(metrics.matches)).toBe(
          suppressed + (await outcome("covered")) + passed + (await outcome("digested")),
        );
        expect(await total(metrics.suppressed)).toBe(suppressed);
        expect(await outcome("digested")).toBe(flooded);
      }),
    );
  });
});
