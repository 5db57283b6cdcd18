import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isObject } from "../../model/json.ts";

/** Who has a folder, as the holder itself wrote it. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
}

export interface FolderLock {
  release(): void;
}

/** SQLITE_BUSY and SQLITE_NOTADB (https://sqlite.org/rescode.html, 2026-11). */
const BUSY = 5;
const NO_DATABASE = 26;

/**
 * Takes the folder for this process alone, or answers in words who has it.
 *
 * Node knows no file locks, SQLite does: the lock is an exclusive transaction on `kubewhen.lock` that stays open, so it ends
 * with the process, however that ends. Nothing may open that file otherwise: closing it would end the lock. Who
 * holds it therefore stands in `kubewhen.lock.json` beside it.
 */
export function lockFolder(folder: string, now: number): FolderLock | { readonly heldBy: string } {
  const path = join(folder, "kubewhen.lock");
  let connection: DatabaseSync;
  try {
    connection = lock(path);
  } catch (error) {
    if (errorCode(error) === BUSY) return { heldBy: holderIn(folder) };
    // Somebody has written into it; a file that is held is never read so far.
    if (errorCode(error) !== NO_DATABASE) throw error;
    rmSync(path);
    connection = lock(path);
  }
  const holder: Holder = { pid: process.pid, host: hostname(), since: new Date(now).toISOString() };
  writeFileSync(join(folder, "kubewhen.lock.json"), `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  return {
    release() {
      if (connection.isOpen) connection.close();
    },
  };
}

function lock(path: string): DatabaseSync {
  if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
  const connection = new DatabaseSync(path, { timeout: 0 });
  try {
    connection.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function errorCode(error: unknown): number | null {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode : null;
}

function holderIn(folder: string): string {
  try {
    const holder: unknown = JSON.parse(readFileSync(join(folder, "kubewhen.lock.json"), "utf8"));
    if (!isObject(holder)) return "another process";
    const { pid, host, since } = holder;
    return `process ${String(pid)} on ${String(host)} since ${String(since)}`;
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof Error && "syscall" in error)) return "another process";
    throw error;
  }
}
