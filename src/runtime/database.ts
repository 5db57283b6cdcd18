import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import type { Logger } from "./logger.ts";

/** What a column may hold here. */
type Value = string | number | null;

/** One row by column name. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

/** A prepared statement. Throws `StorageError` for what the disk does, and anything else for our own bugs. */
interface Statement {
  /** Answers how many rows changed and the last row id made. */
  run(...values: readonly Value[]): { readonly changes: number; readonly id: number };
  row(...values: readonly Value[]): Row | null;
  rows(...values: readonly Value[]): readonly Row[];
  /** The rows of `rows` one by one, for where they may be many. To be read to the end before the next write. */
  each(...values: readonly Value[]): Iterable<Row>;
}

/**
 * How far a commit reaches. `full` is on disk when the transaction returns and outlives a power cut; `normal`
 * outlives a killed process, but a power cut may take the last ones back (in order, never corrupting).
 */
type Durability = "full" | "normal";

/** The engine's one file. Synchronous: a `full` commit blocks for one fsync, 0.1 ms on a disk, up to 100 ms on an SD card. */
export interface Database {
  prepare(sql: string): Statement;
  /**
   * Runs `work` as one transaction and rolls back when it throws. Inside another transaction it joins that one,
   * which then commits or rolls back as a whole, at the outermost durability.
   */
  transaction<T>(work: () => T, durability?: Durability): T;
  /** Runs `done` once the transaction that is open is on disk, never if it is rolled back; at once if none is open. */
  afterCommit(done: () => void): void;
  /** Whether a write succeeds right now. For health checks: it writes one page, so ask seconds apart. */
  writable(): boolean;
  /** Closing twice is harmless. */
  close(): void;
}

/** The disk is full, read-only, gone or corrupt. Nothing of the statement or transaction was kept. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly reason: "full" | "read_only" | "corrupt" | "busy" | "io" | "newer";
  constructor(reason: StorageError["reason"], message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

/*
 * SQLite's primary result codes that speak of the world (https://sqlite.org/rescode.html, 2026-11). All others are
 * mistakes in our SQL and stay what they are.
 */
const WORLD_CODES: Readonly<Record<number, StorageError["reason"]>> = {
  5: "busy",
  6: "busy",
  8: "read_only",
  10: "io",
  11: "corrupt",
  13: "full",
  14: "io",
  26: "corrupt",
};

/*
 * Each entry lifts the file from the version of its index to the next; `user_version` says where a file stands.
 * Never edit one that was released: append.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE checkpoint(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
   CREATE TABLE event_counts(uid TEXT PRIMARY KEY, count INTEGER, last_seen_at INTEGER) WITHOUT ROWID;
   CREATE TABLE throttle_groups(rule_key TEXT, grp TEXT, state TEXT, PRIMARY KEY(rule_key, grp)) WITHOUT ROWID;
   CREATE TABLE entries(
     id INTEGER PRIMARY KEY AUTOINCREMENT, receiver TEXT NOT NULL, rule TEXT NOT NULL, severity TEXT NOT NULL,
     rank INTEGER NOT NULL, body TEXT NOT NULL, summary TEXT NOT NULL, bytes INTEGER NOT NULL,
     created_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due_at INTEGER NOT NULL,
     delay_ms INTEGER NOT NULL DEFAULT 0, last_reason TEXT NOT NULL DEFAULT '');
   CREATE INDEX entries_order ON entries(receiver, rank, id);
   CREATE TABLE dead_letters(
     id INTEGER PRIMARY KEY, receiver TEXT NOT NULL, rule TEXT NOT NULL, severity TEXT NOT NULL, body TEXT NOT NULL,
     summary TEXT NOT NULL, bytes INTEGER NOT NULL, created_at INTEGER NOT NULL, attempts INTEGER NOT NULL,
     died_at INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL);
   CREATE TABLE ledger(
     receiver TEXT PRIMARY KEY, written INTEGER NOT NULL DEFAULT 0, delivered INTEGER NOT NULL DEFAULT 0,
     dead INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
   CREATE TABLE probe(id INTEGER PRIMARY KEY, written INTEGER NOT NULL) WITHOUT ROWID;`,
];

function storageError(error: unknown): StorageError | null {
  if (error instanceof StorageError) return error;
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return null;
  // The low byte is the primary code; the rest tells flavours of it apart.
  const reason = WORLD_CODES[error.errcode % 256];
  return reason ? new StorageError(reason, `database: ${error.message}`, error) : null;
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storageError(error) ?? error;
  }
}

function open(path: string): DatabaseSync {
  // SQLite gives its journal files the mode of the database file, so this one call covers all three.
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
  const connection = new DatabaseSync(path, { timeout: 5000 });
  try {
    connection.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 1048576");
    // 100 pages: the log beside the file stays near 0.4 MB instead of SQLite's 4 MB.
    connection.exec("PRAGMA wal_autocheckpoint = 100; PRAGMA cache_size = -512");
    // Large sorts spill into files elsewhere, which a container with a read-only root has no place for.
    connection.exec("PRAGMA temp_store = MEMORY");
    const health = connection.prepare("PRAGMA quick_check(1)").get();
    if (health?.["quick_check"] !== "ok") throw new StorageError("corrupt", "database: quick_check failed");
    migrate(connection);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function migrate(connection: DatabaseSync): void {
  const version = Number(connection.prepare("PRAGMA user_version").get()?.["user_version"]);
  // Guessing at a newer layout could lose entries that wait; the operator decides.
  if (version > MIGRATIONS.length)
    throw new StorageError("newer", `database: version ${version} is of a newer kubewhen`);
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index >= version) connection.exec(`BEGIN IMMEDIATE; ${sql} PRAGMA user_version = ${index + 1}; COMMIT`);
  }
}

function moveAside(path: string): string {
  let n = 1;
  while (existsSync(`${path}.corrupt-${n}`)) n += 1;
  for (const suffix of ["", "-wal", "-shm"]) {
    if (existsSync(path + suffix)) renameSync(path + suffix, `${path}.corrupt-${n}${suffix}`);
  }
  return `${path}.corrupt-${n}`;
}

function openOrReplace(path: string, logger: Logger): DatabaseSync {
  try {
    return guarded(() => open(path));
  } catch (error) {
    if (!(error instanceof StorageError) || error.reason !== "corrupt") throw error;
    logger.error(
      { kept: moveAside(path), detail: error.message },
      "database is corrupt: kept aside, a fresh one begun",
    );
    return guarded(() => open(path));
  }
}

/**
 * Opens `kubewhen.db` in the folder `path`, made if need be, readable by its owner alone.
 *
 * A corrupt file is renamed to `kubewhen.db.corrupt-<n>`, logged, and a fresh one begun: an engine that forgets is
 * better than one that does not start. Any other trouble throws `StorageError`. Needs a local file system: WAL does
 * not work over NFS.
 */
export function openDatabase(path: string, logger: Logger): Database {
  guarded(() => mkdirSync(path, { recursive: true, mode: 0o700 }));
  const connection = openOrReplace(join(path, "kubewhen.db"), logger);
  let committed: (() => void)[] = [];
  let synchronous: Durability = "full";

  const prepare = (sql: string): Statement => {
    const statement = guarded(() => connection.prepare(sql));
    return {
      run: (...values) =>
        guarded(() => {
          const { changes, lastInsertRowid } = statement.run(...values);
          return { changes: Number(changes), id: Number(lastInsertRowid) };
        }),
      row: (...values) => guarded(() => statement.get(...values) ?? null),
      rows: (...values) => guarded(() => statement.all(...values)),
      *each(...values) {
        try {
          yield* statement.iterate(...values);
        } catch (error) {
          throw storageError(error) ?? error;
        }
      },
    };
  };

  const transaction = <T>(work: () => T, durability: Durability = "full"): T => {
    if (connection.isTransaction) return work();
    return guarded(() => {
      // The pragma is ignored inside a transaction, so it comes before.
      if (synchronous !== durability) connection.exec(`PRAGMA synchronous = ${durability}`);
      synchronous = durability;
      committed = [];
      connection.exec("BEGIN IMMEDIATE");
      try {
        const result = work();
        connection.exec("COMMIT");
        const done = committed;
        committed = [];
        for (const call of done) call();
        return result;
      } catch (error) {
        committed = [];
        // A full disk has often rolled back already.
        if (connection.isTransaction) connection.exec("ROLLBACK");
        throw error;
      }
    });
  };

  const probe = prepare("INSERT OR REPLACE INTO probe VALUES (1, coalesce((SELECT written FROM probe), 0) + 1)");
  return {
    prepare,
    transaction,
    afterCommit(done) {
      if (connection.isTransaction) committed.push(done);
      else done();
    },
    writable() {
      try {
        transaction(() => probe.run());
        return true;
      } catch (error) {
        if (error instanceof StorageError) return false;
        throw error;
      }
    },
    close() {
      if (connection.isOpen) connection.close();
    },
  };
}
