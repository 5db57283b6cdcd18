import type { KnownCount } from "./collect/occurrences.ts";
import type { Position } from "./collect/source.ts";
import { isObject } from "./model/json.ts";
import type { RuleSet } from "./model/rule.ts";
import type { AgendaEntry, GroupState, StateChanges } from "./model/state.ts";
import type { Database, Row } from "./runtime/database.ts";
import { isLastingState, type LastingState } from "./runtime/lasting-clock.ts";

/** What changed since the last save. */
export interface CheckpointChange {
  /** Null leaves the stored one: something before it is not decided yet. */
  readonly position: Position | null;
  readonly counts: readonly KnownCount[];
  readonly state: StateChanges;
  readonly lasting: LastingState;
}

/**
 * What must outlive the process for a restart neither to repeat nor to forget: how far each source was read, how often
 * each live Event has happened, what is remembered of groups, what falls due by time, and the last rules that were in
 * order. What of it cannot be read is set aside (see `Database`), and the rest goes on.
 */
export interface Checkpoint {
  /** Where this source was last read to. */
  position(source: string): Position | null;
  /** The newest changes, oldest first; an Event that changed more than once may be among them more than once. */
  counts(limit?: number): Iterable<KnownCount>;
  groups(): readonly GroupState[];
  agenda(): readonly AgendaEntry[];
  lasting(): LastingState | null;
  /** To be called inside the transaction that stores the alerts of the same Events. */
  save(change: CheckpointChange): void;
  /** Forgets Events last seen before `epochMs`: the API server has deleted them. */
  forgetCountsBefore(epochMs: number): void;
  lastGoodRules(): RuleSet | null;
  /** Writes nothing when they are the ones that are kept. */
  saveLastGoodRules(ruleSet: RuleSet): void;
}

/** As many as are remembered; with those that have newer ones, the table holds twice that at most. */
const MAX_COUNTS = 16_384;

/** Opens the checkpoint in `database`. Throws `StorageError` when the disk does not take a save. */
export function createCheckpoint(database: Database): Checkpoint {
  const readValue = database.prepare("SELECT value FROM checkpoint WHERE key = ?");
  const writeValue = database.prepare("INSERT OR REPLACE INTO checkpoint VALUES (?, ?)");
  const replaceValue = database.prepare(
    `INSERT INTO checkpoint VALUES (?, ?)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value`,
  );
  const removeValue = database.prepare("DELETE FROM checkpoint WHERE key = ?");
  const readCounts = database.prepare(
    `SELECT uid, count, last_seen_at FROM event_counts WHERE seq > coalesce(
     (SELECT seq FROM event_counts ORDER BY seq DESC LIMIT 1 OFFSET ?), -1) ORDER BY seq`,
  );
  const countCounts = database.prepare("SELECT count(*) AS rows FROM event_counts");
  const writeCount = database.prepare("INSERT INTO event_counts(uid, count, last_seen_at) VALUES (?, ?, ?)");
  const dropOlder = database.prepare(
    "DELETE FROM event_counts WHERE seq NOT IN (SELECT max(seq) FROM event_counts GROUP BY uid)",
  );
  const dropOldest = database.prepare(
    `DELETE FROM event_counts WHERE seq <= (SELECT seq FROM event_counts ORDER BY seq DESC LIMIT 1 OFFSET ${MAX_COUNTS})`,
  );
  const forgetCounts = database.prepare("DELETE FROM event_counts WHERE last_seen_at < ?");
  const readGroups = database.prepare("SELECT * FROM throttle_groups");
  const writeGroup = database.prepare("INSERT OR REPLACE INTO throttle_groups VALUES (?, ?, ?)");
  const removeGroup = database.prepare("DELETE FROM throttle_groups WHERE rule_key = ? AND grp = ?");
  const readAgenda = database.prepare("SELECT * FROM agenda");
  const writeAgenda = database.prepare("INSERT OR REPLACE INTO agenda VALUES (?, ?, ?, ?)");
  const removeAgenda = database.prepare("DELETE FROM agenda WHERE key = ?");

  const countRows = (): number => Number(countCounts.row()?.["rows"]);
  let countsKept = countRows();
  database.onReplaced(() => {
    countsKept = countRows();
  });

  /** The stored value if it is one; what is none is set aside for good. */
  const value = <T>(key: string, isValue: (parsed: unknown) => parsed is T): T | null => {
    const text = readValue.row(key)?.["value"];
    if (text === undefined) return null;
    const parsed = parsedOf(text);
    if (isValue(parsed)) return parsed;
    database.setAside(`checkpoint ${key}`, "it is not what was stored");
    removeValue.run(key);
    return null;
  };

  /** The rows that can be read; the others are set aside for good. */
  const readable = <T>(
    what: string,
    rows: readonly Row[],
    read: (row: Row) => T | null,
    remove: (row: Row) => void,
  ): readonly T[] => {
    const broken = rows.filter((row) => read(row) === null);
    if (broken.length > 0) database.setAside(`checkpoint: ${broken.length} ${what}`, "they are not what was stored");
    for (const row of broken) remove(row);
    return rows.flatMap((row) => read(row) ?? []);
  };

  const saveCounts = (counts: readonly KnownCount[]): void => {
    for (const { uid, count, lastSeenAt } of counts) writeCount.run(uid, count, lastSeenAt);
    countsKept += counts.length;
    if (countsKept <= 2 * MAX_COUNTS) return;
    dropOlder.run();
    dropOldest.run();
    countsKept = countRows();
  };

  return {
    position(source) {
      const position = value(`position ${source}`, isPosition);
      if (position) return position;
      // As version 0.1 stored it, which knew one source.
      const since = value("since", isSince);
      return since && { source, version: since.resourceVersion, at: since.at };
    },
    *counts(limit = MAX_COUNTS) {
      for (const row of readCounts.each(limit)) {
        yield { uid: String(row["uid"]), count: Number(row["count"]), lastSeenAt: Number(row["last_seen_at"]) };
      }
    },
    groups: () =>
      readable("groups", readGroups.rows(), groupOf, (row) => {
        removeGroup.run(String(row["rule_key"]), String(row["grp"]));
      }),
    agenda: () =>
      readable("agenda entries", readAgenda.rows(), agendaEntryOf, (row) => {
        removeAgenda.run(String(row["key"]));
      }),
    lasting: () => value("lasting", isLastingState),
    save({ position, counts, state, lasting }) {
      if (position) {
        writeValue.run(`position ${position.source}`, JSON.stringify(position));
        removeValue.run("since");
      }
      writeValue.run("lasting", JSON.stringify(lasting));
      saveCounts(counts);
      for (const { ruleKey, group } of state.removedGroups) removeGroup.run(ruleKey, group);
      for (const { ruleKey, group, slots } of state.groups) writeGroup.run(ruleKey, group, JSON.stringify(slots));
      for (const key of state.removedAgenda) removeAgenda.run(key);
      for (const { key, kind, due, body } of state.agenda) writeAgenda.run(key, kind, due, body);
    },
    forgetCountsBefore(epochMs) {
      countsKept -= forgetCounts.run(epochMs).changes;
    },
    lastGoodRules: () => value("last-good-rules", isRuleSet),
    saveLastGoodRules(ruleSet) {
      replaceValue.run("last-good-rules", JSON.stringify(ruleSet));
    },
  };
}

/** Undefined where it is no JSON. */
function parsedOf(text: unknown): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isPosition(value: unknown): value is Position {
  if (!isObject(value)) return false;
  const { source, version, at } = value;
  return typeof source === "string" && (version === null || typeof version === "string") && typeof at === "number";
}

function isSince(value: unknown): value is { readonly resourceVersion: string | null; readonly at: number } {
  if (!isObject(value)) return false;
  const { resourceVersion, at } = value;
  return (resourceVersion === null || typeof resourceVersion === "string") && typeof at === "number";
}

/** `saveLastGoodRules` wrote it whole or not at all; that it is whole is what JSON tells. */
function isRuleSet(value: unknown): value is RuleSet {
  return isObject(value) && Array.isArray(value["statements"]);
}

function groupOf(row: Row): GroupState | null {
  const slots = parsedOf(row["state"]);
  if (!isObject(slots)) return null;
  return { ruleKey: String(row["rule_key"]), group: String(row["grp"]), slots };
}

function agendaEntryOf(row: Row): AgendaEntry | null {
  const { key, kind, due, body } = row;
  if (kind !== "after" && kind !== "while" && kind !== "at") return null;
  if (typeof body !== "string" || parsedOf(body) === undefined) return null;
  return { key: String(key), kind, due: typeof due === "number" ? due : null, body };
}
