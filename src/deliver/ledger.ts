import type { Database, Row } from "../runtime/database.ts";
import type { Metrics } from "../runtime/metrics.ts";

/** What became of everything ever stored for one receiver: `written = delivered + dead + merged + waiting`. */
export interface LedgerRow {
  readonly receiver: string;
  readonly written: number;
  readonly delivered: number;
  readonly dead: number;
  readonly merged: number;
  readonly waiting: number;
}

/** By how much the account of a receiver changes. `bytes` are those of alerts that wait for it. */
interface LedgerChange {
  readonly written?: number;
  readonly delivered?: number;
  readonly dead?: number;
  readonly merged?: number;
  readonly bytes?: number;
}

/** The accounts of all receivers, known without asking the disk and true to it. Changes need a transaction. */
export interface Ledger {
  /** The receiver's number in the database, made if need be; null only without `make`. */
  idOf(receiver: string): number | null;
  open(receiver: string): number;
  change(receiver: string, by: LedgerChange): void;
  /** By name. */
  rows(): readonly LedgerRow[];
  waiting(receiver: string): number;
  waitingBytes(receiver: string): number;
  /** Receivers that something waits for. */
  receivers(): readonly string[];
}

export interface LedgerOptions {
  readonly database: Database;
  readonly metrics: Pick<Metrics, "entries" | "entriesWaiting" | "entriesWritten">;
}

interface Account {
  readonly id: number;
  written: number;
  delivered: number;
  dead: number;
  merged: number;
  bytes: number;
}

const ENDS = ["delivered", "dead", "merged"] as const;

/** See `Ledger`. The counters of the metrics start where the last run stopped, so that they balance too. */
export function createLedger({ database, metrics }: LedgerOptions): Ledger {
  const select = database.prepare("SELECT * FROM receivers ORDER BY name");
  const insert = database.prepare("INSERT INTO receivers(name) VALUES (?)");
  const update = database.prepare(
    `UPDATE receivers SET written = written + ?, delivered = delivered + ?, dead = dead + ?, merged = merged + ?,
     waiting_bytes = waiting_bytes + ? WHERE id = ?`,
  );
  let accounts = new Map<string, Account>();

  const count = (receiver: string, by: Required<LedgerChange>): void => {
    if (by.written > 0) metrics.entriesWritten.inc({ receiver }, by.written);
    for (const outcome of ENDS) if (by[outcome] > 0) metrics.entries.inc({ receiver, outcome }, by[outcome]);
    metrics.entriesWaiting.set({ receiver }, waitingOf(accounts.get(receiver)));
  };

  const load = (): void => {
    const before = accounts;
    accounts = new Map(select.rows().map((row) => [String(row["name"]), accountOf(row)]));
    for (const [receiver, now] of accounts) {
      const was = before.get(receiver);
      const by = { written: 0, delivered: 0, dead: 0, merged: 0, bytes: 0 };
      for (const key of ["written", ...ENDS] as const) by[key] = now[key] - (was?.[key] ?? 0);
      count(receiver, by);
    }
    for (const receiver of before.keys()) {
      if (!accounts.has(receiver)) metrics.entriesWaiting.set({ receiver }, 0);
    }
  };
  load();
  database.onReplaced(load);

  const open = (receiver: string): Account => {
    const known = accounts.get(receiver);
    if (known) return known;
    const account = { id: insert.run(receiver).id, written: 0, delivered: 0, dead: 0, merged: 0, bytes: 0 };
    accounts.set(receiver, account);
    database.afterRollback(() => accounts.delete(receiver));
    return account;
  };

  return {
    idOf: (receiver) => accounts.get(receiver)?.id ?? null,
    open: (receiver) => open(receiver).id,
    change(receiver, { written = 0, delivered = 0, dead = 0, merged = 0, bytes = 0 }) {
      const account = open(receiver);
      update.run(written, delivered, dead, merged, bytes, account.id);
      const by = { written, delivered, dead, merged, bytes };
      add(account, by, 1);
      database.afterRollback(() => add(account, by, -1));
      database.afterCommit(() => count(receiver, by));
    },
    rows: () =>
      [...accounts].toSorted(byName).map(([receiver, account]) => {
        const { written, delivered, dead, merged } = account;
        return { receiver, written, delivered, dead, merged, waiting: waitingOf(account) };
      }),
    waiting: (receiver) => waitingOf(accounts.get(receiver)),
    waitingBytes: (receiver) => accounts.get(receiver)?.bytes ?? 0,
    receivers: () => [...accounts].filter(([, account]) => waitingOf(account) > 0).map(([receiver]) => receiver),
  };
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}

function accountOf(row: Row): Account {
  return {
    id: Number(row["id"]),
    written: Number(row["written"]),
    delivered: Number(row["delivered"]),
    dead: Number(row["dead"]),
    merged: Number(row["merged"]),
    bytes: Number(row["waiting_bytes"]),
  };
}

function waitingOf(account: Account | undefined): number {
  return account ? account.written - account.delivered - account.dead - account.merged : 0;
}

function add(account: Account, by: Required<LedgerChange>, sign: 1 | -1): void {
  account.written += sign * by.written;
  account.delivered += sign * by.delivered;
  account.dead += sign * by.dead;
  account.merged += sign * by.merged;
  account.bytes += sign * by.bytes;
}
