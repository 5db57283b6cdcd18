import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Database, openDatabase, StorageError } from "../../src/runtime/database.ts";
import { aFolder, aLogger, anOutbox, many, to } from "../support/delivery.ts";
import { NOON } from "../support/events.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";

function refusal(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error instanceof StorageError ? error.reason : error;
  }
  return null;
}

interface Opened {
  readonly database: Database;
  readonly clock: FakeClock;
  readonly folder: string;
  readonly path: string;
  readonly lines: string[];
}

function open(folder = aFolder()): Opened {
  const clock = createFakeClock(NOON);
  const { logger, lines } = aLogger();
  const database = openDatabase(folder, logger, clock);
  onTestFinished(() => database.close());
  return { database, clock, folder, path: join(folder, "kubewhen.db"), lines };
}

function put(database: Database, key: string, value = "1"): void {
  database.transaction(() => database.prepare("INSERT INTO checkpoint VALUES (?, ?)").run(key, value));
}

/** Writes that looks at the disk made. */
function probes(database: Database): unknown {
  return database.prepare("SELECT value FROM checkpoint WHERE key = 'probe'").row()?.["value"] ?? 0;
}

function keys(database: Database): number {
  return Number(database.prepare("SELECT count(*) AS n FROM checkpoint WHERE key LIKE 'k%'").row()?.["n"]);
}

/** Overwrites a page in the middle of the file. */
function damage(path: string, page: number): void {
  const bytes = readFileSync(path);
  bytes.fill(0xff, page * 1024, (page + 1) * 1024);
  writeFileSync(path, bytes);
}

/** A sound file with 500 keys, closed. */
function aFile(folder: string): string {
  const { database, path } = open(folder);
  database.transaction(() => {
    for (let n = 0; n < 500; n += 1) put(database, `k${String(n).padStart(3, "0")}`, "x".repeat(200));
  });
  database.close();
  return path;
}

/** The page of a leaf of the table of keys, after which more of them come. */
function leafOf(path: string): number {
  const file = new DatabaseSync(path);
  const root = Number(
    file.prepare("SELECT rootpage AS page FROM sqlite_schema WHERE name = 'checkpoint'").get()?.["page"],
  );
  file.close();
  const bytes = readFileSync(path);
  const isLeafOfKeys = (page: number): boolean =>
    bytes[page * 1024] === 10 && bytes.subarray(page * 1024, (page + 1) * 1024).includes("k2");
  let page = root;
  while (!isLeafOfKeys(page)) page += 1;
  return page;
}

describe("openDatabase", () => {
  test("keeps everything in files that only their owner reads, with pages of 1 KiB", () => {
    const folder = join(aFolder(), "made", "on", "the", "way");
    const { database } = open(folder);
    put(database, "a", "b");
    const names = readdirSync(folder);
    expect(names.toSorted()).toEqual([
      "kubewhen.db",
      "kubewhen.db-shm",
      "kubewhen.db-wal",
      "kubewhen.lock",
      "kubewhen.lock.json",
    ]);
    for (const name of names) expect(statSync(join(folder, name)).mode % 0o1000).toBe(0o600);
    expect(database.prepare("PRAGMA page_size").row()).toEqual({ page_size: 1024 });
    database.close();
    const again = open(folder).database;
    expect(again.prepare("SELECT value FROM checkpoint WHERE key = ?").row("a")).toEqual({ value: "b" });
  });

  test("lets a second engine in only when the first has let go", () => {
    const { database, folder } = open();
    expect(refusal(() => openDatabase(folder, aLogger().logger))).toBe("held");
    expect(() => openDatabase(folder, aLogger().logger)).toThrow(`in use by process ${process.pid} on`);
    database.close();
    open(folder);
  });

  test("keeps aside what is no database at all, and begins a fresh file", () => {
    const folder = aFolder();
    const path = join(folder, "kubewhen.db");
    const garbage = "not a database, whatever its name says. ".repeat(500);
    writeFileSync(path, garbage);
    const { database, lines } = open(folder);
    expect(keys(database)).toBe(0);
    expect(database.writable()).toBe(true);
    expect(readFileSync(`${path}.corrupt-1`, "utf8")).toBe(garbage);
    expect(database.asides()[0]).toMatch(
      /kept aside as .*corrupt-1, a fresh one begun: .*not a database; lost: all of it/,
    );
    expect(lines.join("")).toContain("kept aside");
    database.close();
    writeFileSync(path, garbage);
    expect(open(folder).database.asides()[0]).toContain("corrupt-2");
  });

  test("keeps a file with a torn page aside and takes over all that can be read of it", () => {
    const folder = aFolder();
    const path = aFile(folder);
    damage(path, leafOf(path));
    const { database } = open(folder);
    expect(database.asides()).toEqual([expect.stringMatching(/kept aside.*lost: rows of checkpoint/)]);
    expect(keys(database)).toBeGreaterThan(480);
    expect(keys(database)).toBeLessThan(500);
    expect(existsSync(`${path}.corrupt-1`)).toBe(true);
    database.close();
    expect(open(folder).database.asides()).toEqual([]);
  });

  test.each([
    ["a table", "DROP TABLE agenda", "lost: table agenda"],
    ["a column", "ALTER TABLE paces DROP COLUMN sent", "lost: column paces.sent"],
    ["an index", "DROP INDEX d_next", "nothing was lost"],
    ["its version", "PRAGMA user_version = 0", "nothing was lost"],
  ])("takes over what is left of a file that lacks %s", (_what, sql, told) => {
    const folder = aFolder();
    const file = new DatabaseSync(aFile(folder));
    file.exec(sql);
    file.close();
    const { database } = open(folder);
    expect(database.asides()).toEqual([expect.stringContaining(told)]);
    expect(keys(database)).toBe(500);
  });

  test("does not touch a file of a newer kubewhen", () => {
    const folder = aFolder();
    const newer = new DatabaseSync(join(folder, "kubewhen.db"));
    newer.exec("PRAGMA user_version = 99");
    newer.close();
    expect(refusal(() => openDatabase(folder, aLogger().logger))).toBe("newer");
    expect(refusal(() => openDatabase(folder, aLogger().logger))).toBe("newer");
    expect(readdirSync(folder).filter((name) => name.includes("corrupt"))).toEqual([]);
  });

  test("finishes a replacement that was cut off between its two names, and takes no half-made file for one", () => {
    const folder = aFolder();
    const path = aFile(folder);
    renameSync(path, `${path}.new`);
    // The log of the old file must not be taken for the new one's.
    const old = open();
    put(old.database, "k1");
    writeFileSync(`${path}-wal`, readFileSync(`${old.path}-wal`));
    const first = open(folder).database;
    expect(keys(first)).toBe(500);
    expect(first.asides()).toEqual([]);
    first.close();
    rmSync(path);
    writeFileSync(`${path}.new`, "half a file");
    expect(keys(open(folder).database)).toBe(0);
  });
});

describe("while it is in use", () => {
  test("a file that turns out to be corrupt fails one transaction, then goes on in a fresh file", async () => {
    const folder = aFolder();
    const path = aFile(folder);
    const page = leafOf(path);
    const { database, clock } = open(folder);
    const reread: number[] = [];
    database.onReplaced(() => reread.push(keys(database)));
    // The page of the file, behind SQLite's back; its cache is small, but may hold it.
    database.prepare("PRAGMA shrink_memory").row();
    damage(path, page);
    const read = database.prepare("SELECT count(value) AS n FROM checkpoint WHERE value > ''");
    expect(refusal(() => database.transaction(() => read.row()))).toBe("corrupt");
    expect(read.row()?.["n"]).toBeGreaterThan(480);
    expect(reread).toEqual([keys(database)]);
    expect(database.asides()).toHaveLength(1);
    put(database, "after");
    expect(database.writable()).toBe(true);
    await clock.advance(1_000);
    database.close();
    expect(existsSync(`${path}.corrupt-1`)).toBe(true);
  });

  test.each([
    ["deleted with its log", (path: string) => ["", "-wal", "-shm"].forEach((end) => rmSync(path + end))],
    ["deleted", (path: string) => rmSync(path)],
    ["robbed of its log", (path: string) => rmSync(`${path}-wal`)],
    ["deleted with its folder", (path: string) => rmSync(join(path, ".."), { recursive: true })],
    ["replaced by another", (path: string) => renameSync(aFile(aFolder()), path)],
  ])("a file that is %s is made anew with all that was in it", (_what, remove) => {
    const { database, path, folder } = open();
    for (let n = 0; n < 300; n += 1) put(database, `k${n}`);
    remove(path);
    expect(database.writable()).toBe(true);
    expect(keys(database)).toBe(300);
    expect(database.asides()).toEqual([expect.stringContaining("nothing was lost")]);
    put(database, "k300");
    database.close();
    expect(keys(open(folder).database)).toBe(301);
  });

  test("what is stored after a deletion is on disk when the call returns", () => {
    const { database, path, folder } = open();
    rmSync(path);
    put(database, "k1");
    expect(existsSync(path)).toBe(true);
    const copy = aFolder();
    for (const end of ["", "-wal"]) writeFileSync(join(copy, `kubewhen.db${end}`), readFileSync(path + end));
    expect(keys(open(copy).database)).toBe(1);
    expect(folder).not.toBe(copy);
  });

  test("a table that is gone is no bug of ours: it is made anew, empty", () => {
    const { database } = open();
    put(database, "k1");
    const paces = database.prepare("SELECT * FROM paces");
    database.prepare("DROP TABLE paces").run();
    expect(refusal(() => paces.rows())).toBe("corrupt");
    expect(paces.rows()).toEqual([]);
    expect(keys(database)).toBe(1);
    expect(database.asides()).toEqual([expect.stringContaining("lost: table paces")]);
  });

  test("a replacement that fails is not tried again for a minute, and meanwhile nothing is writable", async () => {
    const { database, clock, path } = open();
    put(database, "k1");
    const paces = database.prepare("SELECT * FROM paces");
    database.prepare("DROP TABLE paces").run();
    // A folder where the fresh file is to be made.
    mkdirSync(`${path}.new`);
    expect(refusal(() => paces.row())).toBe("corrupt");
    expect(refusal(() => paces.row())).toBe("io");
    rmdirSync(`${path}.new`);
    await clock.advance(59_999);
    expect(refusal(() => paces.row())).toBe("corrupt");
    expect(database.writable()).toBe(false);
    await clock.advance(1);
    expect(database.writable()).toBe(true);
    expect(keys(database)).toBe(1);
  });

  test("the outbox counts what was lost with a part of the file as dead, and tells the rest", () => {
    const clock = createFakeClock(NOON);
    const { outbox, database, folder } = anOutbox(clock);
    outbox.enqueue(many("feishu", 40));
    outbox.enqueue(many("dump", 3));
    for (let n = 0; n < 10; n += 1) {
      const delivery = outbox.next("feishu", "steady", 0);
      if (delivery) outbox.delivered([{ delivery }]);
    }
    database.close();
    const path = join(folder, "kubewhen.db");
    const bytes = readFileSync(path);
    damage(path, Math.floor(bytes.indexOf('"name":"20"') / 1024));
    const again = anOutbox(clock, { folder });
    const feishu = again.outbox.ledger().find((row) => row.receiver === "feishu");
    expect(feishu).toMatchObject({ written: 40, delivered: 10 });
    expect(feishu?.dead).toBeGreaterThan(0);
    expect(feishu?.dead).toBeLessThan(4);
    expect(feishu?.waiting).toBe(30 - (feishu?.dead ?? 0));
    let told = 0;
    for (let next = again.outbox.next("feishu", "steady", 0); next; next = again.outbox.next("feishu", "steady", 0)) {
      again.outbox.delivered([{ delivery: next }]);
      told += 1;
    }
    expect(told).toBe(feishu?.waiting);
    expect(again.outbox.waiting("dump")).toBe(3);
  });

  test("the outbox goes on with what waits when its file is deleted", () => {
    const clock = createFakeClock(NOON);
    const { outbox, folder } = anOutbox(clock);
    outbox.enqueue(many("feishu", 3));
    rmSync(join(folder, "kubewhen.db"));
    outbox.enqueue([to("feishu", { name: "after" })]);
    expect(outbox.waiting("feishu")).toBe(4);
    expect(outbox.nextBatch("feishu", 9, 0)).toHaveLength(4);
  });
});

describe("writable", () => {
  test("learns from the writes of the last five minutes, and writes itself only where there were none", async () => {
    const { database, clock } = open();
    put(database, "a");
    await clock.advance(299_999);
    expect(database.writable()).toBe(true);
    expect(probes(database)).toBe(0);
    await clock.advance(1);
    expect(database.writable()).toBe(true);
    expect(probes(database)).toBe("1");
    expect(database.prepare("PRAGMA synchronous").row()).toEqual({ synchronous: 1 });
    expect(database.writable()).toBe(true);
    expect(probes(database)).toBe("1");
    await clock.advance(300_000);
    expect(database.writable()).toBe(true);
    expect(probes(database)).toBe("2");
  });

  test("believes no older success once a write has failed", () => {
    const { database } = open();
    put(database, "a");
    database.prepare("PRAGMA query_only = 1").row();
    expect(refusal(() => put(database, "b"))).toBe("read_only");
    expect(database.writable()).toBe(false);
    database.prepare("PRAGMA query_only = 0").row();
    expect(database.writable()).toBe(true);
    expect(probes(database)).toBe("1");
  });
});

describe("transaction", () => {
  test("keeps all or nothing, and joins the one around it", () => {
    const { database } = open();
    const told: string[] = [];
    expect(() =>
      database.transaction(() => {
        database.transaction(() => put(database, "k1"));
        database.afterCommit(() => told.push("committed"));
        database.afterRollback(() => told.push("undone first"));
        database.afterRollback(() => told.push("undone last"));
        throw new Error("bug");
      }),
    ).toThrow("bug");
    expect(keys(database)).toBe(0);
    expect(told).toEqual(["undone last", "undone first"]);
    told.length = 0;
    database.transaction(() => {
      put(database, "k2");
      database.afterCommit(() => told.push("k2"));
      database.afterRollback(() => told.push("undone"));
      expect(told).toEqual([]);
    }, "normal");
    expect(keys(database)).toBe(1);
    database.afterCommit(() => told.push("now"));
    database.afterRollback(() => told.push("never"));
    expect(told).toEqual(["k2", "now"]);
  });

  test("waits for the disk where it is full, and only there, whatever was asked before", () => {
    const { database } = open();
    const synchronous = (): unknown => database.prepare("PRAGMA synchronous").row()?.["synchronous"];
    expect(synchronous()).toBe(2);
    database.transaction(() => put(database, "k1"), "normal");
    expect(synchronous()).toBe(1);
    database.transaction(() => put(database, "k2"));
    expect(synchronous()).toBe(2);
  });

  test("tells a full disk from a bug of ours", () => {
    const { database } = open();
    database.prepare("PRAGMA max_page_count = 20").row();
    const fill = (): void => {
      for (let n = 0; n < 100; n += 1) put(database, `k${n}`, "x".repeat(4000));
    };
    expect(refusal(() => database.transaction(fill))).toBe("full");
    expect(keys(database)).toBe(0);
    expect(refusal(() => put(database, "a"))).toBeNull();
    expect(refusal(() => put(database, "a"))).toMatchObject({ message: expect.stringContaining("UNIQUE") as string });
    expect(refusal(() => database.prepare("SELECT nowhere FROM checkpoint"))).toMatchObject({
      message: expect.stringContaining("no such column") as string,
    });
    expect(database.asides()).toEqual([]);
  });
});
