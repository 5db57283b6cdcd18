import { expect, test } from "vitest";
import { createCheckpoint } from "../src/checkpoint.ts";
import { createOccurrences, type OccurrenceCounter } from "../src/collect/occurrences.ts";
import { createEvaluator, type Evaluator } from "../src/decide/evaluate.ts";
import { createProgress, type Progress } from "../src/progress.ts";
import { aLogger, aNotification, anOutbox, type Store } from "./support/delivery.ts";
import { anEvent, NOON, seenOnce } from "./support/events.ts";
import { createFakeClock, type FakeClock } from "./support/fake-clock.ts";
import { aRule } from "./support/rules.ts";

const POSITION = { source: "home", version: "7", at: NOON };
const LARGE = aNotification({ body: "x".repeat(500) });

interface Parts extends Store {
  readonly progress: Progress;
  readonly occurrences: OccurrenceCounter;
  readonly evaluator: Evaluator;
  readonly checkpoint: ReturnType<typeof createCheckpoint>;
  take(uid: string, count?: number): void;
}

function aProgress(clock: FakeClock, options: Parameters<typeof anOutbox>[1] = {}): Parts {
  const store = anOutbox(clock, options);
  const { database, outbox, metrics } = store;
  const { logger } = aLogger();
  const occurrences = createOccurrences({ metrics });
  const evaluator = createEvaluator({ clock, cluster: "home", maxGroups: 100, metrics, logger });
  const checkpoint = createCheckpoint(database);
  const progress = createProgress({ occurrences, evaluator, outbox, checkpoint, database, clock });
  const take = (uid: string, count = 1): void => {
    const event = anEvent({ eventUid: uid, count, resourceVersion: String(count), lastSeenAt: clock.now() });
    occurrences.take(event, null);
  };
  return { ...store, progress, occurrences, evaluator, checkpoint, take };
}

const uids = ({ checkpoint }: Parts): string[] => [...checkpoint.counts()].map(({ uid }) => uid).toSorted();

test("brings notifications and the checkpoint to disk together", () => {
  const clock = createFakeClock(NOON);
  const parts = aProgress(clock);
  const rule = aRule({ name: "r", throttle: { notifications: 1, windowMs: 60_000 } });
  parts.evaluator.use({ statements: [rule] });
  parts.take("a");
  parts.evaluator.evaluate(seenOnce(anEvent({ eventUid: "a" })), null);
  parts.progress.advance(POSITION);
  expect(parts.progress.save([aNotification()])).toBeNull();
  expect(parts.outbox.waiting()).toBe(1);
  expect(uids(parts)).toEqual(["a"]);
  expect(parts.checkpoint.position("home")).toEqual(POSITION);
  expect(parts.checkpoint.groups()).toMatchObject([{ ruleKey: "r", sentAt: [NOON] }]);

  parts.evaluator.use({ statements: [] });
  expect(parts.progress.save([])).toBeNull();
  expect(parts.checkpoint.groups()).toEqual([]);
});

test("keeps notifications that found no room, and lets no save claim their Events without them", () => {
  const parts = aProgress(createFakeClock(NOON), { maxBytes: 1_000 });
  expect(parts.progress.save([LARGE])).toBeNull();
  parts.take("a");
  parts.progress.advance(POSITION);
  expect(parts.progress.save([LARGE])).toBe("full");
  expect(parts.progress.isBehind()).toBe(true);
  parts.take("b");
  expect(parts.progress.save([])).toBe("full");
  expect(uids(parts)).toEqual([]);
  expect(parts.checkpoint.position("home")).toBeNull();

  parts.outbox.delivered(parts.outbox.next("feishu", NOON)?.id ?? -1);
  expect(parts.progress.save([])).toBeNull();
  expect(parts.progress.isBehind()).toBe(false);
  expect(uids(parts)).toEqual(["a", "b"]);
  expect(parts.checkpoint.position("home")).toEqual(POSITION);
  expect(parts.outbox.waiting()).toBe(1);
});

test("stores in parts what an empty outbox does not take at once, and the checkpoint with the last of them", () => {
  const parts = aProgress(createFakeClock(NOON), { maxBytes: 2_000 });
  parts.take("a");
  const saves = [parts.progress.save([LARGE, LARGE, LARGE, LARGE, LARGE])];
  const claimedEarly: string[] = [];
  let delivered = 0;
  for (let round = 0; round < 9; round += 1) {
    for (let next = parts.outbox.next("feishu", NOON); next; next = parts.outbox.next("feishu", NOON)) {
      parts.outbox.delivered(next.id);
      delivered += 1;
    }
    if (parts.progress.isBehind()) claimedEarly.push(...uids(parts));
    saves.push(parts.progress.save([]));
  }
  expect(claimedEarly).toEqual([]);
  expect(delivered).toBe(5);
  expect(saves.at(-1)).toBeNull();
  expect(uids(parts)).toEqual(["a"]);
});

test("keeps what a disk refused for the next save", () => {
  const parts = aProgress(createFakeClock(NOON));
  parts.progress.save([]);
  parts.database.prepare("PRAGMA max_page_count = 1").row();
  for (let i = 0; i < 500; i += 1) parts.take(`a-uid-that-takes-some-room-on-its-page-${i}`);
  parts.progress.advance(POSITION);
  expect(parts.progress.save([aNotification()])).toBe("full");
  expect(uids(parts)).toEqual([]);
  expect(parts.outbox.waiting()).toBe(0);
  parts.database.prepare("PRAGMA max_page_count = 100000").row();
  expect(parts.progress.save([])).toBeNull();
  expect(uids(parts)).toHaveLength(500);
  expect(parts.outbox.waiting()).toBe(1);
});

test("throws what is no trouble of the disk's, and has kept everything", () => {
  const parts = aProgress(createFakeClock(NOON));
  parts.database.close();
  expect(() => parts.progress.save([aNotification()])).toThrow(/not open/);
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
  await clock.advance(29_999);
  parts.progress.saveNowAndThen();
  expect(uids(parts)).toEqual(["a"]);
});

test("leaves the disk alone while nothing happens", async () => {
  const clock = createFakeClock(NOON);
  const parts = aProgress(clock);
  const { database } = parts;
  database.prepare("CREATE TABLE seen(n)").run();
  database.prepare("CREATE TRIGGER see BEFORE INSERT ON checkpoint BEGIN INSERT INTO seen VALUES (1); END").run();
  const saved = (): unknown => database.prepare("SELECT count(*) AS saves FROM seen").row()?.["saves"];
  parts.progress.advance(POSITION);
  for (let i = 0; i < 10; i += 1) {
    await clock.advance(30_000);
    parts.progress.saveNowAndThen();
  }
  expect(saved()).toBe(1);
  parts.progress.advance({ ...POSITION, version: "8" });
  parts.progress.saveNowAndThen();
  expect(saved()).toBe(2);
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

test("a repeat after a failed save is stored with its newest count", () => {
  const parts = aProgress(createFakeClock(NOON), { maxBytes: 1_000 });
  parts.progress.save([LARGE]);
  parts.take("a", 1);
  parts.progress.save([LARGE]);
  parts.take("a", 5);
  parts.outbox.delivered(parts.outbox.next("feishu", NOON)?.id ?? -1);
  parts.progress.save([]);
  expect([...parts.checkpoint.counts()]).toMatchObject([{ uid: "a", count: 5 }]);
});
