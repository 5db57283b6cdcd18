import { isObject } from "../model/json.ts";
import type { Rule } from "../model/rule.ts";
import { startThreshold, thresholdSlot, type ThresholdSlot } from "./clauses/threshold.ts";
import { startThrottle, throttleSlot, type ThrottleSlot } from "./clauses/throttle.ts";

/** What a group's record holds: a slot for each clause of its rule that keeps something, null for the others. */
export interface Slots {
  readonly threshold: ThresholdSlot | null;
  readonly throttle: ThrottleSlot | null;
}

/** Whether groups of this rule need a record at all. */
export function needsSlots({ threshold, throttle }: Rule): boolean {
  return threshold !== null || throttle !== null;
}

export function startSlots({ threshold, throttle }: Rule): Slots {
  return {
    threshold: threshold && startThreshold(threshold),
    throttle: throttle && startThrottle(throttle),
  };
}

/** Lasting ms from which on no slot means anything; -Infinity where none holds anything. */
export function endsAt({ threshold, throttle }: Slots): number {
  return Math.max(
    threshold ? thresholdSlot.endsAt(threshold) : -Infinity,
    throttle ? throttleSlot.endsAt(throttle) : -Infinity,
  );
}

/** Lasting ms until which one of the slots still has something to tell; never before `endsAt`. */
export function keptUntil({ threshold, throttle }: Slots): number {
  return Math.max(
    threshold ? thresholdSlot.keptUntil(threshold) : -Infinity,
    throttle ? throttleSlot.keptUntil(throttle) : -Infinity,
  );
}

export function saveSlots({ threshold, throttle }: Slots): Readonly<Record<string, unknown>> {
  return {
    ...(threshold && { threshold: thresholdSlot.save(threshold) }),
    ...(throttle && { throttle: throttleSlot.save(throttle) }),
  };
}

/** The slots of the rule as they were saved; null when they cannot be read. */
export function restoreSlots(rule: Rule, saved: unknown, now: number): Slots | null {
  if (!isObject(saved)) return null;
  const slots = startSlots(rule);
  const { threshold, throttle } = slots;
  if (threshold && !thresholdSlot.restore(threshold, saved["threshold"], now)) return null;
  if (throttle && !throttleSlot.restore(throttle, saved["throttle"], now)) return null;
  return slots;
}
