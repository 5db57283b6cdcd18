import { isObject } from "../../model/json.ts";
import type { Held, Match } from "../../model/match.ts";
import type { Throttle } from "../../model/rule.ts";
import { restoreTimes, type Answer, type Moment, type SlotKind } from "./clause.ts";

/** `rate<N/T`: when the last notifications went out, at most N of them, and what was held back since. */
export interface ThrottleSlot {
  readonly throttle: Throttle;
  /** Lasting ms, oldest first. */
  sentAt: number[];
  heldCount: number;
  /** Epoch ms; means nothing where nothing is held back. */
  heldSince: number;
}

/** How long the count of what was held back waits for a next notification to tell it. */
const HELD_KEPT_MS = 86_400_000;

export function startThrottle(throttle: Throttle): ThrottleSlot {
  return { throttle, sentAt: [], heldCount: 0, heldSince: 0 };
}

/**
 * Passes, and counts the match as sent, while fewer than N went out in the window `(t − T, t]`; else counts it as
 * held back. Exact: never more than N in any interval of length T.
 */
export function askThrottle(slot: ThrottleSlot, _match: Match, now: Moment): Answer {
  const { throttle } = slot;
  const opensAt = now.lasting - throttle.windowMs;
  const [oldest = Infinity] = slot.sentAt;
  if (oldest <= opensAt) slot.sentAt = slot.sentAt.filter((sent) => sent > opensAt);
  if (slot.sentAt.length < throttle.notifications) {
    slot.sentAt.push(now.lasting);
    return "pass";
  }
  if (slot.heldCount === 0) slot.heldSince = now.wall;
  slot.heldCount += 1;
  return "throttle";
}

/** What was held back before the notification that now goes out, for it to tell; null for nothing. */
export function takeHeld(slot: ThrottleSlot): Held | null {
  if (slot.heldCount === 0) return null;
  const held = { count: slot.heldCount, since: slot.heldSince };
  slot.heldCount = 0;
  return held;
}

export const throttleSlot: SlotKind<ThrottleSlot> = {
  endsAt: ({ throttle, sentAt }) => (sentAt.at(-1) ?? -Infinity) + throttle.windowMs,
  keptUntil: (slot) => throttleSlot.endsAt(slot) + (slot.heldCount > 0 ? HELD_KEPT_MS : 0),
  save: ({ sentAt, heldCount, heldSince }) => ({ sentAt: sentAt.slice(), heldCount, heldSince }),
  restore(slot, saved, now) {
    if (!isObject(saved)) return false;
    const { sentAt, heldCount, heldSince } = saved;
    const times = restoreTimes(sentAt, now);
    if (!times || typeof heldCount !== "number" || typeof heldSince !== "number") return false;
    slot.sentAt = times;
    slot.heldCount = heldCount;
    slot.heldSince = heldSince;
    return true;
  },
};
