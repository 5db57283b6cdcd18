import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { connect, faultOf, schemaFaultOf, versionOf } from "./connect.ts";
import { copyAll, makeFile, removeFile, syncPath } from "./copy.ts";
import { SCHEMA_VERSION } from "./schema.ts";
import { settle } from "./settle.ts";
import { changeVersionOne, copyVersionOne, hasRoomForCopy } from "./version-one.ts";

/** The file and the connection to it, which changes when the file is replaced. */
export interface Store {
  connection(): DatabaseSync;
  prepare(sql: string): { readonly statement: StatementSync; readonly of: DatabaseSync };
  /** Set where the file is of a newer program: then nothing was touched, and it is only good to be closed. */
  readonly newerVersion: number | null;
  /** Whether the file is no longer the one at its path, or its log is gone. */
  isGone(): boolean;
  schemaFault(): string | null;
  /** Sets the file aside and goes on in a fresh one with all that can be read of it. */
  replace(fault: string): void;
  close(): void;
}

/** SQLITE_CORRUPT, SQLITE_NOTADB and SQLITE_FULL (https://sqlite.org/rescode.html, 2026-11). */
const CORRUPT: ReadonlySet<number> = new Set([11, 26]);
const FULL = 13;

/** Opens `kubewhen.db` in the folder and makes sure that it is of today's form and sound. */
export function openStore(folder: string, now: number, setAside: (what: string, detail: string) => void): Store {
  const path = join(folder, "kubewhen.db");
  const fresh = `${path}.new`;

  /** Renames a finished fresh file to where it belongs. */
  const adopt = (): DatabaseSync => {
    // A log left behind would be taken for the new file's.
    for (const suffix of ["-wal", "-shm"]) rmSync(path + suffix, { force: true });
    renameSync(fresh, path);
    syncPath(folder);
    return connect(path);
  };

  const replaceWith = (old: DatabaseSync | null, fault: string): DatabaseSync => {
    const losses = old ? rescue(old, fresh) : ["all of it"];
    if (old?.isOpen) old.close();
    const kept = moveAside(path);
    const what =
      kept === null ? "the database is made anew" : `the database is kept aside as ${kept}, a fresh one begun`;
    const lost = losses.length > 0 ? `; lost: ${losses.join("; ")}` : "; nothing was lost";
    if (!existsSync(fresh)) makeFile(fresh, () => {});
    setAside(what, fault + lost);
    return adopt();
  };

  const upgrade = (old: DatabaseSync): DatabaseSync => {
    if (hasRoomForCopy(folder, old)) {
      try {
        makeFile(fresh, (file) => copyVersionOne(old, file, now));
        old.close();
        return adopt();
      } catch (error) {
        if (codeOf(error) !== FULL) throw error;
        removeFile(fresh);
      }
    }
    changeVersionOne(old, now);
    return old;
  };

  const open = (): DatabaseSync => {
    // A replacement may have been cut off between its two names.
    if (!existsSync(path) && isFinished(fresh)) adopt().close();
    removeFile(fresh);
    let opened: DatabaseSync | null = null;
    try {
      opened = connect(path);
      if (versionOf(opened) > SCHEMA_VERSION) return opened;
      if (versionOf(opened) === 1) opened = upgrade(opened);
      const fault = faultOf(opened);
      return fault === null ? opened : replaceWith(opened, fault);
    } catch (error) {
      if (CORRUPT.has(codeOf(error) ?? 0)) return replaceWith(opened, messageOf(error));
      opened?.close();
      throw error;
    }
  };

  let connection = open();
  const version = versionOf(connection);
  let inode = statSync(path).ino;
  return {
    connection: () => connection,
    prepare: (sql) => ({ statement: connection.prepare(sql), of: connection }),
    newerVersion: version > SCHEMA_VERSION ? version : null,
    isGone: () => statSync(path, { throwIfNoEntry: false })?.ino !== inode || !existsSync(`${path}-wal`),
    schemaFault: () => schemaFaultOf(connection),
    replace(fault) {
      connection = replaceWith(connection, fault);
      inode = statSync(path).ino;
    },
    close() {
      if (connection.isOpen) connection.close();
    },
  };
}

function isFinished(fresh: string): boolean {
  if (!existsSync(fresh)) return false;
  const file = new DatabaseSync(fresh, { readOnly: true });
  try {
    return faultOf(file) === null;
  } catch (error) {
    if (codeOf(error) === null) throw error;
    return false;
  } finally {
    file.close();
  }
}

/** Makes a fresh file of what can be read, or an empty one where not even that fits. Answers what was lost. */
function rescue(old: DatabaseSync, fresh: string): readonly string[] {
  let losses: readonly string[] = [];
  try {
    makeFile(fresh, (file) => {
      losses = copyAll(old, file);
      if (losses.length > 0) settle(file);
    });
    return losses;
  } catch (error) {
    if (codeOf(error) !== FULL) throw error;
    removeFile(fresh);
    return ["all of it: the disk has no room for a copy"];
  }
}

/** Gives the file and its journals another name, which is answered; null where there is none. */
function moveAside(path: string): string | null {
  let n = 1;
  while (existsSync(`${path}.corrupt-${n}`)) n += 1;
  const isThere = existsSync(path);
  for (const suffix of ["", "-wal", "-shm"]) {
    if (existsSync(path + suffix)) renameSync(path + suffix, `${path}.corrupt-${n}${suffix}`);
  }
  return isThere ? `${path}.corrupt-${n}` : null;
}

function codeOf(error: unknown): number | null {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode % 256 : null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
