import { LRUCache } from "lru-cache";
import type { Rule } from "../model/rule.ts";
import type { GroupKey, GroupState } from "../model/state.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { endsAt, keptUntil, restoreSlots, saveSlots, startSlots, type Slots } from "./slots.ts";

/** The record of one group. */
interface Group extends GroupKey {
  readonly slots: Slots;
  /** Lasting ms from which on the slots mean nothing. */
  endsAt: number;
  /** Lasting ms until which it is kept all the same, while there is room; never before `endsAt`. */
  keptUntil: number;
  /** Whether it is in the table. */
  isKept: boolean;
  /** Whether it is on disk, or will be. */
  isSaved: boolean;
}

export interface GroupsOptions {
  /** Groups of all rules together. */
  readonly maxGroups: number;
  readonly metrics: Pick<Metrics, "groupsEvicted" | "groupsLive">;
}

export interface Groups {
  /** The group's record, an empty one where none is kept. Makes it the one used last. */
  take(rule: Rule, group: string): Group;
  /**
   * Keeps the record after its slots have changed, or lets it go if nothing is left in it. False: the table is full
   * and the rule floods it, so the record of a new group is not kept.
   */
  keep(group: Group, now: number): boolean;
  /** As `keep`, but pushes no other group out and never floods. */
  keepIfRoom(group: Group, now: number): void;
  /** Lets the groups of all other rules go. */
  keepOnly(ruleKeys: ReadonlySet<string>): void;
  /** Groups changed since the last call. */
  changed(now: number): readonly GroupState[];
  /** Groups handed out by `changed` or put in by `restore` that are no more, since the last call. */
  removed(): readonly GroupKey[];
  /** Takes back what `changed` gave of one group of the rule; null: the rule is gone. False: it cannot be read. */
  restore(state: GroupState, rule: Rule | null, now: number): boolean;
}

/** How long a flooding rule must have found room before it may push a group out again. */
const FLOOD_CALM_MS = 60_000;
/** With a full table, look for groups that have ended at most this often: one look visits every group. */
const LOOK_PAUSE_MS = 100;

/**
 * The one table of groups, of a fixed size. Groups that have ended make room first and uncounted. When another must
 * go, it is the one unused for longest, `groupsEvicted` counts it, and the rule that pushed it out floods: its further
 * new groups find no place while the table is full. So a flood tells nobody twice in a window, save of the one group
 * pushed out.
 */
export function createGroups({ maxGroups, metrics }: GroupsOptions): Groups {
  const groups = new LRUCache<string, Group>({ max: maxGroups });
  const changed = new Set<Group>();
  const removed = new Map<string, GroupKey>();
  /** Rule key → when it last found the table full, lasting ms. */
  const flooding = new Map<string, number>();
  /** No group ends, or is to be forgotten, before these. */
  let firstEndsAt = Infinity;
  let firstKeptUntil = Infinity;
  let lookedAt = -Infinity;

  const remove = (group: Group): void => {
    const key = keyOf(group.ruleKey, group.group);
    groups.delete(key);
    changed.delete(group);
    group.isKept = false;
    if (group.isSaved) removed.set(key, { ruleKey: group.ruleKey, group: group.group });
    metrics.groupsLive.set(groups.size);
  };

  const insert = (group: Group): void => {
    const key = keyOf(group.ruleKey, group.group);
    groups.set(key, group);
    if (removed.delete(key)) group.isSaved = true;
    group.isKept = true;
    metrics.groupsLive.set(groups.size);
  };

  /** To be called after every change of a group's slots: its end may have come nearer. */
  const noteEnds = (group: Group): void => {
    group.keptUntil = keptUntil(group.slots);
    firstEndsAt = Math.min(firstEndsAt, group.endsAt);
    firstKeptUntil = Math.min(firstKeptUntil, group.keptUntil);
  };

  /** Lets all groups go that answer true. */
  const sweep = (isOver: (group: Group) => boolean): void => {
    const over: Group[] = [];
    firstEndsAt = Infinity;
    firstKeptUntil = Infinity;
    for (const group of groups.values()) {
      if (isOver(group)) {
        over.push(group);
        continue;
      }
      firstEndsAt = Math.min(firstEndsAt, group.endsAt);
      firstKeptUntil = Math.min(firstKeptUntil, group.keptUntil);
    }
    for (const group of over) remove(group);
  };

  /** Makes room for one more group of the rule, or says there is none for it. */
  const makeRoom = (ruleKey: string, now: number): boolean => {
    const floodedAt = flooding.get(ruleKey);
    const mayLook = floodedAt === undefined || now - lookedAt >= LOOK_PAUSE_MS;
    if (groups.size >= maxGroups && mayLook) {
      lookedAt = now;
      if (firstEndsAt <= now) sweep((group) => group.endsAt <= now);
    }
    if (groups.size < maxGroups) {
      if (floodedAt !== undefined && now - floodedAt >= FLOOD_CALM_MS) flooding.delete(ruleKey);
      return true;
    }
    flooding.set(ruleKey, now);
    if (floodedAt !== undefined) return false;
    const oldest = groups.pop();
    if (oldest) remove(oldest);
    metrics.groupsEvicted.inc();
    return true;
  };

  const keep = (group: Group, now: number, mayPushOut: boolean): boolean => {
    group.endsAt = endsAt(group.slots);
    if (group.endsAt === -Infinity) {
      if (group.isKept) remove(group);
      return true;
    }
    if (!group.isKept) {
      if (!mayPushOut && groups.size >= maxGroups) return true;
      if (!makeRoom(group.ruleKey, now)) return false;
      insert(group);
    }
    noteEnds(group);
    changed.add(group);
    return true;
  };

  return {
    take: (rule, group) => groups.get(keyOf(rule.key, group)) ?? startGroup(rule.key, group, startSlots(rule)),
    keep: (group, now) => keep(group, now, true),
    keepIfRoom(group, now) {
      keep(group, now, false);
    },
    keepOnly(ruleKeys) {
      sweep(({ ruleKey }) => !ruleKeys.has(ruleKey));
      for (const ruleKey of flooding.keys()) if (!ruleKeys.has(ruleKey)) flooding.delete(ruleKey);
    },
    changed(now) {
      if (firstKeptUntil <= now) sweep((group) => group.keptUntil <= now);
      const states = [...changed].map((group): GroupState => {
        group.isSaved = true;
        return { ruleKey: group.ruleKey, group: group.group, slots: saveSlots(group.slots) };
      });
      changed.clear();
      return states;
    },
    removed() {
      const keys = [...removed.values()];
      removed.clear();
      return keys;
    },
    restore({ ruleKey, group: name, slots: saved }, rule, now) {
      const slots = rule && restoreSlots(rule, saved, now);
      if (!slots || groups.size >= maxGroups) {
        removed.set(keyOf(ruleKey, name), { ruleKey, group: name });
        return rule === null || slots !== null;
      }
      const group = startGroup(ruleKey, name, slots);
      group.isSaved = true;
      group.endsAt = endsAt(slots);
      insert(group);
      noteEnds(group);
      return true;
    },
  };
}

function startGroup(ruleKey: string, group: string, slots: Slots): Group {
  return { ruleKey, group, slots, endsAt: -Infinity, keptUntil: -Infinity, isKept: false, isSaved: false };
}

/** The length in front keeps key and group apart, whatever they hold. */
function keyOf(ruleKey: string, group: string): string {
  return `${ruleKey.length}:${ruleKey}${group}`;
}
