import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createRoom } from "../../src/deliver/room.ts";
import type { Severity } from "../../src/model/rule.ts";
import { anOutbox, many, to } from "../support/delivery.ts";
import { NOON } from "../support/events.ts";
import { createFakeClock } from "../support/fake-clock.ts";

interface Stock {
  /** Bytes that wait, by receiver. */
  readonly waiting: Readonly<Record<string, number>>;
  /** Bytes of what has ended. */
  readonly ended?: number;
  readonly sharers?: number;
}

/** Whether a receiver may have so much, of 1,000 in all; each alert waits for one receiver. */
function hasRoom({ waiting, ended = 0, sharers = 2 }: Stock, bytes: number, severity: Severity = "warning"): boolean {
  const total = Object.values(waiting).reduce((sum, some) => sum + some, 0);
  const room = createRoom({
    ledger: {
      receivers: () => Object.keys(waiting).filter((name) => (waiting[name] ?? 0) > 0),
      waitingBytes: (receiver) => waiting[receiver] ?? 0,
    },
    history: { waitingBytes: () => total, shrinkTo: (most) => total <= most && ended >= 0 },
    maxBytes: 1_000,
    sharers: () => sharers,
  });
  return room("a", { bytes, severity });
}

test.each([
  ["a receiver borrows what is free but the sure part of the other", { waiting: { a: 600 } }, 50, true],
  ["and no more", { waiting: { a: 600 } }, 51, false],
  ["less is kept for a receiver that uses its part", { waiting: { a: 600, b: 100 } }, 50, true],
  ["nothing is kept for one that has used all of it", { waiting: { a: 500, b: 300 } }, 100, true],
  ["the sure part is there though the other has borrowed all the rest", { waiting: { b: 700 } }, 225, true],
  ["alone it may have all", { waiting: { a: 800 }, sharers: 1 }, 100, true],
  ["but the last tenth", { waiting: { a: 800 }, sharers: 1 }, 101, false],
  [
    "receivers that are gone share as long as something waits for them",
    { waiting: { b: 1, c: 1 }, sharers: 1 },
    566,
    true,
  ],
  ["and not longer", { waiting: { a: 400 }, sharers: 1 }, 500, true],
])("%s", (_what, stock, bytes, fits) => {
  expect(hasRoom(stock, bytes)).toBe(fits);
});

test("the last tenth is for critical alerts", () => {
  const stock = { waiting: { a: 800 }, sharers: 1 };
  expect(hasRoom(stock, 200, "critical")).toBe(true);
  expect(hasRoom(stock, 201, "critical")).toBe(false);
  expect(hasRoom({ waiting: { a: 225, b: 700 } }, 25, "critical")).toBe(true);
  expect(hasRoom({ waiting: { a: 225, b: 700 } }, 25)).toBe(false);
});

test("one dead receiver and a flood: the other gets everything, the dead one a digest of what it has no room for", () => {
  const clock = createFakeClock(NOON);
  const { outbox, folder } = anOutbox(clock, {
    maxBytes: 200_000,
    sharers: 2,
    history: { alerts: 50, maxBytes: 50_000 },
  });
  let delivered = 0;
  for (let n = 0; n < 1_500; n += 10) {
    const alerts = Array.from({ length: 10 }, (_, i) =>
      to("dead", { name: `rule-${(n + i) % 70}`, group: `g${n + i}` }),
    );
    outbox.enqueue(alerts.map(({ alert }) => ({ alert, receivers: ["dead", "well"] })));
    for (const delivery of outbox.nextBatch("well", 100, 0)) {
      expect(delivery.alert.kind).toBe("event");
      outbox.delivered([{ delivery }]);
      delivered += 1;
    }
  }
  expect(delivered).toBe(1_500);
  const [dead, well] = outbox.ledger();
  expect(well).toMatchObject({ written: 1_500, delivered: 1_500, merged: 0, waiting: 0 });
  expect(dead?.written).toBe(1_501);
  expect(dead?.merged).toBeGreaterThan(1_000);
  expect(dead?.waiting).toBeGreaterThan(50);
  // With the tables of the checkpoint and the pages that are not full.
  expect(statSync(join(folder, "kubewhen.db")).size).toBeLessThan(200_000);
  let told = 0;
  for (let next = outbox.next("dead", "steady", 0); next; next = outbox.next("dead", "steady", 0)) {
    const { alert } = next;
    if (alert.kind === "digest") told += alert.lines.reduce((sum, line) => sum + line.alerts, alert.more.alerts);
    else told += 1;
    outbox.delivered([{ delivery: next }]);
  }
  expect(told).toBe(1_500);
});

test("what is told of gives way to what is not told yet, if that suffices", () => {
  const { outbox } = anOutbox(createFakeClock(NOON), { maxBytes: 40_000, sharers: 1 });
  outbox.enqueue(many("feishu", 25));
  for (const delivery of outbox.nextBatch("feishu", 20, 0)) outbox.bury(delivery, "card_refused", "");
  const kept = outbox.deadLetters().length;
  expect(kept).toBe(20);
  const huge = { name: "huge", message: "x".repeat(35_000) };
  outbox.enqueue([to("feishu", huge)]);
  expect(outbox.ledger()[0]).toMatchObject({ merged: 1 });
  expect(outbox.deadLetters()).toHaveLength(kept);
  outbox.enqueue([to("feishu", { name: "large", message: "x".repeat(20_000) })]);
  expect(outbox.ledger()[0]).toMatchObject({ merged: 1, dead: 20 });
  expect(outbox.deadLetters().length).toBeLessThan(kept);
  expect(outbox.nextBatch("feishu", 99, 0).map((one) => one.alert.rule?.name)).toContain("large");
});
