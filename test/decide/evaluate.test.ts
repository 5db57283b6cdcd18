import * as fc from "fast-check";
import type { Counter } from "prom-client";
import { describe, expect, it, test } from "vitest";
import { createEvaluator, type Evaluation, type Evaluator } from "../../src/decide/evaluate.ts";
import type { AddressedAlert } from "../../src/model/alert.ts";
import type { Looked, ObjectMeta, Occurrences, SeenEvent } from "../../src/model/event.ts";
import type { Held } from "../../src/model/match.ts";
import type { Rule, Statement } from "../../src/model/rule.ts";
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
  readonly lasting: () => number;
  /** Evaluates as arriving now; without an Event of its own, one last seen now. */
  readonly judge: (seen?: SeenEvent) => Evaluation;
}

/** The lasting clock stands far from the wall clock, so that one is never taken for the other. */
function benchOf(statements: readonly Statement[], maxGroups = 100, start = { wall: NOON, lasting: 5_000_000 }): Bench {
  const clock = createSteppedClock(start.wall);
  const lasting = (): number => start.lasting + clock.monotonic();
  const metrics = createMetrics();
  const lines: string[] = [];
  const logger = createLogger(createRedactor(), "debug", { write: (line: string) => lines.push(line) });
  const evaluator = createEvaluator({ clock, lasting: { now: lasting }, maxGroups, metrics, logger });
  evaluator.use({ statements });
  return {
    clock,
    metrics,
    evaluator,
    lines,
    lasting,
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

/** A restart: another process takes back what this one saved up to now. */
function restarted(before: Bench, statements: readonly Statement[], maxGroups = 100): Bench {
  const after = benchOf(statements, maxGroups, { wall: before.clock.now(), lasting: before.lasting() });
  const { groups, agenda } = before.evaluator.changes();
  after.evaluator.restore({ groups, agenda });
  return after;
}

/** Names of the rules that tell somebody, and whom. */
function told(alerts: readonly AddressedAlert[]): readonly unknown[] {
  return alerts.map(({ alert, receivers }) => [alert.rule?.name, ...receivers]);
}

function heldOf(alerts: readonly AddressedAlert[]): Held | null {
  const [first] = alerts;
  return first?.alert.kind === "event" ? first.alert.held : null;
}

/** Matches of the digests among the alerts. */
function digested(alerts: readonly AddressedAlert[]): number {
  const digests = alerts.map(({ alert }) => alert).filter((alert) => alert.kind === "digest");
  return digests.reduce(
    (sum, digest) => digest.lines.reduce((all, line) => all + line.alerts, sum + digest.more.alerts),
    0,
  );
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
      expect(judge().alerts).toMatchObject([{ alert: { kind: "event", held: null }, receivers: ["feishu"] }]);
      clock.step(MINUTE);
    }
    const heldSince = clock.now();
    expect(judge().verdicts).toMatchObject([{ matched: true, verdict: "suppressed", why: "throttle", receivers: [] }]);
    clock.step(5 * MINUTE - 1);
    expect(judge().alerts).toEqual([]);
    clock.step(1);
    expect(heldOf(judge().alerts)).toEqual({ count: 2, since: heldSince });
  });

  it("leaves a Normal Event unmatched and makes nothing new for it", () => {
    const { judge } = benchOf([rule]);
    const first = judge(seenOnce(anEvent({ type: "Normal" })));
    expect(first).toMatchObject({ outcome: "unmatched", alerts: [], verdicts: [], unknown: [] });
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
    const { alerts, verdicts } = judge();
    expect(verdicts.map(({ statement, verdict, receivers }) => [statement, verdict, receivers])).toEqual([
      ["quiet", "suppressed", []],
      ["first", "notified", ["feishu"]],
      ["both", "notified", ["dump"]],
      ["late", "covered", []],
    ]);
    expect(told(alerts)).toEqual([
      ["first", "feishu"],
      ["both", "dump"],
    ]);
    expect(alerts[0]?.alert).toMatchObject({
      met: [
        ["quiet", "suppressed: threshold"],
        ["both", "notified"],
        ["late", "covered"],
      ],
    });
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
    const { outcome, alerts, verdicts } = judge();
    expect(outcome).toBe("matched");
    expect(told(alerts)).toEqual([["above", "feishu"]]);
    expect(verdicts.map(({ statement, verdict }) => [statement, verdict])).toEqual([
      ["above", "notified"],
      ["end", "dropped"],
    ]);
  });

  it("is dropped when no rule above the drop held", () => {
    expect(benchOf([aDrop(is("kind", "Pod")), aRule()]).judge()).toMatchObject({ outcome: "dropped", alerts: [] });
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
    const { alerts, verdicts } = judge({ ...seenOnce(anEvent()), history: true });
    expect(alerts).toEqual([]);
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
      alerts: [{ receivers: ["feishu"] }, { receivers: ["dump"], alert: { facts: { "label.team": "web" } } }],
    });
  });

  it("make groups of their own", () => {
    const { evaluator } = benchOf([aRule({ by: [{ kind: "label", key: "team" }], throttle: ONCE_A_MINUTE })]);
    const passes = (given: ObjectMeta | null): unknown => {
      const evaluation = evaluator.evaluate(seenOnce(anEvent()), given);
      return evaluation === "needs-meta" ? evaluation : evaluation.alerts.length;
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
    expect(evaluator.due()).toEqual([]);
    clock.step(MINUTE);
    const digests = evaluator.due();
    expect(told(digests)).toEqual([["flooded", "feishu"]]);
    expect(digests[0]?.alert).toMatchObject({ why: "flood", more: { groups: 14, alerts: 14, occurrences: 14 } });
    expect(judge(podNamed("invented-99")).alerts).toHaveLength(1);
    expect(evaluator.due(true)).toEqual([]);
  });

  it("does not cover the rules below", () => {
    const { judge } = benchOf([aRule({ name: "flooded", throttle: ONCE_A_MINUTE }), aRule({ name: "below" })], 1);
    for (const name of ["a", "b"]) judge(podNamed(name));
    expect(judge(podNamed("c"))).toMatchObject({
      alerts: [{ alert: { rule: { name: "below" } } }],
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
    expect(evaluator.due(true)).toEqual([]);
  });

  it("is told to those only whom no rule above has told of its Events", () => {
    const flooded = aRule({ name: "flooded", throttle: ONCE_A_MINUTE, receivers: ["feishu", "dump"] });
    const { judge, evaluator } = benchOf([aRule({ name: "above", condition: is("reason", "Loud") }), flooded], 1);
    for (const name of ["a", "b"]) judge(podNamed(name));
    const loud = anEvent({ reason: "Loud", involvedObject: { name: "c" } });
    expect(judge(seenOnce(loud)).verdicts.map(({ receivers }) => receivers)).toEqual([["feishu"], ["dump"]]);
    judge(podNamed("d"));
    judge(podNamed("e"));
    const digests = evaluator.due(true);
    expect(told(digests)).toEqual([
      ["flooded", "dump"],
      ["flooded", "feishu", "dump"],
    ]);
    expect(digests.map((one) => digested([one]))).toEqual([1, 2]);
  });

  it("loses nothing when the engine is killed: what was saved of it is told when it is due", () => {
    const statements = [aRule({ name: "flooded", throttle: ONCE_A_MINUTE })];
    const before = benchOf(statements, 10);
    for (let i = 0; i < 30; i += 1) before.judge(podNamed(`invented-${i}`));
    before.clock.step(20_000);
    const after = restarted(before, statements, 10);
    expect(after.evaluator.due()).toEqual([]);
    after.clock.step(39_999);
    expect(after.evaluator.due()).toEqual([]);
    after.clock.step(1);
    expect(digested(after.evaluator.due())).toBe(19);
    expect(after.evaluator.changes().removedAgenda).toHaveLength(1);
  });
});

/** Fails the first rule that reads its message. */
function failing(): SeenEvent {
  let isRead = false;
  return seenOnce({
    ...anEvent(),
    get message(): string {
      if (isRead) return "x";
      isRead = true;
      throw new Error("cannot happen");
    },
  });
}

describe("a rule that fails while running", () => {
  it("counts, is logged once a minute and leaves the others alone", async () => {
    const statements = [
      aRule({ name: "bad", condition: compare("message", { op: "contains", value: "x" }) }),
      aRule({ name: "good" }),
    ];
    const { evaluator, judge, metrics, lines, clock } = benchOf(statements);
    expect(judge(failing()).verdicts).toMatchObject([{ statement: "good", verdict: "notified" }]);
    judge(failing());
    expect(await total(metrics.ruleFailures, { rule: "bad" })).toBe(2);
    expect(lines).toHaveLength(1);
    clock.step(MINUTE);
    judge(failing());
    expect(lines).toHaveLength(2);
    // A new set may have another fault under the same name.
    evaluator.use({ statements });
    judge(failing());
    expect(lines).toHaveLength(3);
  });
});

describe("labels that cannot be looked up", () => {
  const UNSEEN: Looked = { unknown: "forbidden" };
  const missing = compare({ kind: "label", key: "app" }, { op: "exists" }, true);

  it("let no condition hold that turns on them, and the statements below go on", () => {
    const labelled = aRule({ name: "labelled", condition: allOf(is("type", "Warning"), missing) });
    const drop = aDrop(missing, "drop");
    const other = aRule({ name: "other", condition: allOf(label("app", "x"), is("type", "Normal")) });
    const below = aRule({ name: "below" });
    const { evaluator, judge } = benchOf([labelled, drop, other, below]);
    const blind = evaluator.evaluate(seenOnce(anEvent()), UNSEEN);
    expect(blind).toMatchObject({ outcome: "matched", unknown: [labelled, drop] });
    expect(blind === "needs-meta" ? [] : told(blind.alerts)).toEqual([["below", "feishu"]]);
    expect(evaluator.evaluate(seenOnce(anEvent({ type: "Odd" })), UNSEEN)).toMatchObject({
      outcome: "unmatched",
      unknown: [drop],
      verdicts: [],
    });
    const seen = evaluator.evaluate(seenOnce(anEvent()), { labels: {}, annotations: {} });
    expect(seen).toMatchObject({ outcome: "matched", unknown: [] });
    expect(seen === "needs-meta" ? [] : told(seen.alerts)).toEqual([["labelled", "feishu"]]);
    expect(() => judge()).toThrow("needs meta");
  });

  it("group under the empty text, and the rule is named", () => {
    const rule = aRule({ by: [{ kind: "label", key: "team" }], throttle: ONCE_A_MINUTE });
    const { evaluator } = benchOf([rule]);
    expect(evaluator.evaluate(seenOnce(anEvent()), UNSEEN)).toMatchObject({
      alerts: [{ alert: { group: [["label.team", ""]], facts: {} } }],
      unknown: [rule],
    });
    evaluator.use({ statements: [rule, aRule({ name: "below", condition: missing })] });
    expect(evaluator.evaluate(seenOnce(anEvent()), UNSEEN)).toMatchObject({
      unknown: [{ name: rule.name }, { name: "below" }],
    });
    const none = evaluator.evaluate(seenOnce(anEvent()), { labels: { app: "x" }, annotations: {} });
    expect(none).toMatchObject({ verdicts: [{ verdict: "suppressed" }], unknown: [] });
  });

  it("show as unmatched where every statement is asked for", () => {
    const { evaluator } = benchOf([aRule({ name: "labelled", condition: missing }), aRule({ name: "below" })]);
    expect(evaluator.evaluate(seenOnce(anEvent()), { unknown: "failed" }, true)).toMatchObject({
      verdicts: [
        { statement: "labelled", verdict: "unmatched" },
        { statement: "below", verdict: "notified" },
      ],
      unknown: [{ name: "labelled" }],
    });
  });
});

describe("a threshold and a throttle of one rule", () => {
  const rule = aRule({
    threshold: { occurrences: 2, windowMs: MINUTE },
    throttle: { notifications: 1, windowMs: 10 * MINUTE },
  });

  it("are asked in this order, and counting starts afresh also when the throttle says no", () => {
    const { judge } = benchOf([rule]);
    const whys = Array.from({ length: 5 }, () => judge().verdicts[0]?.why);
    expect(whys).toEqual(["threshold", null, "threshold", "throttle", "threshold"]);
  });

  it("leave the last word to history, which fills windows and uses nothing up", () => {
    const { judge } = benchOf([rule]);
    const past = { ...seenOnce(anEvent()), history: true };
    const many = { ...past, occurrences: { ...past.occurrences, count: 9 } };
    expect(judge(many).verdicts[0]?.why).toBe("history");
    expect(judge().verdicts[0]).toMatchObject({ verdict: "notified" });
    expect(judge().verdicts[0]?.why).toBe("threshold");
  });
});

test("history pushes no group out of a full table", async () => {
  const loud = aRule({ name: "loud", condition: is("reason", "Loud"), throttle: ONCE_A_MINUTE });
  const often = aRule({ name: "often", threshold: { occurrences: 9, windowMs: MINUTE } });
  const { judge, metrics } = benchOf([loud, often], 1);
  judge(seenOnce(anEvent({ type: "Normal", reason: "Loud" })));
  judge({ ...podNamed("past"), history: true });
  expect(await total(metrics.groupsEvicted)).toBe(0);
});

describe("what a throttle held back", () => {
  it("is told after a day, and left untold by a match that is covered", () => {
    const rule = aRule({ name: "held", throttle: ONCE_A_MINUTE, by: [] });
    const { judge, clock } = benchOf([aRule({ name: "above", condition: is("reason", "Loud") }), rule]);
    const loud = (): SeenEvent => seenOnce(anEvent({ reason: "Loud", lastSeenAt: clock.now() }));
    judge();
    judge();
    clock.step(86_400_000);
    expect(judge(loud()).verdicts[1]).toMatchObject({ verdict: "covered" });
    clock.step(MINUTE);
    expect(heldOf(judge().alerts)).toEqual({ count: 1, since: NOON });
  });
});

describe("a restart", () => {
  it("neither repeats nor forgets", () => {
    const statements = [aRule({ throttle: ONCE_A_MINUTE })];
    const before = benchOf(statements);
    before.judge();
    const after = restarted(before, statements);
    expect(after.judge().alerts).toEqual([]);
    after.clock.step(MINUTE);
    expect(after.judge().alerts).toHaveLength(1);
    after.evaluator.changes();
    after.clock.step(MINUTE);
    expect(after.evaluator.changes().removedGroups).toHaveLength(1);
  });

  it("forgets the groups of rules that are gone", () => {
    const before = benchOf([aRule({ throttle: ONCE_A_MINUTE })]);
    before.judge();
    const after = restarted(before, [aRule({ name: "other" })]);
    expect(after.evaluator.changes().removedGroups).toHaveLength(1);
    expect(after.lines).toEqual([]);
  });

  it("sets aside what cannot be read, says so, and takes the rest", () => {
    const statements = [aRule({ throttle: ONCE_A_MINUTE })];
    const before = benchOf(statements);
    before.judge();
    const { groups } = before.evaluator.changes();
    const after = benchOf(statements);
    after.evaluator.restore({
      groups: [{ ruleKey: "a.rules:1", group: "broken", slots: {} }, ...groups],
      agenda: [{ key: "broken", kind: "after", due: 1, body: "{" }],
    });
    expect(after.lines).toHaveLength(1);
    expect(after.lines[0]).toContain('"unreadable":2');
    expect(after.judge().alerts).toEqual([]);
    const { removedGroups, removedAgenda } = after.evaluator.changes();
    expect([removedGroups.map(({ group }) => group), removedAgenda]).toEqual([["broken"], ["broken"]]);
  });
});

/** One thing that happens to the groups of three rules. There are few groups, so that steps meet. */
const RATED: readonly Rule[] = [
  aRule({ name: "few", condition: is("reason", "few"), throttle: { notifications: 2, windowMs: 70 } }),
  aRule({ name: "many", condition: is("reason", "many"), threshold: { occurrences: 3, windowMs: 90 } }),
  aRule({
    name: "both",
    condition: is("reason", "both"),
    threshold: { occurrences: 2, windowMs: 60 },
    throttle: { notifications: 1, windowMs: 200 },
  }),
];
const STEP = fc.record({
  gap: fc.nat(50),
  name: fc.constantFrom("a", "b", "c"),
  reason: fc.constantFrom("few", "many", "both"),
  count: fc.integer({ min: 1, max: 4 }),
  span: fc.nat(80),
  history: fc.boolean(),
  restarts: fc.boolean(),
  jump: fc.integer({ min: -1e9, max: 1e9 }),
});

describe("the clocks", () => {
  type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never;

  /** How the match of the step ends when it happens now: `since` is the wall clock's, so it is left out. */
  const endOf = ({ judge, clock }: Bench, { name, reason, count, span, history }: Step): unknown => {
    const now = clock.now();
    const occurrences: Occurrences = { count, from: now - span, to: now, closed: false };
    const event = anEvent({ reason, lastSeenAt: now, involvedObject: { name } });
    const { verdicts, alerts } = judge({ event, occurrences, history });
    return [verdicts[0]?.verdict, verdicts[0]?.why, heldOf(alerts)?.count];
  };

  it("let a restart between any two Events change nothing", () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 80, size: "max" }), (steps) => {
        const steady = benchOf(RATED);
        let other = benchOf(RATED);
        const disk = new Map<string, ReturnType<Evaluator["changes"]>["groups"][number]>();
        for (const step of steps) {
          if (step.restarts) {
            const { groups, removedGroups } = other.evaluator.changes();
            for (const state of groups) disk.set(state.ruleKey + state.group, state);
            for (const key of removedGroups) disk.delete(key.ruleKey + key.group);
            other = benchOf(RATED, 100, { wall: other.clock.now(), lasting: other.lasting() });
            const saved = JSON.parse(JSON.stringify([...disk.values()])) as typeof groups;
            other.evaluator.restore({ groups: saved, agenda: [] });
          }
          steady.clock.step(step.gap);
          other.clock.step(step.gap);
          expect(endOf(other, step)).toEqual(endOf(steady, step));
        }
      }),
    );
  });

  it("let the wall clock do what it likes when the reporters' clock does it too", () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 80, size: "max" }), (steps) => {
        const steady = benchOf(RATED);
        const jumpy = benchOf(RATED);
        for (const step of steps) {
          steady.clock.step(step.gap);
          jumpy.clock.step(step.gap);
          jumpy.clock.jump(step.jump);
          expect(endOf(jumpy, step)).toEqual(endOf(steady, step));
        }
      }),
    );
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

  it("balances: made = suppressed + covered + rendered + digested, and no receiver is told twice", async () => {
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
          passed += evaluation.alerts.length;
          const names = evaluation.alerts.flatMap(({ receivers }) => receivers);
          expect(new Set(names).size).toBe(names.length);
          flooded += digested(evaluator.due());
        }
        flooded += digested(evaluator.due(true));
        const outcome = (name: string): Promise<number> => total(metrics.matchOutcomes, { outcome: name });
        const suppressed = await outcome("suppressed");
        expect(await total(metrics.matches)).toBe(
          suppressed + (await outcome("covered")) + passed + (await outcome("digested")),
        );
        expect(await total(metrics.suppressed)).toBe(suppressed);
        expect(await outcome("digested")).toBe(flooded);
        expect(await outcome("rendered")).toBe(passed);
      }),
    );
  });
});
