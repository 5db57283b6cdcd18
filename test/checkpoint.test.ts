import { expect, onTestFinished, test } from "vitest";
import { createCheckpoint, type Checkpoint, type CheckpointChange } from "../src/checkpoint.ts";
import type { KnownCount } from "../src/collect/occurrences.ts";
import type { AgendaEntry, GroupState, StateChanges } from "../src/model/state.ts";
import { openDatabase, type Database } from "../src/runtime/database.ts";
import { aFolder, aLogger } from "./support/delivery.ts";
import { aDrop, aRule, is } from "./support/rules.ts";

const UNCHANGED: StateChanges = { groups: [], removedGroups: [], agenda: [], removedAgenda: [] };
const LASTING = { lasting: 7, wall: 8, bootId: "b", uptimeMs: 9 };
const NOTHING: CheckpointChange = { position: null, counts: [], state: UNCHANGED, lasting: LASTING };
const POSITION = { source: "home", version: "42", at: 1_000 };

interface Opened {
  readonly checkpoint: Checkpoint;
  readonly database: Database;
}

function open(folder = aFolder()): Opened {
  const database = openDatabase(folder, aLogger().logger);
  onTestFinished(() => database.close());
  return { checkpoint: createCheckpoint(database), database };
}

function aGroup(group: string, sentAt: readonly number[]): GroupState {
  return { ruleKey: "k", group, slots: { throttle: { sentAt, heldCount: 2, heldSince: 7 } } };
}

function anEntry(key: string, due: number | null = 5): AgendaEntry {
  return { key, kind: due === null ? "at" : "after", due, body: '{"a":1}' };
}

function counts(from: number, to: number): readonly KnownCount[] {
  return Array.from({ length: to - from }, (_, n) => ({
    uid: `${from + n}-5f2c-4d0e-9a63-0b6f3c1d2e4f`,
    count: 1,
    lastSeenAt: from + n,
  }));
}

test("a fresh one knows nothing", () => {
  const { checkpoint } = open();
  expect(checkpoint.position("home")).toBeNull();
  expect([...checkpoint.counts()]).toEqual([]);
  expect(checkpoint.groups()).toEqual([]);
  expect(checkpoint.agenda()).toEqual([]);
  expect(checkpoint.lasting()).toBeNull();
  expect(checkpoint.lastGoodRules()).toBeNull();
});

test("gives back after a restart what it was given, the newest change of an Event last", () => {
  const folder = aFolder();
  const first = open(folder);
  const late = { uid: "late", count: 3, lastSeenAt: 900 };
  const group = aGroup('6:"odd\n', [1, 2.5]);
  const state = { ...UNCHANGED, groups: [group, aGroup("other", [])], agenda: [anEntry("a"), anEntry("b", null)] };
  first.checkpoint.save({
    ...NOTHING,
    position: POSITION,
    counts: [{ uid: "early", count: 1, lastSeenAt: 100 }, late],
    state,
  });
  first.checkpoint.save({ ...NOTHING, counts: [{ uid: "early", count: 2, lastSeenAt: 500 }] });
  const removed = { ...UNCHANGED, removedGroups: [{ ruleKey: "k", group: "other" }], removedAgenda: ["a"] };
  first.checkpoint.save({ ...NOTHING, state: removed, lasting: { ...LASTING, lasting: 10 } });
  first.database.close();
  const { checkpoint } = open(folder);
  expect(checkpoint.position("home")).toEqual(POSITION);
  const rows = [...checkpoint.counts()];
  expect(rows.map(({ uid, count }) => `${uid} ${count}`)).toEqual(["early 1", "late 3", "early 2"]);
  expect(checkpoint.groups()).toEqual([group]);
  expect(checkpoint.agenda()).toEqual([anEntry("b", null)]);
  expect(checkpoint.lasting()).toEqual({ ...LASTING, lasting: 10 });
});

test("goes on from where version 0.1 had read to, until a new position is stored", () => {
  const { checkpoint, database } = open();
  database.prepare("INSERT INTO checkpoint VALUES ('since', ?)").run('{"resourceVersion":"42","at":1000}');
  expect(checkpoint.position("home")).toEqual(POSITION);
  checkpoint.save({ ...NOTHING, position: { ...POSITION, version: "43" } });
  expect(checkpoint.position("home")?.version).toBe("43");
  expect(checkpoint.position("elsewhere")).toBeNull();
});

test("a group that is removed and kept anew between two saves is kept", () => {
  const { checkpoint } = open();
  const group = aGroup("g", [1]);
  const state = { ...UNCHANGED, groups: [group], removedGroups: [group], agenda: [anEntry("a")], removedAgenda: ["a"] };
  checkpoint.save({ ...NOTHING, state });
  expect(checkpoint.groups()).toEqual([group]);
  expect(checkpoint.agenda()).toEqual([anEntry("a")]);
});

test("forgets Events last seen before a moment", () => {
  const { checkpoint } = open();
  checkpoint.save({ ...NOTHING, counts: [100, 200, 300].map((at) => ({ uid: `at ${at}`, count: 1, lastSeenAt: at })) });
  checkpoint.forgetCountsBefore(200);
  expect([...checkpoint.counts()].map(({ uid }) => uid)).toEqual(["at 200", "at 300"]);
  expect([...checkpoint.counts(1)].map(({ uid }) => uid)).toEqual(["at 300"]);
});

test("in a flood of names keeps twice as many counts as are remembered, and writes some 100 bytes for each", () => {
  const { checkpoint, database } = open();
  database.prepare("PRAGMA wal_autocheckpoint = 0").row();
  let most = 0;
  for (let n = 0; n < 60_000; n += 500) {
    database.transaction(() => checkpoint.save({ ...NOTHING, counts: counts(n, n + 500) }), "normal");
    most = Math.max(most, Number(database.prepare("SELECT count(*) AS n FROM event_counts").row()?.["n"]));
  }
  expect(most).toBeLessThanOrEqual(2 * 16_384);
  expect([...checkpoint.counts()].map(({ uid }) => uid)).toEqual(counts(60_000 - 16_384, 60_000).map(({ uid }) => uid));
  const pages = Number(database.prepare("PRAGMA wal_checkpoint(PASSIVE)").row()?.["log"]);
  expect((pages * 1048) / 60_000).toBeLessThan(150);
});

test("an Event that changes all the time pushes no quiet one out", () => {
  const { checkpoint, database } = open();
  checkpoint.save({ ...NOTHING, counts: [{ uid: "quiet", count: 7, lastSeenAt: 1 }] });
  const busy = Array.from({ length: 1_000 }, (_, n) => ({ uid: "busy", count: n, lastSeenAt: n }));
  for (let n = 0; n < 40; n += 1) database.transaction(() => checkpoint.save({ ...NOTHING, counts: busy }), "normal");
  expect([...checkpoint.counts()][0]).toMatchObject({ uid: "quiet", count: 7 });
});

test("keeps the last rules that were in order, as they were", () => {
  const folder = aFolder();
  const statements = [
    aDrop(is("reason", "é\u0000\u2028")),
    aRule({ throttle: { notifications: 5, windowMs: 600_000 } }),
  ];
  const first = open(folder);
  first.checkpoint.saveLastGoodRules({ statements: [] });
  first.checkpoint.saveLastGoodRules({ statements });
  first.database.close();
  const again = open(folder);
  expect(again.checkpoint.lastGoodRules()).toEqual({ statements });
  again.database
    .prepare("CREATE TRIGGER t BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'written'); END")
    .run();
  again.checkpoint.saveLastGoodRules({ statements });
  expect(() => again.checkpoint.saveLastGoodRules({ statements: [] })).toThrow("written");
});

test.each([
  ["since", "{", (one: Checkpoint): unknown => one.position("home")],
  ["since", '{"at":"then"}', (one: Checkpoint): unknown => one.position("home")],
  ["position home", '{"source":"home","version":4,"at":1}', (one: Checkpoint): unknown => one.position("home")],
  ["lasting", '{"lasting":"x"}', (one: Checkpoint): unknown => one.lasting()],
  ["last-good-rules", "[]", (one: Checkpoint): unknown => one.lastGoodRules()],
])("sets aside a stored %s of %s, once, and says so", (key, text, read) => {
  const { checkpoint, database } = open();
  database.prepare("INSERT INTO checkpoint VALUES (?, ?)").run(key, text);
  expect(read(checkpoint)).toBeNull();
  expect(read(checkpoint)).toBeNull();
  expect(database.asides()).toEqual([`checkpoint ${key}: it is not what was stored`]);
});

test("sets groups and agenda entries aside that cannot be read, and keeps the others", () => {
  const { checkpoint, database } = open();
  const state = { ...UNCHANGED, groups: ["a", "b", "c"].map((name) => aGroup(name, [])) };
  checkpoint.save({ ...NOTHING, state: { ...state, agenda: ["a", "b", "c"].map((key) => anEntry(key)) } });
  database.prepare("UPDATE throttle_groups SET state = '[' WHERE grp = 'a'").run();
  database.prepare("UPDATE throttle_groups SET state = '[]' WHERE grp = 'b'").run();
  database.prepare("UPDATE agenda SET kind = 'never' WHERE key = 'a'").run();
  database.prepare("UPDATE agenda SET body = '{' WHERE key = 'b'").run();
  expect(checkpoint.groups()).toEqual([aGroup("c", [])]);
  expect(checkpoint.agenda()).toEqual([anEntry("c")]);
  expect(database.asides()).toHaveLength(2);
  expect(checkpoint.groups()).toHaveLength(1);
  expect(checkpoint.agenda()).toHaveLength(1);
  expect(database.asides()).toHaveLength(2);
});
