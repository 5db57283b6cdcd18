import { chmodSync, closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { INDEXES, SCHEMA_VERSION, TABLES } from "./schema.ts";

/**
 * Opens the file, made with our tables where there is none, readable by its owner alone. Whether what is in it can be
 * used is another question: see `faultOf`.
 */
export function connect(path: string): DatabaseSync {
  // SQLite gives its journal files the mode of the database file, so this one call covers all three.
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
  const connection = new DatabaseSync(path, { timeout: 5000 });
  try {
    // Counts for a file without a table only. A row that changes costs its whole page, twice.
    connection.exec("PRAGMA page_size = 1024");
    connection.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 1048576");
    // 400 KiB: the log beside the file stays near that instead of SQLite's 4 MB.
    connection.exec("PRAGMA wal_autocheckpoint = 400; PRAGMA cache_size = -512");
    // Large sorts spill into files elsewhere, which a container with a read-only root has no place for.
    connection.exec("PRAGMA temp_store = MEMORY");
    if (versionOf(connection) === 0 && !connection.prepare("SELECT 1 FROM sqlite_schema").get()) {
      connection.exec(`BEGIN IMMEDIATE; ${schemaSql()}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
    }
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** All tables and indexes, as statements. */
export function schemaSql(): string {
  return [...TABLES.map((table) => table.sql), ...INDEXES].join(";\n");
}

export function versionOf(connection: DatabaseSync): number {
  return Number(connection.prepare("PRAGMA user_version").get()?.["user_version"]);
}

/** What is wrong with the file, in words; null: every page can be read and each table is as we make it. */
export function faultOf(connection: DatabaseSync): string | null {
  const health = connection.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
  return health === "ok"
    ? schemaFaultOf(connection)
    : String(health)
        .replaceAll(/[\s*]+/g, " ")
        .trim();
}

/** Whether a table or column is missing: somebody else has changed the file. */
export function schemaFaultOf(connection: DatabaseSync): string | null {
  if (versionOf(connection) !== SCHEMA_VERSION) return `it says that it is of version ${versionOf(connection)}`;
  for (const { name, columns } of TABLES) {
    const found = columnsOf(connection, name);
    const missing = columns.filter((column) => !found.includes(column));
    if (missing.length > 0) return `table ${name} lacks ${found.length === 0 ? "everything" : missing.join(", ")}`;
  }
  const names = new Set(
    connection
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'index'")
      .all()
      .map((row) => row["name"]),
  );
  const lost = INDEXES.map((sql) => sql.split(" ")[2] ?? "").filter((name) => !names.has(name));
  return lost.length > 0 ? `index ${lost.join(", ")} is gone` : null;
}

/** Names of the table's columns; none where there is no such table. */
export function columnsOf(connection: DatabaseSync, table: string): readonly string[] {
  return connection
    .prepare("SELECT name FROM pragma_table_info(?)")
    .all(table)
    .map((row) => String(row["name"]));
}
