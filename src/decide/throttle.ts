import { LRUCache } from "lru-cache";
import type { Occurrences, SeenEvent } from "../model/event.ts";
import type { Held, SuppressedWhy } from "../model/match.ts";
import type { Rule } from "../model/rule.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Metrics } from "../runtime/metrics.ts";

/** What is kept of one group, in a form that outlives the process. Times are epoch ms, oldest first. */
export interface GroupState {
  readonly ruleKey: string;
  readonly group: string;
  readonly sentAt: readonly number[];
  readonly occurredAt: readonly number[];
  readonly heldCount: number;
  readonly heldSince: number;
  /** The longer of the rule's two windows: older times mean nothing. */
  readonly windowMs: number;
}

export type GroupKey = Pick<GroupState, "ruleKey" | "group">;

/** The moment an Event reached the engine, on both clocks, ms. */
export interface Arrival {
  readonly wall: number;
  readonly monotonic: number;
}

export type ThrottleDecision =
  | { readonly kind: "passed"; readonly held: Held | null }
  | { readonly kind: "suppressed"; readonly why: SuppressedWhy }
  /** The table is full and the rule floods it: the match belongs into the rule's flood digest. */
  | { readonly kind: "flooded" };

export interface ThrottleOptions {
  readonly clock: Clock;
  /** Groups of all rules together. */
  readonly maxGroups: number;
  readonly metrics: Pick<Metrics, "groupsEvicted" | "groupsLive">;
}

export interface Throttle {
  /**
   * Decides one match and counts it in the group's windows. `covered`: nobody is left to tell, so what the throttle
   * held back before stays for a notification that does go out.
   */
  decide(rule: Rule, group: string, seen: SeenEvent, arrival: Arrival, covered: boolean): ThrottleDecision;
  /** Forgets the groups of all other rules. */
  keepOnly(ruleKeys: ReadonlySet<string>): void;
  /** Groups changed since the last call, or all when the wall clock has jumped since: their epoch times moved. */
  changed(): readonly GroupState[];
  /** Groups handed out by `changed` or put in by `restore` that are no more, since the last call. */
  removed(): readonly GroupKey[];
  /** Takes back what `changed` gave. Times in the future, as a clock that was reset makes them, count as now. */
  restore(states: readonly GroupState[]): void;
}

/** Bounds for times stamped by bad clocks: language of rules, section 6. */
const MAX_LAG_MS = 3_600_000;
const MAX_LEAD_MS = 5_000;
/** How long a flooding rule must have found room before it may push a live group out again. */
const FLOOD_CALM_MS = 60_000;
/** At full table, look for groups that ran out at most this often: one look visits every group. */
const PURGE_PAUSE_MS = 100;
/** How long the count of what was held back waits for a next notification to tell it. */
const HELD_KEPT_MS = 86_400_000;
/** Wall clocks drift; only more than this between two saves is a jump. */
const JUMP_MS = 1_000;

/** Times are monotonic ms, oldest first. */
interface Group {
  readonly ruleKey: string;
  readonly group: string;
  sentAt: number[];
  occurredAt: number[];
  heldCount: number;
  heldSince: number;
  windowMs: number;
  /** From here on the rings mean nothing. */
  staleAt: number;
  saved: boolean;
}

const PASSED: ThrottleDecision = { kind: "passed", held: null };
const BELOW_THRESHOLD: ThrottleDecision = { kind: "suppressed", why: "threshold" };
const THROTTLED: ThrottleDecision = { kind: "suppressed", why: "throttle" };
const HISTORY: ThrottleDecision = { kind: "suppressed", why: "history" };
const FLOODED: ThrottleDecision = { kind: "flooded" };

/**
 * Thresholds and throttles of all rules, exact: a ring of the last N times per group, no buckets, no aligned windows.
 * Windows are half-open, `(t − T, t]`, on the monotonic clock.
 *
 * The table has a fixed size. Groups whose windows have run out make room first and uncounted. When a live one must
 * go, it is the one unused longest, `groupsEvicted` counts it, and the rule that pushed it out floods: its further new
 * groups are answered `flooded` while there is no room. Nothing is ever passed twice in a window because of a flood,
 * save for the one group pushed out.
 */
export function createThrottle({ clock, maxGroups, metrics }: ThrottleOptions): Throttle {
  const groups = new LRUCache<string, Group>({ max: maxGroups });
  const dirty = new Set<Group>();
  const gone = new Map<string, GroupKey>();
  /** Rule key → when it last found the table full, monotonic. */
  const flooding = new Map<string, number>();
  /** No group runs out before this. */
  let nextStaleAt = Infinity;
  let purgedAt = -Infinity;
  let savedOffset: number | null = null;

  const remove = (group: Group): void => {
    const key = keyOf(group.ruleKey, group.group);
    groups.delete(key);
    dirty.delete(group);
    if (group.saved) gone.set(key, { ruleKey: group.ruleKey, group: group.group });
  };

  const insert = (key: string, group: Group): void => {
    groups.set(key, group);
    gone.delete(key);
    nextStaleAt = Math.min(nextStaleAt, group.staleAt);
    metrics.groupsLive.set(groups.size);
  };

  const purge = (at: number, heldKeptMs: number): void => {
    purgedAt = at;
    if (nextStaleAt > at) return;
    const stale: Group[] = [];
    nextStaleAt = Infinity;
    for (const group of groups.values()) {
      if (group.staleAt + (group.heldCount > 0 ? heldKeptMs : 0) <= at) stale.push(group);
      else nextStaleAt = Math.min(nextStaleAt, group.staleAt);
    }
    for (const group of stale) remove(group);
    metrics.groupsLive.set(groups.size);
  };

  /** Makes room for one more group of the rule, or says there is none for it. */
  const makeRoom = (ruleKey: string, at: number): boolean => {
    const floodedAt = flooding.get(ruleKey);
    if (groups.size >= maxGroups && (floodedAt === undefined || at - purgedAt >= PURGE_PAUSE_MS)) purge(at, 0);
    if (groups.size < maxGroups) {
      if (floodedAt !== undefined && at - floodedAt >= FLOOD_CALM_MS) flooding.delete(ruleKey);
      return true;
    }
    flooding.set(ruleKey, at);
    if (floodedAt !== undefined) return false;
    const oldest = groups.pop();
    if (oldest) remove(oldest);
    metrics.groupsEvicted.inc();
    return true;
  };

  const decideIn = (
    group: Group,
    rule: Rule,
    seen: SeenEvent,
    arrival: Arrival,
    covered: boolean,
  ): ThrottleDecision => {
    const { threshold, throttle } = rule;
    const at = arrival.monotonic;
    if (threshold) {
      group.occurredAt = withOccurrences(group.occurredAt, seen.occurrences, arrival, threshold);
      if (!seen.history) {
        if (group.occurredAt.length < threshold.occurrences) return BELOW_THRESHOLD;
        group.occurredAt = [];
      }
    }
    if (seen.history) return HISTORY;
    if (throttle) {
      group.sentAt = group.sentAt.filter((sent) => sent > at - throttle.windowMs);
      if (group.sentAt.length >= throttle.notifications) {
        if (group.heldCount === 0) group.heldSince = arrival.wall;
        group.heldCount += 1;
        return THROTTLED;
      }
      group.sentAt.push(at);
    }
    if (group.heldCount === 0 || covered) return PASSED;
    const held = { count: group.heldCount, since: group.heldSince };
    group.heldCount = 0;
    group.heldSince = 0;
    return { kind: "passed", held };
  };

  const decide: Throttle["decide"] = (rule, group, seen, arrival, covered) => {
    if (!rule.threshold && !rule.throttle) return seen.history ? HISTORY : PASSED;
    const key = keyOf(rule.key, group);
    const known = groups.get(key);
    const state = known ?? emptyGroup(rule.key, group, windowOf(rule));
    const decision = decideIn(state, rule, seen, arrival, covered);

    if (state.sentAt.length === 0 && state.occurredAt.length === 0 && state.heldCount === 0) {
      if (known) {
        remove(known);
        metrics.groupsLive.set(groups.size);
      }
      return decision;
    }
    // Both windows are taken for the longer one, so a group may look live a little longer than it is.
    state.staleAt = newest(state) + state.windowMs;
    if (!known) {
      // History only warms windows up: it pushes nobody out.
      if (seen.history && groups.size >= maxGroups) return decision;
      if (!makeRoom(rule.key, arrival.monotonic)) return FLOODED;
      insert(key, state);
    }
    dirty.add(state);
    return decision;
  };

  return {
    decide,
    keepOnly(ruleKeys) {
      const others = [...groups.values()].filter((group) => !ruleKeys.has(group.ruleKey));
      for (const group of others) remove(group);
      for (const ruleKey of flooding.keys()) if (!ruleKeys.has(ruleKey)) flooding.delete(ruleKey);
      metrics.groupsLive.set(groups.size);
    },
    changed() {
      const at = clock.monotonic();
      const offset = clock.now() - at;
      purge(at, HELD_KEPT_MS);
      const jumped = savedOffset !== null && Math.abs(offset - savedOffset) > JUMP_MS;
      savedOffset = offset;
      const states = [...(jumped ? groups.values() : dirty)].map((group) => {
        group.saved = true;
        const { ruleKey, group: name, heldCount, heldSince, windowMs } = group;
        const sentAt = group.sentAt.map((time) => time + offset);
        const occurredAt = group.occurredAt.map((time) => time + offset);
        return { ruleKey, group: name, sentAt, occurredAt, heldCount, heldSince, windowMs };
      });
      dirty.clear();
      return states;
    },
    removed() {
      const keys = [...gone.values()];
      gone.clear();
      return keys;
    },
    restore(states) {
      const at = clock.monotonic();
      const offset = clock.now() - at;
      const back = (times: readonly number[]): number[] => times.map((time) => Math.min(time - offset, at));
      for (const { ruleKey, group: name, sentAt, occurredAt, heldCount, heldSince, windowMs } of states) {
        const group = emptyGroup(ruleKey, name, windowMs);
        group.sentAt = back(sentAt);
        group.occurredAt = back(occurredAt);
        group.heldCount = heldCount;
        group.heldSince = heldSince;
        group.staleAt = newest(group) + windowMs;
        group.saved = true;
        const key = keyOf(ruleKey, name);
        if (groups.size < maxGroups) insert(key, group);
        else gone.set(key, { ruleKey, group: name });
      }
    },
  };
}

function emptyGroup(ruleKey: string, group: string, windowMs: number): Group {
  return {
    ruleKey,
    group,
    sentAt: [],
    occurredAt: [],
    heldCount: 0,
    heldSince: 0,
    windowMs,
    staleAt: 0,
    saved: false,
  };
}

function keyOf(ruleKey: string, group: string): string {
  return `${ruleKey.length}:${ruleKey}${group}`;
}

function windowOf(rule: Rule): number {
  return Math.max(rule.threshold?.windowMs ?? 0, rule.throttle?.windowMs ?? 0);
}

function newest(group: Group): number {
  return Math.max(group.sentAt.at(-1) ?? -Infinity, group.occurredAt.at(-1) ?? -Infinity);
}

/**
 * The ring with new occurrences in it: in order, the newest `threshold.occurrences` of what lies in the window.
 *
 * An occurrence's place on the monotonic clock is its arrival less its lag. One from a clock that runs ahead lies
 * after its arrival, so the window ends with the newest occurrence where that is later than now: it counts at once.
 */
function withOccurrences(
  ring: readonly number[],
  { count, from, to, closed }: Occurrences,
  arrival: Arrival,
  threshold: { readonly occurrences: number; readonly windowMs: number },
): number[] {
  const start = Math.min(from, to);
  const offset = arrival.wall - arrival.monotonic;
  const steps = closed && count > 1 ? count - 1 : count;
  const timeOf = (back: number): number => {
    const wall = Math.round(to - ((to - start) * back) / steps);
    return Math.min(Math.max(wall, arrival.wall - MAX_LAG_MS), arrival.wall + MAX_LEAD_MS) - offset;
  };
  const end = Math.max(arrival.monotonic, timeOf(0), ring.at(-1) ?? -Infinity);
  const opens = end - threshold.windowMs;
  // Newest first, and no more than can matter: an update may stand for millions.
  const added: number[] = [];
  const most = Math.min(count, threshold.occurrences);
  for (let back = 0; back < most; back += 1) {
    const time = timeOf(back);
    if (time <= opens) break;
    added.push(time);
  }
  const live = ring.filter((time) => time > opens);
  const ordered = live.concat(added.toReversed()).toSorted((a, b) => a - b);
  return ordered.slice(-threshold.occurrences);
}
