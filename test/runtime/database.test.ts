import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { openDatabase, StorageError } from "../../src/runtime/database.ts";
import { aFolder, aLogger } from "../support/delivery.ts";

function refusal(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error instanceof StorageError ? error.reason : error;
  }
  return null;
}

describe("openDatabase", () => {
  test("keeps everything in one file that only its owner reads", () => {
    const folder = join(aFolder(), "made", "on", "the", "way");
    const database = openDatabase(folder, aLogger().logger);
    database.prepare("INSERT INTO checkpoint VALUES (?, ?)").run("a", "b");
    for (const name of readdirSync(folder)) {
      expect(name).toMatch(/^kubewhen\.db/);
      expect(statSync(join(folder, name)).mode % 0o1000).toBe(0o600);
    }
    database.close();
    const again = openDatabase(folder, aLogger().logger);
    expect(again.prepare("SELECT value FROM checkpoint WHERE key = ?").row("a")).toEqual({ value: "b" });
    again.close();
  });

  test.each([
    ["no database at all", "not a database, whatever its name says. ".repeat(500)],
    ["a database with a torn page", null],
  ])("keeps %s aside and begins a fresh file", (_what, text) => {
    const folder = aFolder();
    const file = join(folder, "kubewhen.db");
    if (text === null) {
      const first = openDatabase(folder, aLogger().logger);
      for (let n = 0; n < 500; n += 1)
        first.prepare("INSERT INTO checkpoint VALUES (?, ?)").run(`k${n}`, "x".repeat(200));
      first.close();
      const bytes = readFileSync(file);
      bytes.fill(0xff, 8192, bytes.length - 4096);
      writeFileSync(file, bytes);
    } else writeFileSync(file, text);

    const { logger, lines } = aLogger();
    const database = openDatabase(folder, logger);
    expect(database.prepare("SELECT count(*) AS n FROM checkpoint").row()).toEqual({ n: 0 });
    expect(database.writable()).toBe(true);
    expect(existsSync(`${file}.corrupt-1`)).toBe(true);
    expect(lines.join("")).toContain("kept aside");
    database.close();
    writeFileSync(file, "broken again ".repeat(500));
    openDatabase(folder, logger).close();
    expect(existsSync(`${file}.corrupt-2`)).toBe(true);
  });

  test("does not touch a file of a newer kubewhen", () => {
    const folder = aFolder();
    const newer = new DatabaseSync(join(folder, "kubewhen.db"));
    newer.exec("PRAGMA user_version = 99");
    newer.close();
    expect(refusal(() => openDatabase(folder, aLogger().logger))).toBe("newer");
    expect(readdirSync(folder).filter((name) => name.includes("corrupt"))).toEqual([]);
  });
});

describe("transaction", () => {
  test("keeps all or nothing, and joins the one around it", () => {
    const database = openDatabase(aFolder(), aLogger().logger);
    const put = database.prepare("INSERT INTO checkpoint VALUES (?, ?)");
    const count = database.prepare("SELECT count(*) AS n FROM checkpoint");
    const told: string[] = [];
    expect(() =>
      database.transaction(() => {
        database.transaction(() => put.run("a", "1"));
        database.afterCommit(() => told.push("a"));
        throw new Error("bug");
      }),
    ).toThrow("bug");
    expect(count.row()).toEqual({ n: 0 });
    database.transaction(() => {
      put.run("b", "1");
      database.afterCommit(() => told.push("b"));
      expect(told).toEqual([]);
    }, "normal");
    expect(count.row()).toEqual({ n: 1 });
    expect(told).toEqual(["b"]);
    database.afterCommit(() => told.push("now"));
    expect(told).toEqual(["b", "now"]);
    database.close();
  });

  test("tells a full disk from a bug of ours", () => {
    const database = openDatabase(aFolder(), aLogger().logger);
    const put = database.prepare("INSERT INTO checkpoint VALUES (?, ?)");
    database.prepare("PRAGMA max_page_count = 20").row();
    const fill = (): void => {
      for (let n = 0; n < 100; n += 1) put.run(`k${n}`, "x".repeat(4000));
    };
    expect(refusal(() => database.transaction(fill))).toBe("full");
    expect(database.prepare("SELECT count(*) AS n FROM checkpoint").row()).toEqual({ n: 0 });
    expect(refusal(() => put.run("a"))).toBeNull();
    expect(refusal(() => put.run("a", "again"))).toMatchObject({
      message: expect.stringContaining("UNIQUE") as string,
    });
    database.close();
  });

  test("is not writable while another process holds the file or the disk is read-only", () => {
    const folder = aFolder();
    const database = openDatabase(folder, aLogger().logger);
    expect(database.writable()).toBe(true);
    database.prepare("PRAGMA query_only = 1").row();
    expect(database.writable()).toBe(false);
    database.prepare("PRAGMA query_only = 0").row();
    expect(database.writable()).toBe(true);
    database.close();
    chmodSync(folder, 0o700);
  });
});
