import { expect, onTestFinished, test } from "vitest";
import { createCheckpoint, type Checkpoint } from "../src/checkpoint.ts";
import type { GroupState } from "../src/decide/throttle.ts";
import { openDatabase } from "../src/runtime/database.ts";
import { aFolder, aLogger } from "./support/delivery.ts";

const NOTHING: Parameters<Checkpoint["save"]>[0] = { since: null, counts: [], groups: [], removedGroups: [] };

/** Opens it anew each time, as a restart does. */
function open(folder: string): Checkpoint {
  const database = openDatabase(folder, aLogger().logger);
  onTestFinished(() => database.close());
  return createCheckpoint(database);
}

function aGroup(group: string, sentAt: readonly number[]): GroupState {
  return { ruleKey: "k", group, sentAt, occurredAt: [], heldCount: 2, heldSince: 7, windowMs: 60_000 };
}

test("a fresh one knows nothing", () => {
  const checkpoint = open(aFolder());
  expect(checkpoint.since()).toBeNull();
  expect([...checkpoint.counts()]).toEqual([]);
  expect(checkpoint.groups()).toEqual([]);
});

test("gives back after a restart what it was given, counts oldest first", () => {
  const folder = aFolder();
  const first = open(folder);
  const since = { resourceVersion: "42", at: 1_000 };
  const counts = [
    { uid: "late", count: 3, lastSeenAt: 900 },
    { uid: "early", count: 1, lastSeenAt: 100 },
  ];
  const group = aGroup('6:"odd\n', [1, 2.5]);
  first.save({ ...NOTHING, since, counts, groups: [group, aGroup("other", [])] });
  first.save({ ...NOTHING, counts: [{ uid: "early", count: 2, lastSeenAt: 500 }] });
  first.save({ ...NOTHING, removedGroups: [{ ruleKey: "k", group: "other" }] });
  const again = open(folder);
  expect(again.since()).toEqual(since);
  expect([...again.counts()]).toEqual([{ uid: "early", count: 2, lastSeenAt: 500 }, counts[0]]);
  expect(again.groups()).toEqual([group]);
});

test("forgets Events last seen before a moment", () => {
  const checkpoint = open(aFolder());
  const counts = [100, 200, 300].map((lastSeenAt) => ({ uid: `at ${lastSeenAt}`, count: 1, lastSeenAt }));
  checkpoint.save({ ...NOTHING, counts });
  checkpoint.forgetCountsBefore(200);
  expect([...checkpoint.counts()].map(({ uid }) => uid)).toEqual(["at 200", "at 300"]);
  expect([...checkpoint.counts(1)].map(({ uid }) => uid)).toEqual(["at 300"]);
});
