import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  askThrottle,
  startThrottle,
  takeHeld,
  throttleSlot,
  type ThrottleSlot,
} from "../../../src/decide/clauses/throttle.ts";
import { anEvent, NOON, seenOnce } from "../../support/events.ts";
import { aRule } from "../../support/rules.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
/** Where the lasting clock stands at noon: far from the wall clock, so that one is never taken for the other. */
const LASTING_NOON = 5_000_000;
const MATCH = { rule: aRule(), seen: seenOnce(anEvent()), group: "g" };

interface Bench {
  readonly slot: ThrottleSlot;
  /** Lets time pass, then a match arrives. */
  readonly hit: (afterMs?: number) => ReturnType<typeof askThrottle>;
}

function benchOf(notifications: number, windowMs: number): Bench {
  const slot = startThrottle({ notifications, windowMs });
  let passed = 0;
  return {
    slot,
    hit(afterMs = 0) {
      passed += afterMs;
      return askThrottle(slot, MATCH, { wall: NOON + passed, lasting: LASTING_NOON + passed });
    },
  };
}

describe("rate<N/T", () => {
  it("passes a notification exactly one window after the first of N", () => {
    const { hit } = benchOf(2, MINUTE);
    expect([hit(), hit(1), hit(MINUTE - 2), hit(1), hit()]).toEqual(["pass", "pass", "throttle", "pass", "throttle"]);
  });

  it("says once what it held back, and since when", () => {
    const { slot, hit } = benchOf(1, MINUTE);
    hit();
    expect(takeHeld(slot)).toBeNull();
    hit(1000);
    hit(1000);
    expect(takeHeld(slot)).toEqual({ count: 2, since: NOON + 1000 });
    expect(takeHeld(slot)).toBeNull();
    hit(1000);
    expect(takeHeld(slot)).toEqual({ count: 1, since: NOON + 3000 });
  });

  it("never lets more than N out in any interval of length T, and holds nothing back without need", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 100 }),
        fc.array(fc.nat(60), { maxLength: 200, size: "max" }),
        (most, windowMs, gaps) => {
          const { hit } = benchOf(most, windowMs);
          const sent: number[] = [];
          let now = 0;
          for (const gap of gaps) {
            now += gap;
            const opensAt = now - windowMs;
            const room = sent.filter((time) => time > opensAt).length < most;
            expect(hit(gap)).toBe(room ? "pass" : "throttle");
            if (room) sent.push(now);
          }
          for (const [i, time] of sent.entries())
            expect((sent[i + most] ?? Infinity) - time).toBeGreaterThanOrEqual(windowMs);
        },
      ),
    );
  });
});

describe("the slot of a throttle", () => {
  it("means something until its newest notification leaves the window, and a day longer with something to tell", () => {
    const { slot, hit } = benchOf(1, MINUTE);
    expect(throttleSlot.endsAt(slot)).toBe(-Infinity);
    hit();
    expect(throttleSlot.endsAt(slot)).toBe(LASTING_NOON + MINUTE);
    expect(throttleSlot.keptUntil(slot)).toBe(LASTING_NOON + MINUTE);
    hit(1000);
    expect(throttleSlot.endsAt(slot)).toBe(LASTING_NOON + MINUTE);
    expect(throttleSlot.keptUntil(slot)).toBe(LASTING_NOON + MINUTE + DAY);
  });

  it("is saved as a copy and comes back as it was, with no time after now", () => {
    const { slot, hit } = benchOf(2, MINUTE);
    hit();
    hit(1000);
    hit(1000);
    const saved = throttleSlot.save(slot);
    expect(saved).toEqual({ sentAt: [LASTING_NOON, LASTING_NOON + 1000], heldCount: 1, heldSince: NOON + 2000 });
    slot.sentAt.push(0);
    const again = startThrottle(slot.throttle);
    expect(throttleSlot.restore(again, saved, LASTING_NOON + 500)).toBe(true);
    expect(again).toMatchObject({ sentAt: [LASTING_NOON, LASTING_NOON + 500], heldCount: 1, heldSince: NOON + 2000 });
  });

  it.each([
    undefined,
    null,
    [],
    { sentAt: [1], heldCount: 1 },
    { sentAt: [1], heldSince: 1 },
    { sentAt: ["1"], heldCount: 1, heldSince: 1 },
  ])("does not come back from %j", (saved) => {
    expect(throttleSlot.restore(startThrottle({ notifications: 1, windowMs: 1 }), saved, 10)).toBe(false);
  });
});
