import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createThrottle, type Throttle, type ThrottleDecision } from "../../src/decide/throttle.ts";
import type { Occurrences } from "../../src/model/event.ts";
import type { Rule } from "../../src/model/rule.ts";
import { createMetrics, type Metrics } from "../../src/runtime/metrics.ts";
import { anEvent, NOON } from "../support/events.ts";
import { aRule } from "../support/rules.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";

const MINUTE = 60_000;

interface Bench {
  readonly clock: SteppedClock;
  readonly metrics: Metrics;
  readonly throttle: Throttle;
  /** Decides one occurrence that happens and arrives now. */
  readonly hit: (rule: Rule, options?: HitOptions) => ThrottleDecision;
}

interface HitOptions {
  readonly group?: string;
  readonly occurrences?: Partial<Occurrences>;
  readonly history?: boolean;
  readonly covered?: boolean;
}

function benchOf(maxGroups = 1000, clock: SteppedClock = createSteppedClock(NOON)): Bench {
  const metrics = createMetrics();
  const throttle = createThrottle({ clock, maxGroups, metrics });
  return {
    clock,
    metrics,
    throttle,
    hit(rule, { group = "g", occurrences = {}, history = false, covered = false } = {}) {
      const now = clock.now();
      const seen = {
        event: anEvent(),
        occurrences: { count: 1, from: now, to: now, closed: true, ...occurrences },
        history,
      };
      return throttle.decide(rule, group, seen, { wall: now, monotonic: clock.monotonic() }, covered);
    },
  };
}

async function evictions({ metrics }: Bench): Promise<number> {
  return (await metrics.groupsEvicted.get()).values[0]?.value ?? 0;
}

async function live({ metrics }: Bench): Promise<number> {
  return (await metrics.groupsLive.get()).values[0]?.value ?? 0;
}

function throttled(notifications: number, windowMs: number, name = "t"): Rule {
  return aRule({ name, throttle: { notifications, windowMs } });
}

function thresholded(occurrences: number, windowMs: number, name = "r"): Rule {
  return aRule({ name, threshold: { occurrences, windowMs } });
}

const PASSED = { kind: "passed", held: null };
const HELD_BACK = { kind: "suppressed", why: "throttle" };
const TOO_FEW = { kind: "suppressed", why: "threshold" };

describe("rate<N/T", () => {
  it("passes a notification exactly one window after the first of N", () => {
    const { hit, clock } = benchOf();
    const rule = throttled(1, MINUTE);
    expect(hit(rule)).toEqual(PASSED);
    clock.step(MINUTE - 1);
    expect(hit(rule)).toEqual(HELD_BACK);
    clock.step(1);
    expect(hit(rule)).toEqual({ kind: "passed", held: { count: 1, since: NOON + MINUTE - 1 } });
    clock.step(MINUTE);
    expect(hit(rule)).toEqual(PASSED);
  });

  it("keeps groups and rules apart", () => {
    const { hit } = benchOf();
    expect(hit(throttled(1, MINUTE), { group: "a" })).toEqual(PASSED);
    expect(hit(throttled(1, MINUTE), { group: "b" })).toEqual(PASSED);
    expect(hit(throttled(1, MINUTE, "other"), { group: "a" })).toEqual(PASSED);
    expect(hit(throttled(1, MINUTE), { group: "a" })).toEqual(HELD_BACK);
  });

  it("tells what it held a day ago, but leaves it untold when nobody is left to tell", () => {
    const { hit, clock } = benchOf();
    const rule = throttled(1, MINUTE);
    hit(rule);
    hit(rule);
    clock.step(86_400_000);
    expect(hit(rule, { covered: true })).toEqual(PASSED);
    clock.step(MINUTE);
    expect(hit(rule)).toEqual({ kind: "passed", held: { count: 1, since: NOON } });
  });

  it("counts a covered match as sent", () => {
    const { hit } = benchOf();
    expect(hit(throttled(1, MINUTE), { covered: true })).toEqual(PASSED);
    expect(hit(throttled(1, MINUTE))).toEqual(HELD_BACK);
  });

  it("never lets more than N out in any interval of length T, and holds nothing back without need", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 100 }),
        fc.array(fc.nat(60), { maxLength: 200 }),
        (most, windowMs, gaps) => {
          const { hit, clock } = benchOf();
          const sent: number[] = [];
          for (const gap of gaps) {
            clock.step(gap);
            const at = clock.monotonic();
            const room = sent.filter((time) => time > at - windowMs).length < most;
            const passed = hit(throttled(most, windowMs)).kind === "passed";
            expect(passed).toBe(room);
            if (passed) sent.push(at);
          }
          for (const [i, time] of sent.entries())
            expect((sent[i + most] ?? Infinity) - time).toBeGreaterThanOrEqual(windowMs);
        },
      ),
    );
  });
});

describe("rate>=N/T", () => {
  it("fires with the Nth occurrence in the window and then counts afresh", () => {
    const { hit, clock } = benchOf();
    const rule = thresholded(3, MINUTE);
    const decisions = [];
    for (let i = 0; i < 7; i += 1) {
      decisions.push(hit(rule).kind);
      clock.step(1000);
    }
    expect(decisions.map((kind) => kind === "passed")).toEqual([false, false, true, false, false, true, false]);
  });

  it("leaves out an occurrence exactly one window old", () => {
    const { hit, clock } = benchOf();
    expect(hit(thresholded(2, MINUTE))).toEqual(TOO_FEW);
    clock.step(MINUTE);
    expect(hit(thresholded(2, MINUTE))).toEqual(TOO_FEW);
    clock.step(MINUTE - 1);
    expect(hit(thresholded(2, MINUTE))).toEqual(PASSED);
  });

  it("counts afresh also when the throttle holds the notification back", () => {
    const { hit } = benchOf();
    const rule = aRule({
      threshold: { occurrences: 2, windowMs: MINUTE },
      throttle: { notifications: 1, windowMs: 10 * MINUTE },
    });
    expect([hit(rule), hit(rule), hit(rule), hit(rule), hit(rule)]).toEqual([
      TOO_FEW,
      PASSED,
      TOO_FEW,
      HELD_BACK,
      TOO_FEW,
    ]);
  });

  it("fires once for an update that stands for millions", () => {
    const { hit } = benchOf();
    const rule = thresholded(5, MINUTE);
    expect(hit(rule, { occurrences: { count: 5_000_000, from: NOON - 1000, closed: false } })).toEqual(PASSED);
    expect(hit(rule)).toEqual(TOO_FEW);
  });

  it("spreads an update's occurrences over the time since the last one", () => {
    const { hit } = benchOf();
    // Six in half an hour are one in five minutes: never five in ten.
    const slow = { count: 6, from: NOON - 30 * MINUTE, closed: false };
    expect(hit(thresholded(3, 10 * MINUTE, "no"), { occurrences: slow })).toEqual(TOO_FEW);
    expect(hit(thresholded(2, 10 * MINUTE, "yes"), { occurrences: slow })).toEqual(PASSED);
    // A first sight holds its first occurrence as well: (from, to] would have two within ten minutes, not three.
    const first = { count: 3, from: NOON - 10 * MINUTE + 1, closed: true };
    expect(hit(thresholded(3, 10 * MINUTE, "closed"), { occurrences: first })).toEqual(PASSED);
    expect(hit(thresholded(3, 10 * MINUTE - 1, "short"), { occurrences: first })).toEqual(TOO_FEW);
  });

  it("takes late occurrences in at their own time and those before the window not at all", () => {
    const { hit, clock } = benchOf();
    const rule = thresholded(3, 10 * MINUTE);
    hit(rule);
    const late = NOON - 9 * MINUTE;
    expect(hit(rule, { occurrences: { from: late, to: late } })).toEqual(TOO_FEW);
    const tooLate = NOON - 10 * MINUTE;
    expect(hit(rule, { occurrences: { from: tooLate, to: tooLate } })).toEqual(TOO_FEW);
    clock.step(MINUTE);
    expect(hit(rule)).toEqual(TOO_FEW);
    expect(hit(rule)).toEqual(PASSED);
  });

  it("takes no clock to be more than an hour behind or five seconds ahead", () => {
    const { hit, clock } = benchOf();
    const behind = { occurrences: { from: 0, to: 0 } };
    hit(thresholded(2, 60 * MINUTE + 1, "behind"), behind);
    expect(hit(thresholded(2, 60 * MINUTE + 1, "behind"))).toEqual(PASSED);
    expect(hit(thresholded(1, 60 * MINUTE, "out"), behind)).toEqual(TOO_FEW);
    const ahead = { occurrences: { from: NOON * 2, to: NOON * 2 } };
    expect(hit(thresholded(1, 1, "at once"), ahead)).toEqual(PASSED);
    hit(thresholded(2, MINUTE, "ahead"), ahead);
    clock.step(MINUTE + 4_999);
    expect(hit(thresholded(2, MINUTE, "ahead"))).toEqual(PASSED);
  });

  it("fires as a count over all occurrences ever seen says it should", () => {
    const update = fc.record({
      gap: fc.nat(40),
      count: fc.integer({ min: 1, max: 12 }),
      lag: fc.integer({ min: -6_000, max: 200 }),
      span: fc.nat(120),
      closed: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 200 }),
        fc.array(update, { maxLength: 60 }),
        (least, windowMs, updates) => {
          const { hit, clock } = benchOf();
          let counted: number[] = [];
          for (const { gap, count, lag, span, closed } of updates) {
            clock.step(gap);
            const now = clock.now();
            const to = now - lag;
            const from = to - span;
            for (let i = 1; i <= count; i += 1) {
              const back = closed && count > 1 ? (span * (count - i)) / (count - 1) : (span * (count - i)) / count;
              counted.push(Math.min(Math.round(to - back), now + 5_000));
            }
            const end = Math.max(now, ...counted);
            const fires = counted.filter((time) => time > end - windowMs).length >= least;
            if (fires) counted = [];
            expect(hit(thresholded(least, windowMs), { occurrences: { count, from, to, closed } }).kind).toBe(
              fires ? "passed" : "suppressed",
            );
          }
        },
      ),
    );
  });
});

describe("history", () => {
  it("fills threshold windows and fires nothing", () => {
    const { hit } = benchOf();
    const rule = thresholded(3, MINUTE);
    const past = { history: true, occurrences: { count: 9, from: NOON - 1000 } };
    expect(hit(rule, past)).toEqual({ kind: "suppressed", why: "history" });
    expect(hit(rule)).toEqual(PASSED);
    expect(hit(rule)).toEqual(TOO_FEW);
  });

  it("uses up no throttle and notifies nobody without any rate", () => {
    const { hit } = benchOf();
    expect(hit(throttled(1, MINUTE), { history: true })).toEqual({ kind: "suppressed", why: "history" });
    expect(hit(throttled(1, MINUTE))).toEqual(PASSED);
    expect(hit(aRule(), { history: true })).toEqual({ kind: "suppressed", why: "history" });
    expect(hit(aRule())).toEqual(PASSED);
  });

  it("pushes no live group out of a full table", async () => {
    const bench = benchOf(1);
    bench.hit(throttled(1, MINUTE));
    bench.hit(thresholded(2, MINUTE), { history: true });
    expect(await evictions(bench)).toBe(0);
    expect(bench.hit(throttled(1, MINUTE))).toEqual(HELD_BACK);
  });
});

describe("the table of groups", () => {
  it("holds no group for rules without rates, nor for a threshold that has just fired", async () => {
    const bench = benchOf();
    bench.hit(aRule());
    bench.hit(thresholded(1, MINUTE));
    expect(await live(bench)).toBe(0);
    bench.hit(thresholded(2, MINUTE, "two"));
    expect(await live(bench)).toBe(1);
    bench.hit(thresholded(2, MINUTE, "two"));
    expect(await live(bench)).toBe(0);
  });

  it("lets groups go uncounted once their windows have run out", async () => {
    const bench = benchOf(2);
    const { hit, clock } = bench;
    hit(throttled(1, MINUTE), { group: "a" });
    clock.step(1000);
    hit(throttled(1, MINUTE), { group: "b" });
    clock.step(MINUTE - 1000);
    // Touched later but run out all the same: `b` is older by use than `a`, yet `a` must go.
    expect(hit(throttled(1, MINUTE), { group: "c" })).toEqual(PASSED);
    expect(hit(throttled(1, MINUTE), { group: "b" })).toEqual(HELD_BACK);
    expect(await evictions(bench)).toBe(0);
  });

  it("pushes one live group out, then floods until there is room again", async () => {
    const bench = benchOf(3);
    const { hit, clock } = bench;
    const rule = throttled(1, MINUTE);
    for (const group of ["a", "b", "c"]) {
      hit(rule, { group });
      clock.step(1000);
    }
    expect(hit(rule, { group: "d" })).toEqual(PASSED);
    expect(await evictions(bench)).toBe(1);
    for (const group of ["e", "f", "a"]) expect(hit(rule, { group })).toEqual({ kind: "flooded" });
    expect(hit(rule, { group: "b" })).toEqual(HELD_BACK);
    expect(await evictions(bench)).toBe(1);

    // `b` runs out: there is room for one new group, and no more.
    clock.step(58_000);
    expect(hit(rule, { group: "g" })).toEqual(PASSED);
    expect(hit(rule, { group: "h" })).toEqual({ kind: "flooded" });
    expect(await evictions(bench)).toBe(1);
  });

  it("floods one rule only", () => {
    const { hit } = benchOf(2);
    for (const group of ["a", "b", "c", "d"]) hit(throttled(1, MINUTE), { group });
    expect(hit(throttled(1, MINUTE), { group: "e" })).toEqual({ kind: "flooded" });
    expect(hit(throttled(1, MINUTE, "calm"), { group: "e" })).toEqual(PASSED);
  });

  it("ends a flood once a rule has found room for a minute", async () => {
    const bench = benchOf(1);
    const { hit, clock } = bench;
    const rule = throttled(1, MINUTE);
    for (const group of ["a", "b", "c"]) hit(rule, { group });
    expect(await evictions(bench)).toBe(1);
    clock.step(2 * MINUTE);
    hit(rule, { group: "d" });
    expect(hit(rule, { group: "e" })).toEqual(PASSED);
    expect(await evictions(bench)).toBe(2);
  });

  it("keeps the groups of unchanged rules over a reload and forgets the others", async () => {
    const bench = benchOf(2);
    const { hit, throttle } = bench;
    for (const group of ["a", "b", "c", "d"]) hit(throttled(1, MINUTE, "gone"), { group });
    hit(throttled(1, MINUTE, "kept"));
    throttle.keepOnly(new Set(["kept"]));
    expect(await live(bench)).toBe(1);
    expect(hit(throttled(1, MINUTE, "kept"))).toEqual(HELD_BACK);
    expect(hit(throttled(1, MINUTE, "gone"), { group: "d" })).toEqual(PASSED);
    // Its flood is forgotten too: it may push a group out again.
    expect(hit(throttled(1, MINUTE, "gone"), { group: "e" })).toEqual(PASSED);
  });
});

describe("saving", () => {
  it("hands out what changed, once", () => {
    const { hit, throttle, clock } = benchOf();
    hit(throttled(1, MINUTE), { group: "a" });
    hit(thresholded(3, 2 * MINUTE), { group: "b" });
    clock.step(500);
    hit(throttled(1, MINUTE), { group: "a" });
    expect(throttle.changed()).toEqual([
      {
        ruleKey: "t",
        group: "a",
        sentAt: [NOON],
        occurredAt: [],
        heldCount: 1,
        heldSince: NOON + 500,
        windowMs: MINUTE,
      },
      { ruleKey: "r", group: "b", sentAt: [], occurredAt: [NOON], heldCount: 0, heldSince: 0, windowMs: 2 * MINUTE },
    ]);
    expect(throttle.changed()).toEqual([]);
  });

  it("names saved groups that are gone, once, and no group that was never saved", () => {
    const { hit, throttle, clock } = benchOf();
    hit(throttled(1, MINUTE), { group: "a" });
    throttle.changed();
    clock.step(MINUTE - 1);
    hit(throttled(1, 1), { group: "b" });
    clock.step(1);
    expect(throttle.changed()).toEqual([]);
    expect(throttle.removed()).toEqual([{ ruleKey: "t", group: "a" }]);
    expect(throttle.removed()).toEqual([]);
  });

  it("keeps a group that still has something to tell for a day", () => {
    const { hit, throttle, clock } = benchOf();
    hit(throttled(1, MINUTE));
    hit(throttled(1, MINUTE));
    throttle.changed();
    clock.step(86_400_000);
    throttle.changed();
    expect(throttle.removed()).toEqual([]);
    clock.step(MINUTE);
    throttle.changed();
    expect(throttle.removed()).toHaveLength(1);
  });

  it("does not name a group that came back before the next save", () => {
    const { hit, throttle } = benchOf();
    hit(thresholded(2, MINUTE));
    throttle.changed();
    hit(thresholded(2, MINUTE));
    hit(thresholded(2, MINUTE));
    expect(throttle.removed()).toEqual([]);
    expect(throttle.changed()).toHaveLength(1);
  });

  it("hands out everything again after the wall clock has jumped", () => {
    const { hit, throttle, clock } = benchOf();
    hit(throttled(1, MINUTE));
    throttle.changed();
    clock.jump(3_600_000);
    expect(throttle.changed()).toMatchObject([{ sentAt: [NOON + 3_600_000] }]);
    expect(throttle.changed()).toEqual([]);
  });

  it("takes times in the future as now: neither a burst nor silence for longer than a window", () => {
    const { hit, throttle, clock } = benchOf();
    throttle.restore([
      { ruleKey: "t", group: "g", sentAt: [NOON * 2], occurredAt: [], heldCount: 0, heldSince: 0, windowMs: MINUTE },
    ]);
    expect(hit(throttled(1, MINUTE))).toEqual(HELD_BACK);
    clock.step(MINUTE);
    expect(hit(throttled(1, MINUTE)).kind).toBe("passed");
  });

  it("restores no more groups than the table holds and names the others as gone", () => {
    const { throttle } = benchOf(1);
    const saved = { ruleKey: "t", sentAt: [NOON], occurredAt: [], heldCount: 0, heldSince: 0, windowMs: MINUTE };
    throttle.restore([
      { ...saved, group: "a" },
      { ...saved, group: "b" },
    ]);
    expect(throttle.removed()).toEqual([{ ruleKey: "t", group: "b" }]);
  });
});

/** One thing that happens to a throttle. `group` is small so that steps meet. */
const STEP = fc.record({
  gap: fc.nat(50),
  group: fc.constantFrom("a", "b", "c"),
  rule: fc.constantFrom(
    throttled(2, 70, "few"),
    thresholded(3, 90, "many"),
    aRule({ name: "both", threshold: { occurrences: 2, windowMs: 60 }, throttle: { notifications: 1, windowMs: 200 } }),
  ),
  count: fc.integer({ min: 1, max: 4 }),
  span: fc.nat(80),
  history: fc.boolean(),
  restarts: fc.boolean(),
  jump: fc.integer({ min: -1e9, max: 1e9 }),
});

describe("laws", () => {
  it("decides the same with a restart between any two Events", () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 80 }), (steps) => {
        const steady = benchOf();
        let restarted = benchOf();
        const disk = new Map<string, ReturnType<Throttle["changed"]>[number]>();
        for (const { gap, group, rule, count, span, history, restarts } of steps) {
          if (restarts) {
            for (const state of restarted.throttle.changed()) disk.set(state.ruleKey + state.group, state);
            for (const key of restarted.throttle.removed()) disk.delete(key.ruleKey + key.group);
            restarted = benchOf(1000, createSteppedClock(restarted.clock.now(), 77));
            restarted.throttle.restore([...disk.values()]);
          }
          steady.clock.step(gap);
          restarted.clock.step(gap);
          const now = steady.clock.now();
          const options = { group, history, occurrences: { count, from: now - span, to: now, closed: false } };
          expect(restarted.hit(rule, options)).toEqual(steady.hit(rule, options));
        }
      }),
    );
  });

  it("decides the same whatever the wall clock does, when the reporters' clock does it too", () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 80 }), (steps) => {
        const steady = benchOf();
        const jumpy = benchOf();
        for (const { gap, group, rule, count, span, history, jump } of steps) {
          const decisions = [steady, jumpy].map(({ clock, hit }) => {
            clock.step(gap);
            if (clock === jumpy.clock) clock.jump(jump);
            const now = clock.now();
            const decision = hit(rule, {
              group,
              history,
              occurrences: { count, from: now - span, to: now, closed: false },
            });
            // `since` is the wall clock's, so it moves with it.
            return decision.kind === "passed" ? (decision.held?.count ?? 0) : decision;
          });
          expect(decisions[0]).toEqual(decisions[1]);
        }
      }),
    );
  });

  it("passes a throttled group at most N times a window beyond the groups pushed out, however many names come", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ gap: fc.nat(20), group: fc.nat(12) }), { maxLength: 300 }),
        async (hits) => {
          const bench = benchOf(4);
          const rule = throttled(1, 100);
          const sent: { at: number; group: number }[] = [];
          for (const { gap, group } of hits) {
            bench.clock.step(gap);
            if (bench.hit(rule, { group: String(group) }).kind === "passed") {
              sent.push({ at: bench.clock.monotonic(), group });
            }
          }
          const repeats = sent.filter(({ at, group }, i) =>
            sent.slice(0, i).some((before) => before.group === group && before.at > at - 100),
          );
          expect(repeats.length).toBeLessThanOrEqual(await evictions(bench));
        },
      ),
    );
  });
});
