import type { SeenEvent } from "../model/event.ts";
import type { FloodDigest } from "../model/match.ts";
import type { Rule } from "../model/rule.ts";
import type { Clock } from "../runtime/clock.ts";

/** A flood is told once a minute, however long it lasts: language of rules, section 6. */
const FLOOD_MS = 60_000;
const MAX_SAMPLES = 5;
/** Distinct groups counted per digest; bounds what an endless flood of names can hold in memory. */
const MAX_COUNTED_GROUPS = 4096;

export interface FloodDigests {
  add(rule: Rule, group: string, seen: SeenEvent): void;
  /** Digests opened a minute ago or longer, each once, oldest first; all open ones with `everything`. */
  due(everything?: boolean): readonly FloodDigest[];
}

interface Flood {
  readonly rule: Rule;
  readonly openedAt: number;
  readonly from: number;
  readonly groups: Set<number>;
  readonly samples: SeenEvent[];
  occurrences: number;
}

/**
 * Gathers, per rule and minute, the matches whose groups found no room in the table.
 *
 * `groups` of a digest counts distinct groups up to 4,096 and stays there.
 */
export function createFloodDigests(clock: Clock): FloodDigests {
  const open = new Map<string, Flood>();

  return {
    add(rule, group, seen) {
      let flood = open.get(rule.key);
      if (!flood) {
        flood = {
          rule,
          openedAt: clock.monotonic(),
          from: clock.now(),
          groups: new Set(),
          samples: [],
          occurrences: 0,
        };
        open.set(rule.key, flood);
      }
      if (flood.groups.size < MAX_COUNTED_GROUPS) flood.groups.add(hash(group));
      flood.occurrences += seen.occurrences.count;
      if (flood.samples.length < MAX_SAMPLES) flood.samples.push(seen);
    },
    due(everything = false) {
      const dueBy = clock.monotonic() - FLOOD_MS;
      const digests: FloodDigest[] = [];
      for (const [key, { rule, openedAt, from, groups, samples, occurrences }] of open) {
        if (!everything && openedAt > dueBy) continue;
        open.delete(key);
        digests.push({
          rule,
          receivers: rule.receivers,
          groups: groups.size,
          occurrences,
          from,
          to: Math.max(from, clock.now()),
          samples,
        });
      }
      return digests;
    },
  };
}

/** FNV-1a over code units: a number in place of a text of any length; a collision merely counts two groups as one. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value;
}
