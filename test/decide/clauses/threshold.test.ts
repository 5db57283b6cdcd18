import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  askThreshold,
  countAfresh,
  countOccurrences,
  startThreshold,
  thresholdSlot,
  type ThresholdSlot,
} from "../../../src/decide/clauses/threshold.ts";
import type { Occurrences } from "../../../src/model/event.ts";
import type { Match } from "../../../src/model/match.ts";
import { anEvent, NOON } from "../../support/events.ts";
import { aRule } from "../../support/rules.ts";

const MINUTE = 60_000;
/** Where the lasting clock stands at noon: far from the wall clock, so that one is never taken for the other. */
const LASTING_NOON = 5_000_000;

interface Bench {
  readonly slot: ThresholdSlot;
  /** Lets time pass, then one update arrives, of one occurrence at that moment if nothing else is said. */
  readonly hit: (afterMs?: number, occurrences?: Partial<Occurrences>) => "fires" | "quiet";
}

function benchOf(occurrences: number, windowMs: number): Bench {
  const slot = startThreshold({ occurrences, windowMs });
  let passed = 0;
  return {
    slot,
    hit(afterMs = 0, parts = {}) {
      passed += afterMs;
      const wall = NOON + passed;
      const match: Match = {
        rule: aRule(),
        group: "g",
        seen: {
          event: anEvent(),
          occurrences: { count: 1, from: wall, to: wall, closed: true, ...parts },
          history: false,
        },
      };
      countOccurrences(slot, match, { wall, lasting: LASTING_NOON + passed });
      if (askThreshold(slot) !== "pass") return "quiet";
      countAfresh(slot);
      return "fires";
    },
  };
}

describe("rate>=N/T", () => {
  it("fires with the Nth occurrence in the window and then counts afresh", () => {
    const { hit } = benchOf(3, MINUTE);
    expect(Array.from({ length: 7 }, () => hit(1000))).toEqual([
      "quiet",
      "quiet",
      "fires",
      "quiet",
      "quiet",
      "fires",
      "quiet",
    ]);
  });

  it("leaves out an occurrence exactly one window old", () => {
    const { hit } = benchOf(2, MINUTE);
    expect([hit(), hit(MINUTE), hit(MINUTE - 1)]).toEqual(["quiet", "quiet", "fires"]);
  });

  it("fires once for an update that stands for millions", () => {
    const { hit } = benchOf(5, MINUTE);
    expect(hit(0, { count: 5_000_000, from: NOON - 1000, closed: false })).toBe("fires");
    expect(hit()).toBe("quiet");
  });

  it("spreads an update's occurrences over the time since the last one", () => {
    // Six in half an hour are one in five minutes: never three in ten.
    const slow = { count: 6, from: NOON - 30 * MINUTE, closed: false };
    expect(benchOf(3, 10 * MINUTE).hit(0, slow)).toBe("quiet");
    expect(benchOf(2, 10 * MINUTE).hit(0, slow)).toBe("fires");
    // A first sight holds its first occurrence as well: (from, to] would have two within ten minutes, not three.
    const first = { count: 3, from: NOON - 10 * MINUTE + 1, closed: true };
    expect(benchOf(3, 10 * MINUTE).hit(0, first)).toBe("fires");
    expect(benchOf(3, 10 * MINUTE - 1).hit(0, first)).toBe("quiet");
  });

  it("takes late occurrences in at their own time and those before the window not at all", () => {
    const { hit } = benchOf(3, 10 * MINUTE);
    hit();
    const late = NOON - 9 * MINUTE;
    expect(hit(0, { from: late, to: late })).toBe("quiet");
    const tooLate = NOON - 10 * MINUTE;
    expect(hit(0, { from: tooLate, to: tooLate })).toBe("quiet");
    expect([hit(MINUTE), hit()]).toEqual(["quiet", "fires"]);
  });

  it("takes no clock to be more than an hour behind or five seconds ahead", () => {
    const behind = { from: 0, to: 0 };
    const long = benchOf(2, 60 * MINUTE + 1);
    expect([long.hit(0, behind), long.hit()]).toEqual(["quiet", "fires"]);
    expect(benchOf(1, 60 * MINUTE).hit(0, behind)).toBe("quiet");
    const ahead = { from: NOON * 2, to: NOON * 2 };
    expect(benchOf(1, 1).hit(0, ahead)).toBe("fires");
    const short = benchOf(2, MINUTE);
    expect([short.hit(0, ahead), short.hit(MINUTE + 4_999)]).toEqual(["quiet", "fires"]);
    const tooShort = benchOf(2, MINUTE);
    expect([tooShort.hit(0, ahead), tooShort.hit(MINUTE + 5_000)]).toEqual(["quiet", "quiet"]);
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
        fc.array(update, { maxLength: 60, size: "max" }),
        (least, windowMs, updates) => {
          const { hit } = benchOf(least, windowMs);
          let counted: number[] = [];
          let now = NOON;
          for (const { gap, count, lag, span, closed } of updates) {
            now += gap;
            const to = now - lag;
            const from = to - span;
            for (let i = 1; i <= count; i += 1) {
              const back = closed && count > 1 ? (span * (count - i)) / (count - 1) : (span * (count - i)) / count;
              counted.push(Math.min(Math.round(to - back), now + 5_000));
            }
            const end = Math.max(now, ...counted);
            const fires = counted.filter((time) => time > end - windowMs).length >= least;
            if (fires) counted = [];
            expect(hit(gap, { count, from, to, closed })).toBe(fires ? "fires" : "quiet");
          }
        },
      ),
    );
  });
});

describe("the slot of a threshold", () => {
  it("means something until its newest occurrence leaves the window", () => {
    const { slot, hit } = benchOf(3, MINUTE);
    expect(thresholdSlot.endsAt(slot)).toBe(-Infinity);
    hit();
    hit(1000);
    expect(thresholdSlot.endsAt(slot)).toBe(LASTING_NOON + 1000 + MINUTE);
    expect(thresholdSlot.keptUntil(slot)).toBe(LASTING_NOON + 1000 + MINUTE);
    hit();
    expect(thresholdSlot.endsAt(slot)).toBe(-Infinity);
  });

  it("is saved as a copy and comes back as it was, with no time after now", () => {
    const { slot, hit } = benchOf(9, MINUTE);
    hit();
    hit(1000);
    const saved = thresholdSlot.save(slot);
    hit();
    expect(saved).toEqual([LASTING_NOON, LASTING_NOON + 1000]);
    const again = startThreshold(slot.threshold);
    expect(thresholdSlot.restore(again, saved, LASTING_NOON + 500)).toBe(true);
    expect(again.occurredAt).toEqual([LASTING_NOON, LASTING_NOON + 500]);
  });

  it("comes back with no more than N times, the newest", () => {
    const slot = startThreshold({ occurrences: 2, windowMs: MINUTE });
    thresholdSlot.restore(slot, [1, 2, 3], 10);
    expect(slot.occurredAt).toEqual([2, 3]);
  });

  it.each([undefined, null, 7, "x", {}, [1, "2"], [null]])("does not come back from %j", (saved) => {
    const slot = startThreshold({ occurrences: 2, windowMs: MINUTE });
    expect(thresholdSlot.restore(slot, saved, 10)).toBe(false);
    expect(slot.occurredAt).toEqual([]);
  });
});
