import { isObject } from "../model/json.ts";
import type { GroupState } from "../model/state.ts";
import { restoreTimes, type Moment } from "./clauses/clause.ts";

/**
 * A group as version 0.1 saved it (`state` of its table `throttle_groups`, parsed), with its epoch times put on the
 * lasting clock. Null when it cannot be read.
 */
export function liftGroup(saved: unknown, now: Moment): GroupState | null {
  if (!isObject(saved)) return null;
  const { ruleKey, group, heldCount, heldSince } = saved;
  const occurredAt = restoreTimes(saved["occurredAt"], now.wall);
  const sentAt = restoreTimes(saved["sentAt"], now.wall);
  if (typeof ruleKey !== "string" || typeof group !== "string" || !occurredAt || !sentAt) return null;
  const offset = now.lasting - now.wall;
  const lift = (times: readonly number[]): number[] => times.map((time) => time + offset);
  return {
    ruleKey,
    group,
    slots: { threshold: lift(occurredAt), throttle: { sentAt: lift(sentAt), heldCount, heldSince } },
  };
}
