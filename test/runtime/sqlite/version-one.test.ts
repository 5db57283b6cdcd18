import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { createCheckpoint } from "../../../src/checkpoint.ts";
import { openDatabase } from "../../../src/runtime/database.ts";
import { LASTING_START } from "../../../src/runtime/lasting-clock.ts";
import { makeFile } from "../../../src/runtime/sqlite/copy.ts";
import { changeVersionOne, copyVersionOne, hasRoomForCopy } from "../../../src/runtime/sqlite/version-one.ts";
import { aLogger, anOutbox, aFolder, to } from "../../support/delivery.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { aFolderOfVersionOne, WRITTEN_AT } from "../../support/version-one.ts";

/** Carries the file over within itself, as for want of room for a copy. */
function changeIn(folder: string, now: number): void {
  const file = new DatabaseSync(join(folder, "kubewhen.db"));
  changeVersionOne(file, now);
  file.close();
}

function card(summary: string): object {
  const body = JSON.stringify({ msg_type: "text", content: { text: summary } });
  return { kind: "ready", bodyKind: "feishu", body, summary };
}

const WAYS: readonly (readonly [string, (folder: string, now: number) => void])[] = [
  ["into a fresh file", () => {}],
  ["within the file", changeIn],
];

test.each(WAYS)("carries everything of a file of 0.1 over %s", (_way, prepare) => {
  const folder = aFolderOfVersionOne();
  prepare(folder, WRITTEN_AT);
  const clock = createFakeClock(WRITTEN_AT);
  const database = openDatabase(folder, aLogger().logger, clock);
  const checkpoint = createCheckpoint(database);
  expect(checkpoint.position("home")).toEqual({ source: "home", version: "4711", at: WRITTEN_AT - 66_000 });
  expect([...checkpoint.counts()]).toEqual([
    { uid: "uid-early", count: 12, lastSeenAt: WRITTEN_AT - 15_000 },
    { uid: "uid-late", count: 3, lastSeenAt: WRITTEN_AT - 7_000 },
  ]);
  const throttle = {
    sentAt: [LASTING_START - 36_000, LASTING_START - 16_000],
    heldCount: 2,
    heldSince: WRITTEN_AT - 26_000,
  };
  const slots = { threshold: [LASTING_START - 11_000], throttle };
  expect(checkpoint.groups()).toEqual([{ ruleKey: "key-1", group: "4:demo", slots }]);
  expect(checkpoint.lastGoodRules()).toEqual({ statements: [] });
  expect(checkpoint.lasting()).toBeNull();
  database.close();

  const { outbox } = anOutbox(clock, { folder });
  expect(outbox.ledger()).toEqual([
    { receiver: "dump", written: 1, delivered: 0, dead: 0, merged: 0, waiting: 1 },
    { receiver: "feishu", written: 4, delivered: 1, dead: 1, merged: 0, waiting: 2 },
  ]);
  expect(outbox.deadLetters()).toMatchObject([
    { receiver: "feishu", reason: "card_refused", detail: "code 230099", attempts: 1, endedAt: WRITTEN_AT - 5_000 },
  ]);
  expect(outbox.deadLetters()[0]?.alert).toMatchObject(card("dead: 中文"));
  expect(outbox.next("feishu", "steady", LASTING_START + 59_999)).toMatchObject({
    attempts: 0,
    alert: { ...card("waiting"), severity: "warning", at: WRITTEN_AT - 6_000, rule: { name: "pull" } },
  });
  expect(outbox.nextDueAt("feishu")).toBe(0);
  expect(outbox.next("feishu", "steady", LASTING_START + 60_000)).toMatchObject({
    attempts: 2,
    reason: "dns_failed",
    dueAt: LASTING_START + 60_000,
    alert: { ...card("put off"), severity: "critical" },
  });
  expect(outbox.next("dump", "steady", 0)?.alert).toMatchObject({ bodyKind: "stdout", summary: "printed" });
  outbox.enqueue([to("feishu")]);
  expect(outbox.waiting("feishu")).toBe(3);
});

test("a fresh file has pages of 1 KiB and leaves nothing beside it", () => {
  const folder = aFolderOfVersionOne();
  const database = openDatabase(folder, aLogger().logger);
  expect(database.prepare("PRAGMA page_size").row()).toEqual({ page_size: 1024 });
  expect(database.prepare("PRAGMA journal_mode").row()).toEqual({ journal_mode: "wal" });
  database.close();
  expect(readdirSync(folder).toSorted()).toEqual(["kubewhen.db", "kubewhen.lock", "kubewhen.lock.json"]);
  expect(statSync(join(folder, "kubewhen.db")).mode % 0o1000).toBe(0o600);
});

test("an entry that a jump of the wall clock put off for ever is due at once", () => {
  const folder = aFolderOfVersionOne();
  const { outbox } = anOutbox(createFakeClock(5_000), { folder });
  expect(outbox.next("feishu", "steady", LASTING_START)?.alert).toMatchObject({ summary: "put off" });
});

test("goes on where a kill cut the change within the file short", () => {
  const folder = aFolderOfVersionOne();
  const path = join(folder, "kubewhen.db");
  const file = new DatabaseSync(path);
  file.exec("CREATE TRIGGER cut BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'killed'); END");
  expect(() => changeVersionOne(file, WRITTEN_AT)).toThrow("killed");
  file.exec("DROP TRIGGER cut");
  expect(file.prepare("SELECT count(*) AS n FROM alerts").get()).toEqual({ n: 1 });
  changeVersionOne(file, WRITTEN_AT);
  file.close();
  const { outbox } = anOutbox(createFakeClock(WRITTEN_AT), { folder });
  expect(outbox.ledger()).toMatchObject([{ waiting: 1 }, { written: 4, delivered: 1, dead: 1, waiting: 2 }]);
});

test("the order of thousands of entries is kept, gravest first, then oldest", () => {
  const folder = aFolderOfVersionOne();
  const old = new DatabaseSync(join(folder, "kubewhen.db"));
  old.exec(`
    WITH RECURSIVE n(i) AS (VALUES (100) UNION ALL SELECT i + 1 FROM n WHERE i < 1099)
    INSERT INTO entries SELECT i, 'many', 'r', iif(i % 2, 'info', 'critical'), iif(i % 2, 2, 0), 'b', i, 300, 0, 0, 0, 0, ''
    FROM n;
    INSERT INTO ledger VALUES ('many', 1000, 0, 0)`);
  old.close();
  const { outbox } = anOutbox(createFakeClock(WRITTEN_AT), { folder });
  const order = outbox.nextBatch("many", 2_000, 0).map(({ row }) => row);
  const rows = Array.from({ length: 1_000 }, (_, n) => n + 100);
  expect(order).toEqual([...rows.filter((row) => row % 2 === 0), ...rows.filter((row) => row % 2 === 1)]);
});

test("a copy needs as much room as the file takes, and is thrown away where the room ends", () => {
  const folder = aFolderOfVersionOne();
  const from = new DatabaseSync(join(folder, "kubewhen.db"));
  onTestFinished(() => from.close());
  expect(hasRoomForCopy(folder, from)).toBe(true);
  expect(hasRoomForCopy(folder, from, 40_960)).toBe(false);
  expect(hasRoomForCopy(folder, from, 40_961)).toBe(true);

  const path = join(aFolder(), "copy");
  const fill = (file: DatabaseSync): void => {
    file.exec("PRAGMA max_page_count = 1");
    copyVersionOne(from, file, WRITTEN_AT);
  };
  expect(() => makeFile(path, fill)).toThrow(/full/);
  makeFile(path, () => {});
  expect(existsSync(path)).toBe(true);
  expect(readFileSync(path).readUInt16BE(16)).toBe(1024);
});
