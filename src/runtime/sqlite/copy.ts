import { closeSync, fsyncSync, openSync, rmSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from "node:sqlite";
import { columnsOf, schemaSql } from "./connect.ts";
import { SCHEMA_VERSION, TABLES, type Table } from "./schema.ts";

type SourceRow = Readonly<Record<string, SQLOutputValue>>;

/** Rows between two commits: bounds the memory that a copy takes. */
const BATCH_ROWS = 256;

/**
 * Makes a fresh file of our tables at `path`, lets `fill` put rows into it, and returns once it is on disk: from then on it
 * may be renamed to where it belongs. A half-made one, whoever made it, is thrown away.
 */
export function makeFile(path: string, fill: (file: DatabaseSync) => void): void {
  removeFile(path);
  closeSync(openSync(path, "a", 0o600));
  const file = new DatabaseSync(path);
  try {
    // Nobody reads it before it is whole, so it needs no journal on disk, and one sync at the end.
    file.exec(
      "PRAGMA page_size = 1024; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -512",
    );
    file.exec(schemaSql());
    fill(file);
    file.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  } finally {
    file.close();
  }
  syncPath(path);
}

/** Forces a file, or the names in a folder, to disk. */
export function syncPath(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Removes a database with its journals; nothing happens where there is none. */
export function removeFile(path: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(path + suffix, { force: true });
}

/**
 * Hands the rows of a query over one by one and commits after each 256. Two statements may look at one another's
 * tables, but the rows read must not change.
 */
export function transfer(rows: Iterable<SourceRow>, to: DatabaseSync, take: (row: SourceRow) => void): void {
  let open = 0;
  try {
    for (const row of rows) {
      if (open === 0) to.exec("BEGIN");
      take(row);
      open += 1;
      if (open < BATCH_ROWS) continue;
      to.exec("COMMIT");
      open = 0;
    }
  } finally {
    // What came before a page that cannot be read is worth keeping.
    if (to.isTransaction) to.exec("COMMIT");
  }
}

/**
 * Copies every row that can be read. Where a page cannot, the table is read on from its other end, so that only what
 * lies around that page is lost. Answers what was, in words.
 */
export function copyAll(from: DatabaseSync, to: DatabaseSync): readonly string[] {
  const losses: string[] = [];
  for (const table of TABLES) {
    const found = columnsIn(from, table);
    const columns = table.columns.filter((column) => found.includes(column));
    if (columns.length === 0) {
      losses.push(`table ${table.name}`);
      continue;
    }
    const missing = table.columns.filter((column) => !columns.includes(column));
    losses.push(...missing.map((column) => `column ${table.name}.${column}`));
    const failed = copyTable(from, to, table, columns, "ASC");
    if (failed === null) continue;
    copyTable(from, to, table, columns, "DESC");
    losses.push(`rows of ${table.name}: ${failed}`);
  }
  return losses;
}

function columnsIn(from: DatabaseSync, table: Table): readonly string[] {
  try {
    return columnsOf(from, table.name);
  } catch (error) {
    if (isSqliteError(error)) return [];
    throw error;
  }
}

/** Why it ended early; null: it did not. */
function copyTable(
  from: DatabaseSync,
  to: DatabaseSync,
  { name, key }: Table,
  columns: readonly string[],
  direction: "ASC" | "DESC",
): string | null {
  const keys = key.split(", ");
  const order = keys.every((column) => columns.includes(column))
    ? `ORDER BY ${keys.map((column) => `${column} ${direction}`).join(", ")}`
    : "";
  // A row may break what a column asks of it: the database was damaged.
  const insert = to.prepare(
    `INSERT OR IGNORE INTO ${name}(${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
  );
  let failed: string | null = null;
  /** Ends at the first row that cannot be read. What fails elsewhere is the writing. */
  const readable = function* (): Generator<SourceRow> {
    try {
      yield* from.prepare(`SELECT ${columns.join(", ")} FROM ${name} ${order}`).iterate();
    } catch (error) {
      if (!isSqliteError(error)) throw error;
      failed = error.message;
    }
  };
  transfer(readable(), to, (row) => insert.run(...columns.map((column): SQLInputValue => row[column] ?? null)));
  return failed;
}

function isSqliteError(error: unknown): error is Error {
  return error instanceof Error && "errcode" in error;
}
