import { mkdirSync } from "node:fs";
import type { SQLOutputValue } from "node:sqlite";
import { type Clock, systemClock } from "./clock.ts";
import type { Logger } from "./logger.ts";
import { lockFolder } from "./sqlite/folder-lock.ts";
import { openStore } from "./sqlite/store.ts";

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
export type Durability = "full" | "normal";

/** The engine's one file. Synchronous: a `full` commit blocks for one fsync, 0.1 ms on a disk, up to 100 ms on an SD card. */
export interface Database {
  prepare(sql: string): Statement;
  /**
   * Runs `work` as one transaction and rolls back when it throws. Inside another transaction it joins that one,
   * which then commits or rolls back as a whole, at the outermost durability.
   */
  transaction<T>(work: () => T, durability?: Durability): T;
  /** Runs `done` once the transaction that is open is committed, never if it is rolled back; at once if none is open. */
  afterCommit(done: () => void): void;
  /** Runs `undo` if the transaction that is open is rolled back, the last one first; never if none is open. */
  afterRollback(undo: () => void): void;
  /** Calls `read` after a fresh file has taken the place of the old one: what was read before may be gone. */
  onReplaced(read: () => void): void;
  /**
   * Whether a write succeeds right now. For health checks: it learns from the writes of the last five minutes, and
   * writes a page itself only where there were none.
   */
  writable(): boolean;
  /** Notes, in the log too, that something could not be read and the engine goes on without it. */
  setAside(what: string, detail: string): void;
  /** What was set aside since the start, the newest few, in words. */
  asides(): readonly string[];
  /** Closing twice is harmless. */
  close(): void;
}

type Reason = "full" | "read_only" | "corrupt" | "busy" | "io" | "newer" | "held";

/** The disk is full, read-only, gone or corrupt, or the file is another's. Nothing of the statement or transaction was kept. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly reason: Reason;
  constructor(reason: Reason, message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

/*
 * SQLite's primary result codes that speak of the world (https://sqlite.org/rescode.html, 2026-11). All others are
 * mistakes in our SQL and stay what they are.
 */
const WORLD_CODES: Readonly<Record<number, Reason>> = {
  5: "busy",
  6: "busy",
  8: "read_only",
  10: "io",
  11: "corrupt",
  13: "full",
  14: "io",
  26: "corrupt",
};
/** SQLITE_ERROR: among other things a table or column that is not there. */
const SQL_MISTAKE = 1;
/** A watch's length: in a cluster where nothing happens that is how often the checkpoint moves. */
const WRITTEN_LATELY_MS = 300_000;
/** A replacement reads the whole file: one that failed is not tried again at once. */
const REPLACE_PAUSE_MS = 60_000;
const MAX_ASIDES = 10;

function codeOf(error: unknown): number | null {
  // The low byte is the primary code; the rest tells flavours of it apart.
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode % 256 : null;
}

function storageError(error: unknown): StorageError | null {
  if (error instanceof StorageError) return error;
  if (!(error instanceof Error)) return null;
  const reason = WORLD_CODES[codeOf(error) ?? 0] ?? systemReason(error);
  return reason && new StorageError(reason, `database: ${error.message}`, error);
}

/** Files beside the database are made, moved and removed without SQLite. */
function systemReason(error: Error): Reason | null {
  if (!("syscall" in error) || !("code" in error)) return null;
  if (error.code === "ENOSPC" || error.code === "EDQUOT") return "full";
  return error.code === "EROFS" ? "read_only" : "io";
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storageError(error) ?? error;
  }
}

/**
 * Opens `kubewhen.db` in the folder `path`, made if need be, readable by its owner alone and held by this process
 * alone: `StorageError` says who else has it. A file of version 0.1 is carried over.
 *
 * A file that is corrupt, at the start or later, is renamed to `kubewhen.db.corrupt-<n>`; what can be read of it goes
 * over into a fresh one, and so does everything when the file is deleted while we run. An engine that forgets is better
 * than one that does not start. Any other trouble throws `StorageError`. Needs a local file system: WAL does not work
 * over NFS.
 */
export function openDatabase(path: string, logger: Logger, clock: Clock = systemClock): Database {
  const asides: string[] = [];
  const setAside = (what: string, detail: string): void => {
    logger.error({ what, detail }, "cannot be read: set aside, the engine goes on without it");
    asides.push(`${what}: ${detail}`);
    if (asides.length > MAX_ASIDES) asides.shift();
  };
  guarded(() => mkdirSync(path, { recursive: true, mode: 0o700 }));
  const hold = (): { release(): void } => {
    const lock = guarded(() => lockFolder(path, clock.now()));
    if ("release" in lock) return lock;
    throw new StorageError("held", `database: ${path} is in use by ${lock.heldBy}`);
  };
  let lock = hold();
  const store = ((): ReturnType<typeof openStore> => {
    try {
      return guarded(() => openStore(path, clock.now(), setAside));
    } catch (error) {
      lock.release();
      throw error;
    }
  })();
  if (store.newerVersion !== null) {
    store.close();
    lock.release();
    // Guessing at a newer layout could lose what waits; the operator decides.
    throw new StorageError("newer", `database: version ${store.newerVersion} is of a newer kubewhen`);
  }

  let committed: (() => void)[] = [];
  let undoing: (() => void)[] = [];
  const replaced: (() => void)[] = [];
  let synchronous: Durability = "full";
  /** Why the file must be replaced before the next use. */
  let broken: string | null = null;
  let replacedAt = -Infinity;
  let writtenAt = -Infinity;
  let writeFailed = false;

  /** Makes the file usable again where it is not. Waits until no transaction is open: that one fails. */
  const ensureSound = (): void => {
    if (broken === null || store.connection().isTransaction) return;
    if (clock.monotonic() - replacedAt < REPLACE_PAUSE_MS) throw new StorageError("corrupt", `database: ${broken}`);
    replacedAt = clock.monotonic();
    lock.release();
    guarded(() => mkdirSync(path, { recursive: true, mode: 0o700 }));
    lock = hold();
    guarded(() => store.replace(String(broken)));
    [broken, synchronous, replacedAt] = [null, "full", -Infinity];
    for (const read of replaced) read();
  };

  /** As `guarded`, and finds out whether the file is to blame. */
  const watched = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (codeOf(error) === SQL_MISTAKE) broken ??= store.schemaFault();
      const isFault = broken !== null && codeOf(error) !== null;
      const told = isFault ? new StorageError("corrupt", `database: ${broken}`, error) : storageError(error);
      if (told?.reason === "corrupt") broken ??= told.message;
      throw told ?? error;
    }
  };

  const prepare = (sql: string): Statement => {
    let prepared = guarded(() => store.prepare(sql));
    const current = (): typeof prepared => {
      ensureSound();
      if (prepared.of !== store.connection()) prepared = store.prepare(sql);
      return prepared;
    };
    return {
      run: (...values) =>
        watched(() => {
          const { changes, lastInsertRowid } = current().statement.run(...values);
          return { changes: Number(changes), id: Number(lastInsertRowid) };
        }),
      row: (...values) => watched(() => current().statement.get(...values) ?? null),
      rows: (...values) => watched(() => current().statement.all(...values)),
      *each(...values) {
        const rows = watched(() => current().statement.iterate(...values));
        try {
          for (let next = watched(() => rows.next()); next.done !== true; next = watched(() => rows.next())) {
            yield next.value;
          }
        } finally {
          rows.return?.();
        }
      },
    };
  };

  const commit = <T>(work: () => T): T => {
    const connection = store.connection();
    [committed, undoing] = [[], []];
    connection.exec("BEGIN IMMEDIATE");
    let result: T;
    try {
      result = work();
      connection.exec("COMMIT");
    } catch (error) {
      // A full disk has often rolled back already.
      if (connection.isTransaction) connection.exec("ROLLBACK");
      for (const undo of undoing.toReversed()) undo();
      [committed, undoing] = [[], []];
      throw error;
    }
    const done = committed;
    [committed, undoing] = [[], []];
    for (const call of done) call();
    return result;
  };

  const transaction = <T>(work: () => T, durability: Durability = "full"): T => {
    if (store.connection().isTransaction) return work();
    // What is written to a deleted file is gone with the process.
    if (store.isGone()) broken ??= "the file was deleted or replaced while in use";
    try {
      const result = watched(() => {
        ensureSound();
        // The pragma is ignored inside a transaction, so it comes before.
        if (synchronous !== durability) store.connection().exec(`PRAGMA synchronous = ${durability}`);
        synchronous = durability;
        return commit(work);
      });
      [writtenAt, writeFailed] = [clock.monotonic(), false];
      return result;
    } catch (error) {
      if (error instanceof StorageError) writeFailed = true;
      throw error;
    }
  };

  const probe = prepare(
    `INSERT INTO checkpoint VALUES ('probe', '1') ON CONFLICT(key) DO UPDATE SET value = CAST(value AS INTEGER) + 1`,
  );
  return {
    prepare,
    transaction,
    afterCommit(done) {
      if (store.connection().isTransaction) committed.push(done);
      else done();
    },
    afterRollback(undo) {
      if (store.connection().isTransaction) undoing.push(undo);
    },
    onReplaced(read) {
      replaced.push(read);
    },
    writable() {
      const learnt = !writeFailed && broken === null && clock.monotonic() - writtenAt < WRITTEN_LATELY_MS;
      if (learnt && !store.isGone()) return true;
      try {
        transaction(() => probe.run(), "normal");
        return true;
      } catch (error) {
        if (error instanceof StorageError) return false;
        throw error;
      }
    },
    setAside,
    asides: () => asides,
    close() {
      store.close();
      lock.release();
    },
  };
}
