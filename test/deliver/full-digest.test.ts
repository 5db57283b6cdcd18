import { expect, test } from "vitest";
import type { Outbox } from "../../src/deliver/outbox.ts";
import type { AddressedAlert, Alert } from "../../src/model/alert.ts";
import { alertId } from "../../src/model/alert-id.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import { type AlertParts, anAlert, anOutbox, many, type Store, to } from "../support/delivery.ts";
import { NOON } from "../support/events.ts";
import { createFakeClock } from "../support/fake-clock.ts";

/** An outbox without room: everything becomes a line. */
function aFullOutbox(folder?: string): Store {
  return anOutbox(createFakeClock(NOON), { maxBytes: 1, ...(folder === undefined ? {} : { folder }) });
}

function digestOf(outbox: Outbox, receiver = "feishu"): { delivery: Delivery; digest: Alert & { kind: "digest" } } {
  const delivery = outbox.next(receiver, "steady", 0);
  if (delivery?.alert.kind !== "digest") throw new Error("no digest");
  return { delivery, digest: delivery.alert };
}

function named(name: string, parts: AlertParts = {}): AddressedAlert {
  return to("feishu", { name, ...parts });
}

/** An alert that is too large for 4,000 bytes of room. */
function beyond(severity: "critical" | "info"): AddressedAlert {
  return named("x", { severity, message: "x".repeat(4_000) });
}

test("what is beyond a receiver's room becomes lines of one alert, a group each, counted as written and merged", () => {
  const { outbox } = aFullOutbox();
  outbox.enqueue([named("a", { at: NOON - 5 }), named("b"), named("a", { at: NOON + 5, message: "again" })]);
  outbox.enqueue([named("a", { severity: "critical" })]);
  expect(outbox.ledger()).toEqual([{ receiver: "feishu", written: 5, delivered: 0, dead: 0, merged: 4, waiting: 1 }]);
  const { digest } = digestOf(outbox);
  expect(digest).toMatchObject({ kind: "digest", why: "full", severity: "critical", rule: null, cluster: "home" });
  expect(digest).toMatchObject({
    at: NOON,
    from: NOON - 5,
    to: NOON + 5,
    more: { groups: 0, alerts: 0, occurrences: 0 },
  });
  expect(digest.id).toBe(alertId("digest", "feishu", "full", anAlert({ name: "a" }).id));
  expect(digest.lines.map(({ severity, rule, alerts, occurrences }) => [severity, rule, alerts, occurrences])).toEqual([
    ["warning", "a", 2, 2],
    ["warning", "b", 1, 1],
    ["critical", "a", 1, 1],
  ]);
  expect(digest.lines[0]).toMatchObject({
    from: NOON - 5,
    to: NOON + 5,
    newest: expect.stringContaining("again") as string,
  });
});

test("a digest of grave alerts is as grave as they are, and goes first, though it began with others", () => {
  const { outbox } = anOutbox(createFakeClock(NOON), { maxBytes: 4_000 });
  outbox.enqueue(many("feishu", 2, { severity: "warning" }));
  outbox.enqueue([beyond("info")]);
  outbox.enqueue([beyond("critical")]);
  outbox.enqueue([beyond("info")]);
  expect(outbox.ledger()[0]).toMatchObject({ merged: 3, waiting: 3 });
  const order = outbox.nextBatch("feishu", 9, 0).map(({ alert }) => `${alert.severity} ${alert.kind}`);
  expect(order).toEqual(["critical digest", "warning event", "warning event"]);
});

test("once it may be under way nothing is added to it any more: the next begins another", () => {
  const { outbox } = aFullOutbox();
  outbox.enqueue([named("a")]);
  const { delivery, digest } = digestOf(outbox);
  outbox.enqueue([named("b")]);
  expect(outbox.waiting("feishu")).toBe(2);
  outbox.postpone(delivery, { dueAt: null, reason: "timed_out", detail: "", unsure: true });
  expect(digestOf(outbox).digest).toEqual(digest);
  outbox.delivered([{ delivery }]);
  expect(digestOf(outbox).digest.lines.map((line) => line.rule)).toEqual(["b"]);
});

test("stays open over a restart, and closed over one where it was under way", () => {
  const first = aFullOutbox();
  first.outbox.enqueue([named("a")]);
  first.database.close();
  const second = aFullOutbox(first.folder);
  second.outbox.enqueue([named("b")]);
  expect(digestOf(second.outbox).digest.lines.map((line) => line.rule)).toEqual(["a", "b"]);
  second.database.close();
  const third = aFullOutbox(first.folder);
  third.outbox.enqueue([named("c")]);
  expect(third.outbox.waiting("feishu")).toBe(2);
});

test("has fifty lines at most, and counts what has none, each group once", () => {
  const { outbox } = aFullOutbox();
  outbox.enqueue(many("feishu", 50));
  outbox.enqueue([named("0"), named("x"), named("y"), named("x"), named("x", { severity: "info" })]);
  const { digest } = digestOf(outbox);
  expect(digest.lines).toHaveLength(50);
  expect(digest.lines[0]).toMatchObject({ rule: "0", alerts: 2 });
  expect(digest.more).toEqual({ groups: 3, alerts: 4, occurrences: 4 });
});

test("is of a bounded size, whatever it stands for", () => {
  const { outbox, database } = aFullOutbox();
  for (let n = 0; n < 20; n += 1) {
    const texts = { message: "漢".repeat(8_000), group: "長".repeat(300) };
    outbox.enqueue(Array.from({ length: 200 }, (_, i) => named(`${n} ${i}`, { ...texts, name: `${n} ${i}` })));
  }
  expect(database.prepare("SELECT count(*) AS n FROM alerts").row()).toEqual({ n: 1 });
  expect(digestOf(outbox).digest.more).toEqual({ groups: 1_000, alerts: 3_950, occurrences: 3_950 });
  expect(Number(database.prepare("SELECT bytes FROM alerts").row()?.["bytes"])).toBeLessThan(64_000);
});

test("each receiver has its own", () => {
  const { outbox } = aFullOutbox();
  outbox.enqueue([{ alert: anAlert(), receivers: ["feishu", "dump"] }]);
  expect(digestOf(outbox).digest.id).not.toBe(digestOf(outbox, "dump").digest.id);
  expect(outbox.ledger()).toMatchObject([
    { written: 2, merged: 1, waiting: 1 },
    { written: 2, merged: 1, waiting: 1 },
  ]);
});

test("takes the lines and counts of a digest that finds no room itself", () => {
  const { outbox } = aFullOutbox();
  const line = {
    severity: "info",
    rule: "r",
    label: "l",
    alerts: 3,
    occurrences: 7,
    newest: "n",
    unsure: true,
  } as const;
  const { cluster, owner, at, v } = anAlert();
  const flood: Alert = {
    v,
    cluster,
    owner,
    at,
    id: alertId("flood"),
    severity: "warning",
    rule: null,
    group: [],
    kind: "digest",
    why: "flood",
    from: NOON - 9,
    to: NOON + 9,
    lines: [{ ...line, from: NOON - 9, to: NOON }],
    more: { groups: 2, alerts: 4, occurrences: 8 },
  };
  outbox.enqueue([{ alert: flood, receivers: ["feishu"] }]);
  const { digest } = digestOf(outbox);
  expect(digest).toMatchObject({
    why: "full",
    severity: "warning",
    lines: [line],
    more: { groups: 2, alerts: 4, occurrences: 8 },
  });
});

test("says of an alert that one receiver has room for and another has not, what became of it", () => {
  const { outbox, database } = anOutbox(createFakeClock(NOON), { maxBytes: 20_000, sharers: 2 });
  outbox.enqueue(many("down", 20));
  const { alert } = to("down", { name: "shared" });
  outbox.enqueue([{ alert, receivers: ["down", "well"] }]);
  const rows = database
    .prepare(
      `SELECT r.name, d.state, m.kind FROM deliveries d JOIN alerts a ON a.id = d.alert JOIN receivers r ON r.id = d.receiver
       LEFT JOIN alerts m ON m.id = d.merged_into WHERE a.rule = 'shared' ORDER BY r.name`,
    )
    .rows();
  expect(rows).toMatchObject([
    { name: "down", state: 3, kind: "digest" },
    { name: "well", state: 0, kind: null },
  ]);
});
