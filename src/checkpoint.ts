import type { KnownCount, Since } from "./collect/occurrences.ts";
import type { GroupKey, GroupState } from "./decide/throttle.ts";
import type { Database } from "./runtime/database.ts";

/** What changed since the last save. */
interface CheckpointChange {
  /** Null leaves the stored one: something before it is not decided yet. */
  readonly since: Since | null;
  readonly counts: readonly KnownCount[];
  readonly groups: readonly GroupState[];
  readonly removedGroups: readonly GroupKey[];
}

/**
 * What must outlive the process for a restart neither to repeat nor to forget: how far the watch was read, how often
 * each live Event has happened, and what was sent of each group.
 */
export interface Checkpoint {
  since(): Since | null;
  /** The newest ones, oldest first. A flood leaves hours of them on disk: without a limit they may not fit in memory. */
  counts(limit?: number): Iterable<KnownCount>;
  groups(): readonly GroupState[];
  /** To be called inside the transaction that stores the notifications of the same Events. */
  save(change: CheckpointChange): void;
  /** Forgets Events last seen before `epochMs`: the API server has deleted them. */
  forgetCountsBefore(epochMs: number): void;
}

/** Opens the checkpoint in `database`. Throws `StorageError` when the disk does not take a save. */
export function createCheckpoint(database: Database): Checkpoint {
  const readValue = database.prepare("SELECT value FROM checkpoint WHERE key = ?");
  const writeValue = database.prepare("INSERT OR REPLACE INTO checkpoint VALUES (?, ?)");
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
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `save` wrote it
    since: () => value("since") as Since | null,
    *counts(limit = Number.MAX_SAFE_INTEGER) {
      for (const row of readCounts.each(limit)) {
        yield { uid: String(row["uid"]), count: Number(row["count"]), lastSeenAt: Number(row["last_seen_at"]) };
      }
    },
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `save` wrote them
    groups: () => readGroups.rows().map((row) => JSON.parse(String(row["state"])) as GroupState),
    save({ since, counts, groups, removedGroups }) {
      if (since) writeValue.run("since", JSON.stringify(since));
      for (const { uid, count, lastSeenAt } of counts) writeCount.run(uid, count, lastSeenAt);
      for (const group of groups) writeGroup.run(group.ruleKey, group.group, JSON.stringify(group));
      for (const { ruleKey, group } of removedGroups) removeGroup.run(ruleKey, group);
    },
    forgetCountsBefore(epochMs) {
      forgetCounts.run(epochMs);
    },
  };
}
