import type { OutboxEntry } from "../model/delivery.ts";
import type { Notification } from "../model/notification.ts";
import type { Severity } from "../model/rule.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Database, Row } from "../runtime/database.ts";
import type { Metrics } from "../runtime/metrics.ts";

/** An entry given up, kept for people. */
interface DeadLetter extends OutboxEntry {
  readonly reason: string;
  readonly detail: string;
  /** Epoch ms. */
  readonly diedAt: number;
}

/** What became of everything ever stored for one receiver: `written = delivered + dead + waiting`. */
interface LedgerRow {
  readonly receiver: string;
  readonly written: number;
  readonly delivered: number;
  readonly dead: number;
  readonly waiting: number;
}

/**
 * Notifications on disk until their receiver has them. Every call is one transaction, or part of the caller's own,
 * and throws `StorageError` when the disk does not take it; then nothing has changed.
 */
export interface Outbox {
  /**
   * Stores all or none, and returns once they are on disk (in a caller's transaction: once that commits). Only then
   * do their Events count as handled; put the checkpoint into the same transaction.
   *
   * When `maxBytes` are reached dead letters go first, oldest first. If that is not enough the answer is `full`:
   * pause the watch and ask again later. Nothing is dropped.
   */
  enqueue(notifications: readonly Notification[]): "stored" | "full";
  /** The entry to send next: due, gravest first, then oldest. It stays where it is. */
  next(receiver: string, now: number): OutboxEntry | null;
  /** Like `next`, but the least tried first: for asking an ailing receiver without meeting the same body each time. */
  nextProbe(receiver: string, now: number): OutboxEntry | null;
  /** When the next entry falls due, epoch ms, in the past if one is; null when none waits. */
  nextDueAt(receiver: string): number | null;
  /** The receiver has it: takes it out. Unknown ids are ignored, so a repeated call is harmless. */
  delivered(id: number): void;
  /** Counts the attempt and keeps the entry until `dueAt`, epoch ms. */
  retryAt(id: number, dueAt: number, reason: string): void;
  /** Counts the attempt and puts a plainer body in the place of one the receiver refused; due at once. */
  replaceBody(id: number, body: string): void;
  /** Gives the entry up as a dead letter. Beyond 1,000 dead letters the oldest are forgotten. */
  bury(id: number, reason: string, detail: string): void;
  /** Makes all of a receiver's entries due: for when it answers again after a long silence. */
  dueNow(receiver: string): void;
  waiting(receiver?: string): number;
  /** Receivers that have entries waiting, whether or not they are still configured. */
  receivers(): readonly string[];
  deadLetters(): readonly DeadLetter[];
  ledger(): readonly LedgerRow[];
  /** Calls `wake` with each receiver that got new entries, after they are on disk. Answers how to stop that. */
  onEnqueue(wake: (receiver: string) => void): () => void;
}

export interface OutboxOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Bound of entries and dead letters together: their text plus a flat cost a row. */
  readonly maxBytes: number;
}

/** What a row costs beside its text: columns, indexes and the part of a page left empty. */
const ROW_BYTES = 256;
const MAX_DEAD_LETTERS = 1000;
const RANK: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };

/*
 * Due times are wall-clock, because they outlive the process, and the wall clock jumps. An entry further ahead than
 * it was ever put off has met such a jump and is due.
 */
const DUE = "(due_at <= ?1 OR due_at - ?1 > delay_ms)";
const ENTRY = "id, receiver, rule, severity, body, summary, created_at, attempts";

function entryOf(row: Row): OutboxEntry {
  return {
    id: Number(row["id"]),
    receiver: String(row["receiver"]),
    rule: String(row["rule"]),
    severity: severityOf(row["severity"]),
    body: String(row["body"]),
    summary: String(row["summary"]),
    createdAt: Number(row["created_at"]),
    attempts: Number(row["attempts"]),
  };
}

function deadLetterOf(row: Row): DeadLetter {
  const { reason, detail, died_at: diedAt } = row;
  return { ...entryOf(row), reason: String(reason), detail: String(detail), diedAt: Number(diedAt) };
}

function severityOf(value: unknown): Severity {
  return value === "critical" || value === "warning" ? value : "info";
}

function sizeOf(notification: Pick<Notification, "body" | "summary">): number {
  return Buffer.byteLength(notification.body) + Buffer.byteLength(notification.summary) + ROW_BYTES;
}

/** Opens the outbox in `database`; what an earlier run left waiting goes on waiting, with its attempts and due times. */
export function createOutbox(options: OutboxOptions): Outbox {
  const { database, clock, metrics, maxBytes } = options;
  const wakers = new Set<(receiver: string) => void>();

  const insert = database.prepare(
    `INSERT INTO entries(receiver, rule, severity, rank, body, summary, bytes, created_at, due_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const selectDue = `SELECT ${ENTRY} FROM entries WHERE receiver = ?2 AND ${DUE}`;
  const selectNext = database.prepare(`${selectDue} ORDER BY rank, id LIMIT 1`);
  const selectProbe = database.prepare(`${selectDue} ORDER BY attempts, rank, id LIMIT 1`);
  const selectDueAt = database.prepare(
    `SELECT min(CASE WHEN ${DUE} THEN min(due_at, ?1) ELSE due_at END) AS due_at FROM entries WHERE receiver = ?2`,
  );
  const selectOne = database.prepare("SELECT * FROM entries WHERE id = ?");
  const remove = database.prepare("DELETE FROM entries WHERE id = ?");
  const postpone = database.prepare(
    "UPDATE entries SET attempts = attempts + 1, due_at = ?, delay_ms = ?, last_reason = ? WHERE id = ?",
  );
  const replace = database.prepare(
    "UPDATE entries SET attempts = attempts + 1, body = ?, bytes = ?, due_at = ?, delay_ms = 0 WHERE id = ?",
  );
  const hasten = database.prepare("UPDATE entries SET due_at = ?, delay_ms = 0 WHERE receiver = ?");
  const insertDead = database.prepare(
    `INSERT INTO dead_letters SELECT id, receiver, rule, severity, body, summary, bytes, created_at, attempts + 1, ?, ?, ?
     FROM entries WHERE id = ?`,
  );
  const forgetDead = database.prepare(
    `DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters ORDER BY died_at, id LIMIT ?) RETURNING bytes`,
  );
  const selectDead = database.prepare(
    `SELECT ${ENTRY}, died_at, reason, detail FROM dead_letters ORDER BY died_at, id`,
  );
  const account = database.prepare(
    `INSERT INTO ledger(receiver, written, delivered, dead) VALUES (?, ?, ?, ?) ON CONFLICT(receiver) DO UPDATE
     SET written = written + excluded.written, delivered = delivered + excluded.delivered, dead = dead + excluded.dead`,
  );
  const selectLedger = database.prepare(
    `SELECT receiver, written, delivered, dead, (SELECT count(*) FROM entries e WHERE e.receiver = l.receiver) AS waiting
     FROM ledger l ORDER BY receiver`,
  );
  const selectTotals = database.prepare(
    `SELECT (SELECT coalesce(sum(bytes), 0) FROM entries) + (SELECT coalesce(sum(bytes), 0) FROM dead_letters) AS bytes,
     (SELECT count(*) FROM dead_letters) AS dead`,
  );

  const ledger = (): LedgerRow[] =>
    selectLedger.rows().map((row) => ({
      receiver: String(row["receiver"]),
      written: Number(row["written"]),
      delivered: Number(row["delivered"]),
      dead: Number(row["dead"]),
      waiting: Number(row["waiting"]),
    }));

  // Kept in memory so that no call sums the table; true to the disk because they change only after a commit.
  const totals = selectTotals.row();
  let bytes = Number(totals?.["bytes"]);
  let dead = Number(totals?.["dead"]);
  const waiting = new Map<string, number>();
  for (const row of ledger()) {
    waiting.set(row.receiver, row.waiting);
    // The counters start where the last run stopped, so that the ledger of the metrics balances too.
    metrics.entriesWritten.inc({ receiver: row.receiver }, row.written);
    metrics.entries.inc({ receiver: row.receiver, outcome: "delivered" }, row.delivered);
    metrics.entries.inc({ receiver: row.receiver, outcome: "dead" }, row.dead);
    metrics.entriesWaiting.set({ receiver: row.receiver }, row.waiting);
  }

  const changeWaiting = (receiver: string, by: number): void => {
    const now = (waiting.get(receiver) ?? 0) + by;
    waiting.set(receiver, now);
    metrics.entriesWaiting.set({ receiver }, now);
  };

  /** Forgets dead letters until `wantedBytes` are free or none is left; answers how many bytes that freed. */
  const makeRoom = (wantedBytes: number): number => {
    let freed = 0;
    let forgotten = 0;
    while (freed < wantedBytes && forgotten < dead) {
      const rows = forgetDead.rows(Math.max(1, Math.ceil(dead / 10)));
      if (rows.length === 0) break;
      forgotten += rows.length;
      freed += rows.reduce((sum, row) => sum + Number(row["bytes"]), 0);
    }
    database.afterCommit(() => {
      bytes -= freed;
      dead -= forgotten;
    });
    return freed;
  };

  return {
    enqueue(notifications) {
      return database.transaction(() => {
        const wanted = notifications.reduce((sum, one) => sum + sizeOf(one), 0);
        const missing = bytes + wanted - maxBytes;
        if (missing > 0 && makeRoom(missing) < missing) return "full";
        const now = clock.now();
        for (const one of notifications) {
          insert.run(
            one.receiver,
            one.rule,
            one.severity,
            RANK[one.severity],
            one.body,
            one.summary,
            sizeOf(one),
            now,
            now,
          );
          account.run(one.receiver, 1, 0, 0);
        }
        database.afterCommit(() => {
          bytes += wanted;
          for (const { receiver } of notifications) {
            changeWaiting(receiver, 1);
            metrics.entriesWritten.inc({ receiver });
          }
          for (const receiver of new Set(notifications.map((one) => one.receiver))) {
            for (const wake of wakers) wake(receiver);
          }
        });
        return "stored";
      });
    },
    next(receiver, now) {
      const row = selectNext.row(now, receiver);
      return row ? entryOf(row) : null;
    },
    nextProbe(receiver, now) {
      const row = selectProbe.row(now, receiver);
      return row ? entryOf(row) : null;
    },
    nextDueAt(receiver) {
      const dueAt = selectDueAt.row(clock.now(), receiver)?.["due_at"];
      return typeof dueAt === "number" ? dueAt : null;
    },
    delivered(id) {
      database.transaction(() => {
        const row = selectOne.row(id);
        if (!row) return;
        const receiver = String(row["receiver"]);
        remove.run(id);
        account.run(receiver, 0, 1, 0);
        database.afterCommit(() => {
          bytes -= Number(row["bytes"]);
          changeWaiting(receiver, -1);
          metrics.entries.inc({ receiver, outcome: "delivered" });
        });
      });
    },
    retryAt(id, dueAt, reason) {
      // A power cut may take this back: the entry is then tried a little early.
      database.transaction(() => postpone.run(dueAt, Math.max(0, dueAt - clock.now()), reason, id), "normal");
    },
    replaceBody(id, body) {
      database.transaction(() => {
        const row = selectOne.row(id);
        if (!row) return;
        const newBytes = sizeOf({ body, summary: String(row["summary"]) });
        replace.run(body, newBytes, clock.now(), id);
        database.afterCommit(() => {
          bytes += newBytes - Number(row["bytes"]);
        });
      });
    },
    bury(id, reason, detail) {
      database.transaction(() => {
        const row = selectOne.row(id);
        if (!row) return;
        const receiver = String(row["receiver"]);
        insertDead.run(clock.now(), reason, detail, id);
        remove.run(id);
        account.run(receiver, 0, 0, 1);
        database.afterCommit(() => {
          dead += 1;
          changeWaiting(receiver, -1);
          metrics.entries.inc({ receiver, outcome: "dead" });
        });
        if (dead + 1 > MAX_DEAD_LETTERS) {
          const forgotten = forgetDead.rows(dead + 1 - MAX_DEAD_LETTERS);
          database.afterCommit(() => {
            dead -= forgotten.length;
            bytes -= forgotten.reduce((sum, one) => sum + Number(one["bytes"]), 0);
          });
        }
      });
    },
    dueNow(receiver) {
      database.transaction(() => hasten.run(clock.now(), receiver), "normal");
    },
    waiting(receiver) {
      if (receiver !== undefined) return waiting.get(receiver) ?? 0;
      return [...waiting.values()].reduce((sum, count) => sum + count, 0);
    },
    receivers: () => [...waiting].filter(([, count]) => count > 0).map(([receiver]) => receiver),
    deadLetters: () => selectDead.rows().map(deadLetterOf),
    ledger,
    onEnqueue(wake) {
      wakers.add(wake);
      return () => wakers.delete(wake);
    },
  };
}
