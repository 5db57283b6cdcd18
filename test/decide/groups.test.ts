import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { askThreshold, countAfresh, countOccurrences } from "../../src/decide/clauses/threshold.ts";
import { askThrottle } from "../../src/decide/clauses/throttle.ts";
import { createGroups, type Groups } from "../../src/decide/groups.ts";
import type { Rule } from "../../src/model/rule.ts";
import { createMetrics, type Metrics } from "../../src/runtime/metrics.ts";
import { anEvent, NOON, seenOnce } from "../support/events.ts";
import { aRule } from "../support/rules.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;

interface Bench {
  readonly groups: Groups;
  readonly metrics: Metrics;
  /** Lasting ms. */
  readonly now: () => number;
  readonly pass: (ms: number) => void;
  /** One match that arrives now: whether it passed, was held by its slots, or found no room. */
  readonly hit: (rule: Rule, group?: string, history?: boolean) => "pass" | "quiet" | "flooded";
}

function benchOf(maxGroups = 1000): Bench {
  const metrics = createMetrics();
  const groups = createGroups({ maxGroups, metrics });
  let passed = 0;
  const now = (): number => 5_000_000 + passed;
  return {
    groups,
    metrics,
    now,
    pass(ms) {
      passed += ms;
    },
    hit(rule, name = "g", history = false) {
      const moment = { wall: NOON + passed, lasting: now() };
      const match = { rule, group: name, seen: seenOnce(anEvent({ lastSeenAt: moment.wall })) };
      const group = groups.take(rule, name);
      const { threshold, throttle } = group.slots;
      if (threshold) countOccurrences(threshold, match, moment);
      if (history) {
        groups.keepIfRoom(group, moment.lasting);
        return "quiet";
      }
      let answer = threshold ? askThreshold(threshold) : "pass";
      if (answer === "pass" && threshold) countAfresh(threshold);
      if (answer === "pass" && throttle) answer = askThrottle(throttle, match, moment);
      if (!groups.keep(group, moment.lasting)) return "flooded";
      return answer === "pass" ? "pass" : "quiet";
    },
  };
}

function throttled(windowMs: number, name = "t"): Rule {
  return aRule({ name, throttle: { notifications: 1, windowMs } });
}

function thresholded(occurrences: number, windowMs: number, name = "r"): Rule {
  return aRule({ name, threshold: { occurrences, windowMs } });
}

async function evictions({ metrics }: Bench): Promise<number> {
  return (await metrics.groupsEvicted.get()).values[0]?.value ?? 0;
}

async function live({ metrics }: Bench): Promise<number> {
  return (await metrics.groupsLive.get()).values[0]?.value ?? 0;
}

describe("the table of groups", () => {
  it("keeps groups and rules apart", () => {
    const { hit } = benchOf();
    expect(hit(throttled(MINUTE), "a")).toBe("pass");
    expect(hit(throttled(MINUTE), "b")).toBe("pass");
    expect(hit(throttled(MINUTE, "other"), "a")).toBe("pass");
    expect(hit(throttled(MINUTE), "a")).toBe("quiet");
    // Neither key nor group may be read as part of the other.
    expect(hit(throttled(MINUTE, "x"), "y1:z")).toBe("pass");
    expect(hit(throttled(MINUTE, "xy"), "1:z")).toBe("pass");
  });

  it("holds no record with nothing in it", async () => {
    const bench = benchOf();
    bench.hit(thresholded(1, MINUTE));
    expect(await live(bench)).toBe(0);
    bench.hit(thresholded(2, MINUTE, "two"));
    expect(await live(bench)).toBe(1);
    bench.hit(thresholded(2, MINUTE, "two"));
    expect(await live(bench)).toBe(0);
  });

  it("lets groups go uncounted once they have ended, whichever was used last", async () => {
    const bench = benchOf(2);
    const { hit, pass } = bench;
    hit(throttled(MINUTE), "a");
    pass(1000);
    hit(throttled(MINUTE), "b");
    hit(throttled(MINUTE), "a");
    pass(MINUTE - 1000);
    // `b` is the one unused for longest, yet `a` has ended.
    expect(hit(throttled(MINUTE), "c")).toBe("pass");
    expect(hit(throttled(MINUTE), "b")).toBe("quiet");
    expect(await evictions(bench)).toBe(0);
  });

  it("notices a group that ends sooner than it was to", async () => {
    const bench = benchOf(1);
    const { hit, pass } = bench;
    const rule = aRule({
      name: "both",
      threshold: { occurrences: 2, windowMs: 10 * MINUTE },
      throttle: { notifications: 1, windowMs: MINUTE },
    });
    hit(rule);
    pass(1000);
    expect(hit(rule)).toBe("pass");
    pass(MINUTE);
    expect(hit(throttled(MINUTE), "new")).toBe("pass");
    expect(await evictions(bench)).toBe(0);
  });

  it("lets a group with something to tell go when another needs the room", async () => {
    const bench = benchOf(1);
    const { hit, pass } = bench;
    hit(throttled(MINUTE), "a");
    hit(throttled(MINUTE), "a");
    pass(MINUTE);
    expect(hit(throttled(MINUTE), "b")).toBe("pass");
    expect(await evictions(bench)).toBe(0);
  });

  it("pushes one group out, then floods until there is room again", async () => {
    const bench = benchOf(3);
    const { hit, pass } = bench;
    const rule = throttled(MINUTE);
    for (const group of ["a", "b", "c"]) {
      hit(rule, group);
      pass(1000);
    }
    expect(hit(rule, "d")).toBe("pass");
    expect(await evictions(bench)).toBe(1);
    expect(["e", "f", "a"].map((group) => hit(rule, group))).toEqual(["flooded", "flooded", "flooded"]);
    expect(hit(rule, "b")).toBe("quiet");
    expect(await evictions(bench)).toBe(1);

    // `b` ends: there is room for one new group, and no more.
    pass(58_000);
    expect(hit(rule, "g")).toBe("pass");
    expect(hit(rule, "h")).toBe("flooded");
    expect(await evictions(bench)).toBe(1);
  });

  it("looks for room ten times a second at most while a rule floods", () => {
    const { hit, pass } = benchOf(2);
    hit(throttled(MINUTE), "a");
    pass(50);
    for (const group of ["b", "c", "d"]) hit(throttled(MINUTE), group);
    pass(MINUTE - 50);
    expect(hit(throttled(MINUTE), "e")).toBe("flooded");
    pass(99);
    expect(hit(throttled(MINUTE), "e")).toBe("flooded");
    pass(1);
    expect(hit(throttled(MINUTE), "e")).toBe("pass");
  });

  it("floods one rule only", () => {
    const { hit } = benchOf(2);
    for (const group of ["a", "b", "c", "d"]) hit(throttled(MINUTE), group);
    expect(hit(throttled(MINUTE), "e")).toBe("flooded");
    expect(hit(throttled(MINUTE, "calm"), "e")).toBe("pass");
  });

  it("ends a flood once the rule has found room for a minute", async () => {
    const bench = benchOf(1);
    const { hit, pass } = bench;
    const rule = throttled(MINUTE);
    for (const group of ["a", "b", "c"]) hit(rule, group);
    expect(await evictions(bench)).toBe(1);
    pass(2 * MINUTE);
    hit(rule, "d");
    expect(hit(rule, "e")).toBe("pass");
    expect(await evictions(bench)).toBe(2);
  });

  it("lets history in where there is room, but push nobody out", async () => {
    const bench = benchOf(1);
    bench.hit(thresholded(2, MINUTE), "warm", true);
    expect(bench.hit(thresholded(2, MINUTE), "warm")).toBe("pass");
    bench.hit(throttled(MINUTE));
    bench.hit(thresholded(2, MINUTE), "other", true);
    expect(await evictions(bench)).toBe(0);
    expect(bench.hit(throttled(MINUTE))).toBe("quiet");
  });

  it("keeps the groups of unchanged rules over a reload and forgets the others", async () => {
    const bench = benchOf(2);
    const { hit, groups } = bench;
    for (const group of ["a", "b", "c", "d"]) hit(throttled(MINUTE, "gone"), group);
    hit(throttled(MINUTE, "kept"));
    groups.keepOnly(new Set(["kept"]));
    expect(await live(bench)).toBe(1);
    expect(hit(throttled(MINUTE, "kept"))).toBe("quiet");
    expect(hit(throttled(MINUTE, "gone"), "d")).toBe("pass");
    // Its flood is forgotten too: it may push a group out again.
    expect(hit(throttled(MINUTE, "gone"), "e")).toBe("pass");
  });

  it("passes a group at most once a window beyond the groups pushed out, however many names come", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ gap: fc.nat(20), group: fc.nat(12) }), { maxLength: 300, size: "max" }),
        async (hits) => {
          const bench = benchOf(4);
          const sent: { at: number; group: number }[] = [];
          for (const { gap, group } of hits) {
            bench.pass(gap);
            if (bench.hit(throttled(100), String(group)) === "pass") sent.push({ at: bench.now(), group });
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

describe("saving groups", () => {
  it("hands out what changed, once, each clause's part under its name", () => {
    const { hit, groups, pass, now } = benchOf();
    const start = now();
    hit(throttled(MINUTE), "a");
    hit(thresholded(3, 2 * MINUTE), "b");
    pass(500);
    hit(throttled(MINUTE), "a");
    expect(groups.changed(now())).toEqual([
      {
        ruleKey: "t",
        group: "a",
        slots: { throttle: { sentAt: [start], heldCount: 1, heldSince: NOON + 500 } },
      },
      { ruleKey: "r", group: "b", slots: { threshold: [start] } },
    ]);
    expect(groups.changed(now())).toEqual([]);
  });

  it("names saved groups that are gone, once, and no group that was never saved", () => {
    const { hit, groups, pass, now } = benchOf();
    hit(throttled(MINUTE), "a");
    groups.changed(now());
    pass(MINUTE - 1);
    hit(throttled(1), "b");
    pass(1);
    expect(groups.changed(now())).toEqual([]);
    expect(groups.removed()).toEqual([{ ruleKey: "t", group: "a" }]);
    expect(groups.removed()).toEqual([]);
  });

  it("keeps a group that still has something to tell for a day", () => {
    const { hit, groups, pass, now } = benchOf();
    hit(throttled(MINUTE));
    hit(throttled(MINUTE));
    groups.changed(now());
    pass(DAY + MINUTE - 1);
    groups.changed(now());
    expect(groups.removed()).toEqual([]);
    pass(1);
    groups.changed(now());
    expect(groups.removed()).toHaveLength(1);
  });

  it("does not name a group that came back before the next save, but does if it has gone again", () => {
    const { hit, groups, now } = benchOf();
    const rule = thresholded(2, MINUTE);
    hit(rule);
    groups.changed(now());
    hit(rule);
    hit(rule);
    expect(groups.removed()).toEqual([]);
    hit(rule);
    expect(groups.removed()).toEqual([{ ruleKey: "r", group: "g" }]);
    expect(groups.changed(now())).toEqual([]);
  });

  it("takes back what it gave", () => {
    const before = benchOf();
    const rule = throttled(MINUTE);
    before.hit(rule);
    const after = benchOf();
    for (const state of before.groups.changed(before.now())) {
      expect(after.groups.restore(state, rule, after.now())).toBe(true);
    }
    expect(after.groups.changed(after.now())).toEqual([]);
    after.pass(MINUTE - 1);
    expect(after.hit(rule)).toBe("quiet");
    after.pass(1);
    expect(after.hit(rule)).toBe("pass");
    after.pass(DAY);
    after.pass(DAY);
    after.groups.changed(after.now());
    expect(after.groups.removed()).toEqual([{ ruleKey: "t", group: "g" }]);
  });

  it("takes times in the future as now: neither a burst nor silence for longer than a window", () => {
    const { hit, groups, pass, now } = benchOf();
    const slots = { throttle: { sentAt: [now() * 2], heldCount: 0, heldSince: 0 } };
    groups.restore({ ruleKey: "t", group: "g", slots }, throttled(MINUTE), now());
    expect(hit(throttled(MINUTE))).toBe("quiet");
    pass(MINUTE);
    expect(hit(throttled(MINUTE))).toBe("pass");
  });

  it("restores no more groups than the table holds and names the others as gone", () => {
    const { groups, now } = benchOf(1);
    const slots = { throttle: { sentAt: [now()], heldCount: 0, heldSince: 0 } };
    expect(groups.restore({ ruleKey: "t", group: "a", slots }, throttled(MINUTE), now())).toBe(true);
    expect(groups.restore({ ruleKey: "t", group: "b", slots }, throttled(MINUTE), now())).toBe(true);
    expect(groups.removed()).toEqual([{ ruleKey: "t", group: "b" }]);
  });

  it("names groups of rules that are gone, and those that cannot be read, as gone", () => {
    const { groups, now } = benchOf();
    const rule = aRule({ ...throttled(MINUTE), threshold: { occurrences: 2, windowMs: 1 } });
    expect(groups.restore({ ruleKey: "x", group: "a", slots: {} }, null, now())).toBe(true);
    expect(groups.restore({ ruleKey: "t", group: "b", slots: { threshold: [1] } }, rule, now())).toBe(false);
    const throttle = { sentAt: [], heldCount: 0, heldSince: 0 };
    expect(groups.restore({ ruleKey: "t", group: "c", slots: { throttle } }, rule, now())).toBe(false);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as a broken file may hold it
    expect(groups.restore({ ruleKey: "t", group: "d", slots: null as never }, rule, now())).toBe(false);
    expect(groups.removed().map(({ group }) => group)).toEqual(["a", "b", "c", "d"]);
    expect(groups.restore({ ruleKey: "t", group: "e", slots: { threshold: [1], throttle } }, rule, now())).toBe(true);
  });
});
