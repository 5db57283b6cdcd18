import type { Occurrences } from "../../model/event.ts";
import type { Match } from "../../model/match.ts";
import type { Threshold } from "../../model/rule.ts";
import { restoreTimes, type Answer, type Moment, type SlotKind } from "./clause.ts";

/** `rate>=N/T`: when the newest occurrences were, at most N of them. */
export interface ThresholdSlot {
  readonly threshold: Threshold;
  /** Lasting ms, oldest first. */
  occurredAt: number[];
}

/** Bounds for times stamped by bad clocks: language of rules, section 6. */
const MAX_LAG_MS = 3_600_000;
const MAX_LEAD_MS = 5_000;

export function startThreshold(threshold: Threshold): ThresholdSlot {
  return { threshold, occurredAt: [] };
}

/**
 * Takes the occurrences of a match into the window `(t − T, t]`, those of history too.
 *
 * An occurrence's place on the lasting clock is now less its lag on the wall clock. One from a clock that runs ahead
 * lies after now, so the window ends with the newest occurrence where that is later than now: it counts at once.
 */
export function countOccurrences(slot: ThresholdSlot, { seen: { occurrences } }: Match, now: Moment): void {
  const { threshold, occurredAt } = slot;
  const end = Math.max(now.lasting, timeOf(occurrences, 0, now), occurredAt.at(-1) ?? -Infinity);
  const opensAt = end - threshold.windowMs;
  // Newest first, and no more than can matter: an update may stand for millions.
  const added: number[] = [];
  const most = Math.min(occurrences.count, threshold.occurrences);
  for (let back = 0; back < most; back += 1) {
    const time = timeOf(occurrences, back, now);
    if (time <= opensAt) break;
    added.push(time);
  }
  const inWindow = occurredAt.filter((time) => time > opensAt);
  const ordered = inWindow.concat(added.toReversed()).toSorted((a, b) => a - b);
  slot.occurredAt = ordered.slice(-threshold.occurrences);
}

/** Lasting ms of the occurrence so many before the newest one. */
function timeOf({ count, from, to, closed }: Occurrences, back: number, now: Moment): number {
  const steps = closed && count > 1 ? count - 1 : count;
  const wall = Math.round(to - ((to - from) * back) / steps);
  return now.lasting + Math.min(Math.max(wall - now.wall, -MAX_LAG_MS), MAX_LEAD_MS);
}

/** Passes with N occurrences in the window. */
export function askThreshold(slot: ThresholdSlot): Answer {
  return slot.occurredAt.length < slot.threshold.occurrences ? "threshold" : "pass";
}

/** The rule has fired: what one update brought beyond N goes too. */
export function countAfresh(slot: ThresholdSlot): void {
  slot.occurredAt = [];
}

export const thresholdSlot: SlotKind<ThresholdSlot> = {
  endsAt: ({ threshold, occurredAt }) => (occurredAt.at(-1) ?? -Infinity) + threshold.windowMs,
  keptUntil: (slot) => thresholdSlot.endsAt(slot),
  save: ({ occurredAt }) => occurredAt.slice(),
  restore(slot, saved, now) {
    const times = restoreTimes(saved, now);
    slot.occurredAt = times?.slice(-slot.threshold.occurrences) ?? [];
    return times !== null;
  },
};
