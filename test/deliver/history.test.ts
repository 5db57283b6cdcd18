import { expect, test } from "vitest";
import type { Outbox } from "../../src/deliver/outbox.ts";
import type { Database } from "../../src/runtime/database.ts";
import { anOutbox, many, to } from "../support/delivery.ts";
import { NOON } from "../support/events.ts";
import { createFakeClock } from "../support/fake-clock.ts";

/** Ends everything that waits for the receiver. */
function end(outbox: Outbox, receiver: string, how: "delivered" | "dead"): void {
  for (let next = outbox.next(receiver, "steady", 0); next; next = outbox.next(receiver, "steady", 0)) {
    if (how === "delivered") outbox.delivered([{ delivery: next }]);
    else outbox.bury(next, "card_refused", "");
  }
}

function rules(database: Database, where: string): readonly unknown[] {
  return database
    .prepare(`SELECT rule FROM alerts WHERE ${where} ORDER BY id`)
    .rows()
    .map((row) => row["rule"]);
}

test("of too many alerts that have ended the oldest go, told ones before dead ones, and none that waits", () => {
  const clock = createFakeClock(NOON);
  const { outbox, database } = anOutbox(clock, { history: { alerts: 100, maxBytes: 1e7 } });
  outbox.enqueue([to("down", { name: "waits" })]);
  outbox.enqueue(many("feishu", 40, { severity: "info" }));
  end(outbox, "feishu", "dead");
  outbox.enqueue(many("dump", 61));
  end(outbox, "dump", "delivered");
  expect(rules(database, "1")).toHaveLength(102);
  outbox.enqueue([to("feishu", { name: "new" })]);
  expect(rules(database, "1")).toEqual(["waits", ...Array.from({ length: 40 }, (_, n) => String(n)), "new"]);
  expect(database.prepare("SELECT count(*) AS n FROM deliveries").row()).toEqual({ n: 42 });
  end(outbox, "feishu", "delivered");
  outbox.enqueue(many("dump", 60));
  end(outbox, "dump", "delivered");
  outbox.enqueue([to("feishu", { name: "last" })]);
  expect(outbox.deadLetters()).toHaveLength(40);
  outbox.enqueue(many("feishu", 80));
  end(outbox, "feishu", "dead");
  outbox.enqueue(many("feishu", 80));
  end(outbox, "feishu", "dead");
  outbox.enqueue([to("feishu", { name: "x" })]);
  outbox.enqueue([to("feishu", { name: "y" })]);
  outbox.enqueue([to("feishu", { name: "z" })]);
  expect(rules(database, "rule = 'waits'")).toEqual(["waits"]);
  expect(outbox.deadLetters().length).toBeLessThanOrEqual(100);
});

test("of too many bytes the texts of the oldest go first, and the alerts stay", () => {
  const { outbox, database } = anOutbox(createFakeClock(NOON), { history: { alerts: 1_000, maxBytes: 100_000 } });
  outbox.enqueue(many("feishu", 20, { severity: "info" }));
  end(outbox, "feishu", "dead");
  outbox.enqueue(many("dump", 70));
  end(outbox, "dump", "delivered");
  outbox.enqueue([to("feishu", { name: "new", message: "x".repeat(9_000) })]);
  expect(rules(database, "body IS NULL")).toEqual(Array.from({ length: 64 }, (_, n) => String(n)));
  expect(outbox.deadLetters()).toHaveLength(20);
  expect(rules(database, "1")).toHaveLength(91);
});

test("an alert has ended when all its receivers have it", () => {
  const { outbox, database } = anOutbox(createFakeClock(NOON), { history: { alerts: 0, maxBytes: 1e7 } });
  const { alert } = to("feishu", { name: "shared" });
  outbox.enqueue([{ alert, receivers: ["feishu", "dump"] }]);
  end(outbox, "feishu", "delivered");
  outbox.enqueue([to("other")]);
  expect(rules(database, "rule = 'shared'")).toEqual(["shared"]);
  end(outbox, "dump", "delivered");
  outbox.enqueue([to("other")]);
  expect(rules(database, "rule = 'shared'")).toEqual([]);
});

test("finds what ends late among thousands that wait, at most a thousand looked at in one call", () => {
  const { outbox, database } = anOutbox(createFakeClock(NOON), { history: { alerts: 0, maxBytes: 1e7 } });
  outbox.enqueue(many("down", 3_000));
  outbox.enqueue(many("dump", 2));
  end(outbox, "dump", "delivered");
  for (let call = 0; call < 4; call += 1) outbox.enqueue([to("down", { name: "more" })]);
  expect(rules(database, "1")).toHaveLength(3_004);
  const first = outbox.next("down", "steady", 0);
  if (first) outbox.delivered([{ delivery: first }]);
  outbox.enqueue([to("down", { name: "more" })]);
  expect(rules(database, "id = 1")).toEqual([]);
});

test("a roll back takes what was pruned back too", () => {
  const { outbox, database } = anOutbox(createFakeClock(NOON), { history: { alerts: 0, maxBytes: 1e7 } });
  outbox.enqueue(many("dump", 5));
  end(outbox, "dump", "delivered");
  const fail = (): never => {
    outbox.enqueue([to("down")]);
    throw new Error("undo");
  };
  expect(() => database.transaction(fail)).toThrow("undo");
  expect(rules(database, "1")).toHaveLength(5);
  outbox.enqueue([to("down")]);
  expect(rules(database, "1")).toHaveLength(1);
});

test("knows after a restart what has ended before", () => {
  const clock = createFakeClock(NOON);
  const first = anOutbox(clock, { history: { alerts: 5, maxBytes: 1e7 } });
  first.outbox.enqueue(many("dump", 5));
  end(first.outbox, "dump", "delivered");
  first.database.close();
  const { outbox, database } = anOutbox(clock, { folder: first.folder, history: { alerts: 5, maxBytes: 1e7 } });
  outbox.enqueue(many("dump", 1));
  expect(rules(database, "1")).toHaveLength(6);
  end(outbox, "dump", "delivered");
  outbox.enqueue(many("dump", 1));
  expect(rules(database, "1")).toHaveLength(1);
});
