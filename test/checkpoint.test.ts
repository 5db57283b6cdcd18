import { expect, onTestFinished, test } from "vitest";
import { createCheckpoint, type Checkpoint } from "../src/checkpoint.ts";
import type { GroupState } from "../src/decide/throttle.ts";
import { openDatabase } from "../src/runtime/database.ts";
import { aFolder, aLogger } from "./support/delivery.ts";
import { aDrop, aRule, is } from "./support/rules.ts";

const NOTHING: Parameters<Checkpoint["save"]>[0] = { position: null, counts: [], groups: [], removedGroups: [] };

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
  expect(checkpoint.position("home")).toBeNull();
  expect([...checkpoint.counts()]).toEqual([]);
  expect(checkpoint.groups()).toEqual([]);
  expect(checkpoint.lastGoodRules()).toBeNull();
});

test("gives back after a restart what it was given, counts oldest first", () => {
  const folder = aFolder();
  const first = open(folder);
  const position = { source: "home", version: "42", at: 1_000 };
  const counts = [
    { uid: "late", count: 3, lastSeenAt: 900 },
    { uid: "early", count: 1, lastSeenAt: 100 },
  ];
  const group = aGroup('6:"odd\n', [1, 2.5]);
  first.save({ ...NOTHING, position, counts, groups: [group, aGroup("other", [])] });
  first.save({ ...NOTHING, counts: [{ uid: "early", count: 2, lastSeenAt: 500 }] });
  first.save({ ...NOTHING, removedGroups: [{ ruleKey: "k", group: "other" }] });
  const again = open(folder);
  expect(again.position("home")).toEqual(position);
  expect(again.position("elsewhere")).toBeNull();
  expect([...again.counts()]).toEqual([{ uid: "early", count: 2, lastSeenAt: 500 }, counts[0]]);
  expect(again.groups()).toEqual([group]);
});

test("goes on from where version 0.1 had read to, until a new position is stored", () => {
  const folder = aFolder();
  const database = openDatabase(folder, aLogger().logger);
  database.prepare("INSERT INTO checkpoint VALUES (?, ?)").run("since", '{"resourceVersion":"42","at":1000}');
  database.close();
  const checkpoint = open(folder);
  expect(checkpoint.position("home")).toEqual({ source: "home", version: "42", at: 1_000 });
  checkpoint.save({ ...NOTHING, position: { source: "home", version: "43", at: 2_000 } });
  expect(checkpoint.position("home")?.version).toBe("43");
  expect(checkpoint.position("elsewhere")).toBeNull();
});

test("forgets Events last seen before a moment", () => {
  const checkpoint = open(aFolder());
  const counts = [100, 200, 300].map((lastSeenAt) => ({ uid: `at ${lastSeenAt}`, count: 1, lastSeenAt }));
  checkpoint.save({ ...NOTHING, counts });
  checkpoint.forgetCountsBefore(200);
  expect([...checkpoint.counts()].map(({ uid }) => uid)).toEqual(["at 200", "at 300"]);
  expect([...checkpoint.counts(1)].map(({ uid }) => uid)).toEqual(["at 300"]);
});

test("keeps the last rules that were in order, as they were", () => {
  const folder = aFolder();
  const statements = [
    aDrop(is("reason", "é\u0000\u2028")),
    aRule({ throttle: { notifications: 5, windowMs: 600_000 } }),
  ];
  open(folder).saveLastGoodRules({ statements: [] });
  open(folder).saveLastGoodRules({ statements });
  expect(open(folder).lastGoodRules()).toEqual({ statements });
});
