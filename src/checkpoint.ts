import type { KnownCount } from "./collect/occurrences.ts";
import type { Position } from "./collect/source.ts";
import type { GroupKey, GroupState } from "./decide/throttle.ts";
import type { RuleSet } from "./model/rule.ts";
import type { Database } from "./runtime/database.ts";

/** What changed since the last save. */
interface CheckpointChange {
  /** Null leaves the stored one: something before it is not decided yet. */
  readonly position: Position | null;
  readonly counts: readonly KnownCount[];
  readonly groups: readonly GroupState[];
  readonly removedGroups: readonly GroupKey[];
}

/**
 * What must outlive the process for a restart neither to repeat nor to forget: how far each source was read, how often
 * each live Event has happened, what was sent of each group, and the last rules that were in order.
 */
export interface Checkpoint {
  /** Where this source was last read to. */
  position(source: string): Position | null;
  /** The newest ones, oldest first. A flood leaves hours of them on disk: without a limit they may not fit in memory. */
  counts(limit?: number): Iterable<KnownCount>;
  groups(): readonly GroupState[];
  /** To be called inside the transaction that stores the notifications of the same Events. */
  save(change: CheckpointChange): void;
  /** Forgets Events last seen before `epochMs`: the API server has deleted them. */
  forgetCountsBefore(epochMs: number): void;
  lastGoodRules(): RuleSet | null;
  saveLastGoodRules(ruleSet: RuleSet): void;
}

/** Opens the checkpoint in `database`. Throws `StorageError` when the disk does not take a save. */
export function createCheckpoint(database: Database): Checkpoint {
  const readValue = database.prepare("SELECT value FROM checkpoint WHERE key = ?");
  const writeValue = database.prepare("INSERT OR REPLACE INTO checkpoint VALUES (?, ?)");
  const removeValue = database.prepare("DELETE FROM checkpoint WHERE key = ?");
  const readCounts = database.prepare(
    "SELECT * FROM (SELECT * FROM event_counts ORDER BY last_seen_at DESC LIMIT ?) ORDER BY last_seen_at",
  );
  const writeCount = database.prepare("INSERT OR REPLACE INTO event_counts VALUES (?, ?, ?)");
  const forgetCounts = database.prepare("DELETE FROM event_counts WHERE last_seen_at < ?");
  const readGroups = database.prepare("SELECT state FROM throttle_groups");
  const writeGroup = database.prepare("INSERT OR REPLACE INTO throttle_groups VALUES (?, ?, ?)");
  const removeGroup = database.prepare("DELETE FROM throttle_groups WHERE rule_key = ? AND grp = ?");

  const value = (key: string): unknown => {
    const text = readValue.row(key)?.["value"];
    return typeof text === "string" ? JSON.parse(text) : null;
  };

  return {
    position(source) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `save` wrote it
      const position = value(`position ${source}`) as Position | null;
      // As version 0.1 stored it, which knew one source.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `save` of 0.1 wrote it
      const since = value("since") as { readonly resourceVersion: string; readonly at: number } | null;
      return position ?? (since && { source, version: since.resourceVersion, at: since.at });
    },
    *counts(limit = Number.MAX_SAFE_INTEGER) {
      for (const row of readCounts.each(limit)) {
        yield { uid: String(row["uid"]), count: Number(row["count"]), lastSeenAt: Number(row["last_seen_at"]) };
      }
    },
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `save` wrote them
    groups: () => readGroups.rows().map((row) => JSON.parse(String(row["state"])) as GroupState),
    save({ position, counts, groups, removedGroups }) {
      if (position) {
        writeValue.run(`position ${position.source}`, JSON.stringify(position));
        removeValue.run("since");
      }
      for (const { uid, count, lastSeenAt } of counts) writeCount.run(uid, count, lastSeenAt);
      for (const group of groups) writeGroup.run(group.ruleKey, group.group, JSON.stringify(group));
      for (const { ruleKey, group } of removedGroups) removeGroup.run(ruleKey, group);
    },
    forgetCountsBefore(epochMs) {
      forgetCounts.run(epochMs);
    },
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `saveLastGoodRules` wrote it
    lastGoodRules: () => value("last-good-rules") as RuleSet | null,
    saveLastGoodRules(ruleSet) {
      writeValue.run("last-good-rules", JSON.stringify(ruleSet));
    },
  };
}
