import { expect, test } from "vitest";
import { createCheckpoint } from "../src/checkpoint.ts";
import { createOccurrences } from "../src/collect/occurrences.ts";
import type { StateChanges } from "../src/model/state.ts";
import { createProgress, type Progress } from "../src/progress.ts";
import { anOutbox, many, to, type Store } from "./support/delivery.ts";
import { anEvent, NOON } from "./support/events.ts";
import { createFakeClock, type FakeClock } from "./support/fake-clock.ts";

const POSITION = { source: "home", version: "7", at: NOON };
const UNCHANGED: StateChanges = { groups: [], removedGroups: [], agenda: [], removedAgenda: [] };

interface Parts extends Store {
  readonly progress: Progress;
  readonly checkpoint: ReturnType<typeof createCheckpoint>;
  /** What the evaluator says at the next call. */
  state: StateChanges;
  /** How often it was asked. */
  asked: number;
  take(uid: string, count?: number): void;
}

function aProgress(clock: FakeClock, maxEvents = 1_000): Parts {
  const store = anOutbox(clock);
  const occurrences = createOccurrences({ metrics: store.metrics, maxEvents });
  const checkpoint = createCheckpoint(store.database);
  const evaluator = {
    changes(): StateChanges {
      const { state } = parts;
      parts.state = UNCHANGED;
      parts.asked += 1;
      return state;
    },
  };
  const progress = createProgress({ ...store, occurrences, evaluator, checkpoint, clock });
  const take = (uid: string, count = 1): void => {
    const event = anEvent({ eventUid: uid, count, resourceVersion: String(count), lastSeenAt: clock.now() });
    occurrences.take(event, null);
  };
  const parts: Parts = { ...store, progress, checkpoint, state: UNCHANGED, asked: 0, take };
  return parts;
}

const uids = ({ checkpoint }: Parts): string[] => [...checkpoint.counts()].map(({ uid }) => uid).toSorted();

/** As long as it lasts the disk has no room. */
function fill({ database }: Parts): { end(): void } {
  database.prepare("PRAGMA max_page_count = 1").row();
  return { end: () => void database.prepare("PRAGMA max_page_count = 100000").row() };
}

function hasSynced({ database }: Parts): boolean {
  return database.prepare("PRAGMA synchronous").row()?.["synchronous"] === 2;
}

test("brings alerts and the checkpoint to disk together, and syncs where there is an alert", () => {
  const parts = aProgress(createFakeClock(NOON));
  parts.take("a");
  const group = { ruleKey: "r", group: "g", slots: {} };
  const entry = { key: "k", kind: "after", due: 5, body: "{}" } as const;
  parts.state = { groups: [group], removedGroups: [], agenda: [entry], removedAgenda: [] };
  parts.progress.advance(POSITION);
  expect(parts.progress.save([to("feishu")])).toBeNull();
  expect(hasSynced(parts)).toBe(true);
  expect(parts.outbox.waiting()).toBe(1);
  expect(uids(parts)).toEqual(["a"]);
  expect(parts.checkpoint.position("home")).toEqual(POSITION);
  expect(parts.checkpoint.groups()).toEqual([group]);
  expect(parts.checkpoint.agenda()).toEqual([entry]);
  expect(parts.checkpoint.lasting()).toEqual(parts.lasting.state());

  parts.state = { groups: [], removedGroups: [group], agenda: [], removedAgenda: ["k"] };
  expect(parts.progress.save([])).toBeNull();
  expect(hasSynced(parts)).toBe(false);
  expect(parts.checkpoint.groups()).toEqual([]);
  expect(parts.checkpoint.agenda()).toEqual([]);
});

test("keeps what a disk refused, and lets no save claim Events without their alerts", () => {
  const parts = aProgress(createFakeClock(NOON));
  parts.progress.save([]);
  const disk = fill(parts);
  for (let i = 0; i < 500; i += 1) parts.take(`a-uid-that-takes-some-room-on-its-page-${i}`);
  parts.progress.advance(POSITION);
  expect(parts.progress.save(many("feishu", 1))).toBe("full");
  expect(parts.progress.isBehind()).toBe(true);
  parts.take("b");
  expect(parts.progress.save(many("dump", 1))).toBe("full");
  expect(uids(parts)).toEqual([]);
  expect(parts.checkpoint.position("home")).toBeNull();
  expect(parts.outbox.waiting()).toBe(0);
  disk.end();
  expect(parts.progress.save([])).toBeNull();
  expect(parts.progress.isBehind()).toBe(false);
  expect(uids(parts)).toHaveLength(501);
  expect(parts.checkpoint.position("home")).toEqual(POSITION);
  expect(parts.outbox.waiting("feishu")).toBe(1);
  expect(parts.outbox.waiting("dump")).toBe(1);
});

test("asks for nothing more while the disk refuses: the tables bound what has changed, this does not", () => {
  const parts = aProgress(createFakeClock(NOON), 100);
  parts.progress.save([]);
  const disk = fill(parts);
  for (let i = 0; i < 5_000; i += 1) {
    parts.take(`a-uid-that-takes-some-room-on-its-page-${i}`);
    if (i % 500 === 499) parts.progress.save([]);
  }
  expect(parts.asked).toBe(2);
  disk.end();
  expect(parts.progress.save([])).toBeNull();
  expect(uids(parts)).toHaveLength(200);
  expect(uids(parts)).toContain("a-uid-that-takes-some-room-on-its-page-4999");
});

test("a repeat after a failed save is stored with its newest count", () => {
  const parts = aProgress(createFakeClock(NOON));
  const disk = fill(parts);
  parts.take("a", 1);
  parts.progress.save(many("feishu", 20));
  parts.take("a", 5);
  disk.end();
  parts.progress.save([]);
  expect([...parts.checkpoint.counts()].at(-1)).toMatchObject({ uid: "a", count: 5 });
});

test("throws what is no trouble of the disk's, and has kept everything", () => {
  const parts = aProgress(createFakeClock(NOON));
  parts.database.close();
  expect(() => parts.progress.save([to("feishu")])).toThrow(/not open/);
  expect(parts.progress.isBehind()).toBe(true);
});

test("claims neither an Event on hold nor the place in the stream behind it", () => {
  const parts = aProgress(createFakeClock(NOON));
  parts.take("a");
  parts.take("b");
  parts.progress.hold("a");
  parts.progress.hold("a");
  parts.progress.advance(POSITION);
  parts.progress.save([]);
  expect(uids(parts)).toEqual(["b"]);
  expect(parts.checkpoint.position("home")).toBeNull();
  parts.progress.release("a");
  parts.progress.save([]);
  expect(uids(parts)).toEqual(["b"]);
  parts.progress.release("a");
  parts.progress.save([]);
  expect(uids(parts)).toEqual(["a", "b"]);
  expect(parts.checkpoint.position("home")).toEqual(POSITION);
});

test("saves by itself no more than twice a minute, counted from the last save", async () => {
  const clock = createFakeClock(NOON);
  const parts = aProgress(clock);
  parts.take("a");
  await clock.advance(29_000);
  parts.progress.saveNowAndThen();
  expect(uids(parts)).toEqual([]);
  await clock.advance(1_000);
  parts.progress.saveNowAndThen();
  expect(uids(parts)).toEqual(["a"]);
  parts.take("b");
  await clock.advance(20_000);
  parts.progress.save([]);
  parts.take("c");
  await clock.advance(29_000);
  parts.progress.saveNowAndThen();
  expect(uids(parts)).toEqual(["a", "b"]);
});

test("writes nothing while nothing happens, and every four minutes where only the watch has moved on", async () => {
  const clock = createFakeClock(NOON);
  const parts = aProgress(clock);
  const { database } = parts;
  database.prepare("CREATE TABLE seen(n)").run();
  database
    .prepare(
      "CREATE TRIGGER see BEFORE INSERT ON checkpoint WHEN new.key = 'lasting' BEGIN INSERT INTO seen VALUES (1); END",
    )
    .run();
  const saved = (): unknown => database.prepare("SELECT count(*) AS saves FROM seen").row()?.["saves"];
  const pass = async (minutes: number, moves: boolean): Promise<void> => {
    for (let i = 0; i < minutes * 2; i += 1) {
      await clock.advance(30_000);
      if (moves) parts.progress.advance({ ...POSITION, version: String(i) });
      parts.progress.saveNowAndThen();
    }
  };
  await pass(10, false);
  expect(saved()).toBe(0);
  await pass(12, true);
  expect(saved()).toBe(3);
  await pass(10, false);
  expect(saved()).toBe(4);
});

test("tries a save again that the disk refused, and soon", async () => {
  const clock = createFakeClock(NOON);
  const parts = aProgress(clock);
  const disk = fill(parts);
  for (let i = 0; i < 500; i += 1) parts.take(`a-uid-that-takes-some-room-on-its-page-${i}`);
  await clock.advance(30_000);
  parts.progress.saveNowAndThen();
  disk.end();
  await clock.advance(1_000);
  parts.progress.saveNowAndThen();
  expect(uids(parts)).toHaveLength(500);
});

test("says where the watch was once more when the file had to be made anew", async () => {
  const clock = createFakeClock(NOON);
  const parts = aProgress(clock);
  parts.progress.advance(POSITION);
  parts.progress.save([]);
  parts.database.prepare("DROP TABLE checkpoint").run();
  expect(() => parts.checkpoint.position("home")).toThrow(/checkpoint/);
  expect(parts.checkpoint.position("home")).toBeNull();
  await clock.advance(240_000);
  parts.progress.saveNowAndThen();
  expect(parts.checkpoint.position("home")).toEqual(POSITION);
});

test("forgets Events the API server has long deleted, and is not misled by a clock that jumps", async () => {
  const clock = createFakeClock(0);
  const parts = aProgress(clock);
  parts.take("of 1970");
  parts.progress.save([]);
  clock.setWall(NOON);
  parts.take("of today");
  await clock.advance(3_599_000);
  parts.progress.save([]);
  expect(uids(parts)).toEqual(["of 1970", "of today"]);
  await clock.advance(1_000);
  parts.progress.save([]);
  expect(uids(parts)).toEqual(["of today"]);
  await clock.advance(7_200_000);
  parts.progress.save([]);
  expect(uids(parts)).toEqual([]);
});
