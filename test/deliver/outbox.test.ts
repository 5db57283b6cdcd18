import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createOutbox, type Outbox, type PaceRecord } from "../../src/deliver/outbox.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import { type Database, openDatabase } from "../../src/runtime/database.ts";
import { LASTING_START } from "../../src/runtime/lasting-clock.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import { aFolder, aLastingClock, aLogger, anOutbox, many, to } from "../support/delivery.ts";
import { NOON } from "../support/events.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const START = LASTING_START;
const END = Number.MAX_SAFE_INTEGER;
const REFUSED = { dueAt: null, reason: "unknown_code", detail: "", unsure: false };

function pace(...sent: readonly number[]): PaceRecord {
  return { destination: "d", sent };
}

function nameOf(delivery: Delivery | null): string | null {
  return delivery?.alert.rule?.name ?? null;
}

/** The delivery that is next, which must be there. */
function nextOf(outbox: Outbox, receiver = "feishu", now = END): Delivery {
  const delivery = outbox.next(receiver, "steady", now);
  if (!delivery) throw new Error("nothing is due");
  return delivery;
}

function drain(outbox: Outbox, receiver: string): readonly Delivery[] {
  const drained: Delivery[] = [];
  for (let next = outbox.next(receiver, "steady", END); next; next = outbox.next(receiver, "steady", END)) {
    drained.push(next);
    outbox.delivered([{ delivery: next }]);
  }
  return drained;
}

/** What the next commits wait for: 2 is `FULL`, a sync each; 1 is `NORMAL`, none. */
function synchronous(database: Database): unknown {
  return database.prepare("PRAGMA synchronous").row()?.["synchronous"];
}

describe("next", () => {
  test("gives the gravest first, then the oldest, each receiver its own", () => {
    const { outbox } = anOutbox(createFakeClock(NOON));
    outbox.enqueue([
      to("feishu", { name: "i", severity: "info" }),
      to("feishu", { name: "w1" }),
      to("feishu", { name: "w2" }),
      to("feishu", { name: "c", severity: "critical" }),
      to("dump", { name: "other" }),
    ]);
    expect(outbox.nextBatch("feishu", 3, START).map(nameOf)).toEqual(["c", "w1", "w2"]);
    expect(drain(outbox, "feishu").map(nameOf)).toEqual(["c", "w1", "w2", "i"]);
    expect(outbox.receivers()).toEqual(["dump"]);
    expect(nameOf(outbox.next("dump", "steady", START))).toBe("other");
    expect(outbox.next("nobody", "steady", START)).toBeNull();
    expect(outbox.nextDueAt("nobody")).toBeNull();
  });

  test("lets no alert of a group overtake an older one, however grave it is or long the older one is put off", () => {
    const { outbox } = anOutbox(createFakeClock(NOON));
    outbox.enqueue([
      to("feishu", { name: "first", group: "g", severity: "info" }),
      to("feishu", { name: "second", group: "g", severity: "critical" }),
      to("feishu", { name: "other", severity: "warning" }),
    ]);
    expect(outbox.nextBatch("feishu", 9, START).map(nameOf)).toEqual(["other", "first"]);
    const first = outbox.nextBatch("feishu", 9, START)[1];
    if (!first) throw new Error("it was there");
    outbox.postpone(first, { dueAt: START + 60_000, reason: "unknown_code", detail: "", unsure: false });
    expect(outbox.nextBatch("feishu", 9, START).map(nameOf)).toEqual(["other"]);
    outbox.delivered([{ delivery: nextOf(outbox, "feishu", START) }]);
    expect(outbox.next("feishu", "steady", START + 59_999)).toBeNull();
    expect(outbox.next("feishu", "probe", START + 59_999)).toBeNull();
    expect(outbox.nextDueAt("feishu")).toBe(START + 60_000);
    expect(drain(outbox, "feishu").map(nameOf)).toEqual(["first", "second"]);
  });

  test("weighs what was put off and is due again with what was never put off", () => {
    const { outbox } = anOutbox(createFakeClock(NOON));
    outbox.enqueue([to("feishu", { name: "c", severity: "critical" }), to("feishu", { name: "w" })]);
    outbox.postpone(nextOf(outbox), { ...REFUSED, dueAt: START + 1_000 });
    expect(outbox.nextDueAt("feishu")).toBe(0);
    expect(nameOf(outbox.next("feishu", "steady", START + 999))).toBe("w");
    expect(outbox.nextBatch("feishu", 2, START + 1_000).map(nameOf)).toEqual(["c", "w"]);
  });

  test("probes with what may have arrived already, due or not, until its third attempt, then with the least tried", () => {
    const { outbox } = anOutbox(createFakeClock(NOON));
    outbox.enqueue([to("feishu", { name: "a" }), to("feishu", { name: "b" }), to("feishu", { name: "c" })]);
    const probe = (): Delivery => {
      const delivery = outbox.next("feishu", "probe", START);
      if (!delivery) throw new Error("nothing to probe with");
      return delivery;
    };
    const unsure = { dueAt: START + 60_000, reason: "timed_out", detail: "", unsure: true };
    const { key } = probe();
    outbox.postpone(probe(), unsure);
    expect(probe()).toMatchObject({ attempts: 1, unsure: 1, reason: "timed_out", key, dueAt: START + 60_000 });
    outbox.postpone(probe(), unsure);
    expect(probe()).toMatchObject({ attempts: 2, unsure: 2, key });
    outbox.postpone(probe(), unsure);
    const order: (string | null)[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) {
      order.push(nameOf(probe()));
      outbox.postpone(probe(), REFUSED);
    }
    expect(order).toEqual(["b", "c", "b", "c"]);
    expect(nameOf(outbox.next("feishu", "probe", START + 60_000))).toBe("b");
  });

  test("is sure again of what got an answer", () => {
    const { outbox } = anOutbox(createFakeClock(NOON));
    outbox.enqueue([to("feishu")]);
    outbox.postpone(nextOf(outbox), { ...REFUSED, unsure: true });
    outbox.postpone(nextOf(outbox), REFUSED);
    expect(nextOf(outbox)).toMatchObject({ attempts: 2, unsure: 0 });
  });

  test("gives up what cannot be read any more, says so, and goes on with the next", () => {
    const { outbox, database } = anOutbox(createFakeClock(NOON));
    outbox.enqueue(many("feishu", 3));
    database.prepare("UPDATE alerts SET body = '{\"v\":1' WHERE id = 1").run();
    database.prepare("DELETE FROM alerts WHERE id = 2").run();
    expect(nameOf(outbox.next("feishu", "steady", START))).toBe("2");
    expect(database.asides()).toHaveLength(2);
    expect(outbox.ledger()[0]).toMatchObject({ written: 3, dead: 2, waiting: 1 });
  });
});

describe("what became of an attempt", () => {
  test("keeps attempts, due times and plainness over a restart", () => {
    const clock = createFakeClock(NOON);
    const first = anOutbox(clock);
    first.outbox.enqueue([to("feishu", { name: "a" }), to("feishu", { name: "b", severity: "info" })]);
    const { key } = nextOf(first.outbox);
    first.outbox.makePlainer(nextOf(first.outbox), 1, "too_large", "why");
    first.outbox.makePlainer(nextOf(first.outbox), 0, "too_large", "why");
    const due = { dueAt: START + 60_000, reason: "unknown_code", detail: "", unsure: false };
    first.outbox.postpone(nextOf(first.outbox), due);
    first.database.close();

    const { outbox } = anOutbox(clock, { folder: first.folder });
    expect(outbox.waiting("feishu")).toBe(2);
    expect(nameOf(outbox.next("feishu", "steady", START + 59_999))).toBe("b");
    const again = nextOf(outbox, "feishu", START + 60_000);
    expect(again).toMatchObject({ key, attempts: 3, plain: 1, reason: "unknown_code", state: "waiting", remote: null });
  });

  test("makes a plainer one due at once", () => {
    const { outbox } = anOutbox(createFakeClock(NOON));
    outbox.enqueue([to("feishu")]);
    const delivery = nextOf(outbox);
    outbox.postpone(delivery, { ...REFUSED, dueAt: START + 60_000 });
    expect(outbox.next("feishu", "steady", START)).toBeNull();
    outbox.makePlainer(delivery, 2, "too_large", "why");
    expect(outbox.next("feishu", "steady", START)).toMatchObject({ attempts: 2, plain: 2, reason: "too_large" });
  });

  test("ignores what is said of a delivery that has ended", () => {
    const { outbox } = anOutbox(createFakeClock(NOON));
    outbox.enqueue([to("feishu")]);
    const delivery = nextOf(outbox);
    outbox.delivered([{ delivery, remote: "om_1" }]);
    outbox.delivered([{ delivery }]);
    outbox.bury(delivery, "late", "");
    outbox.postpone(delivery, REFUSED);
    outbox.makePlainer(delivery, 2, "late", "");
    expect(outbox.ledger()).toEqual([{ receiver: "feishu", written: 1, delivered: 1, dead: 0, merged: 0, waiting: 0 }]);
    expect(outbox.next("feishu", "steady", END)).toBeNull();
  });

  test("keeps dead letters with the reason and the moment people know", () => {
    const { outbox } = anOutbox(createFakeClock(NOON));
    outbox.enqueue([to("feishu", { name: "a" })]);
    outbox.bury(nextOf(outbox), "card_refused", "why");
    expect(outbox.deadLetters()).toMatchObject([
      { receiver: "feishu", reason: "card_refused", detail: "why", attempts: 1, state: "dead", endedAt: NOON },
    ]);
  });

  test("gives up a receiver's backlog without a claim to have tried it", () => {
    const { outbox } = anOutbox(createFakeClock(NOON));
    outbox.enqueue([...many("feishu", 600, { group: "one" }), ...many("dump", 1)]);
    expect(outbox.buryReceiver("feishu", "unknown_receiver", "gone")).toBe(600);
    expect(outbox.buryReceiver("nobody", "unknown_receiver", "gone")).toBe(0);
    expect(outbox.next("feishu", "steady", END)).toBeNull();
    expect(outbox.deadLetters()[0]).toMatchObject({ reason: "unknown_receiver", attempts: 0 });
    expect(outbox.ledger()).toMatchObject([
      { receiver: "dump", waiting: 1 },
      { receiver: "feishu", written: 600, dead: 600, waiting: 0 },
    ]);
  });

  test("keeps the order of a group when a kill cuts the giving up of a backlog short", () => {
    const { outbox, database } = anOutbox(createFakeClock(NOON));
    outbox.enqueue(many("feishu", 600, { group: "one" }));
    database.prepare("CREATE TABLE ended(n)").run();
    database
      .prepare(
        `CREATE TRIGGER cut BEFORE UPDATE OF state ON deliveries
         WHEN (SELECT count(*) FROM deliveries WHERE state = 2) >= 300 BEGIN SELECT RAISE(ABORT, 'killed'); END`,
      )
      .run();
    expect(() => outbox.buryReceiver("feishu", "unknown_receiver", "gone")).toThrow("killed");
    database.prepare("DROP TRIGGER cut").run();
    expect(outbox.waiting("feishu")).toBe(600 - 256);
    expect(drain(outbox, "feishu").map(nameOf)).toEqual(Array.from({ length: 344 }, (_, n) => String(n)));
  });

  test("keeps the pace of a destination in the commit that records an attempt", () => {
    const clock = createFakeClock(NOON);
    const { outbox, database, folder } = anOutbox(clock);
    outbox.enqueue(many("feishu", 4));
    expect(outbox.pace("d")).toEqual([]);
    outbox.delivered([{ delivery: nextOf(outbox) }], pace(1));
    expect(outbox.pace("d")).toEqual([1]);
    outbox.postpone(nextOf(outbox), REFUSED, pace(1, 2));
    expect(outbox.pace("d")).toEqual([1, 2]);
    outbox.makePlainer(nextOf(outbox), 1, "r", "", pace(1, 2, 3));
    expect(outbox.pace("d")).toEqual([1, 2, 3]);
    outbox.bury(nextOf(outbox), "r", "", pace(2, 3, 4));
    database.close();
    expect(anOutbox(clock, { folder }).outbox.pace("d")).toEqual([2, 3, 4]);
  });

  test("goes by no pace where what was kept of it cannot be read", () => {
    const { outbox, database } = anOutbox(createFakeClock(NOON));
    database.prepare("INSERT INTO paces VALUES ('a', '{'), ('b', '{}'), ('c', '[1,\"x\"]')").run();
    expect([outbox.pace("a"), outbox.pace("b"), outbox.pace("c")]).toEqual([[], [], [1]]);
  });
});

describe("a commit", () => {
  test("syncs before an alert counts as stored, and only where it is asked to when one was delivered", () => {
    const { outbox, database } = anOutbox(createFakeClock(NOON));
    const atEnqueue: unknown[] = [];
    outbox.onEnqueue(() => atEnqueue.push(synchronous(database)));
    outbox.enqueue(many("feishu", 2));
    outbox.delivered([{ delivery: nextOf(outbox) }]);
    expect(synchronous(database)).toBe(1);
    outbox.delivered([{ delivery: nextOf(outbox) }], undefined, "full");
    expect(synchronous(database)).toBe(2);
    outbox.enqueue(many("feishu", 2));
    expect(atEnqueue).toEqual([2, 2]);
  });

  test("stores an alert and the checkpoint together or not at all", async () => {
    const { outbox, database, metrics } = anOutbox(createFakeClock(NOON));
    const woken: string[] = [];
    const stop = outbox.onEnqueue((receiver) => woken.push(receiver));
    const put = database.prepare("INSERT INTO checkpoint VALUES (?, ?)");
    expect(() =>
      database.transaction(() => {
        outbox.enqueue([to("feishu")]);
        put.run("since", "1");
        throw new Error("killed");
      }),
    ).toThrow("killed");
    expect(outbox.waiting()).toBe(0);
    expect(outbox.nextDueAt("feishu")).toBeNull();
    expect(woken).toEqual([]);
    database.transaction(() => {
      outbox.enqueue(many("feishu", 2));
      put.run("since", "2");
    });
    expect(woken).toEqual(["feishu"]);
    expect((await metrics.entriesWritten.get()).values).toMatchObject([{ value: 2 }]);
    stop();
    outbox.enqueue([to("feishu")]);
    expect(woken).toEqual(["feishu"]);
  });

  test("starts the counters where the last run stopped", async () => {
    const clock = createFakeClock(NOON);
    const first = anOutbox(clock);
    first.outbox.enqueue(many("feishu", 3));
    first.outbox.delivered([{ delivery: nextOf(first.outbox) }]);
    first.outbox.bury(nextOf(first.outbox), "r", "");
    first.database.close();
    const { metrics } = anOutbox(clock, { folder: first.folder });
    expect((await metrics.entriesWritten.get()).values).toMatchObject([{ value: 3 }]);
    expect((await metrics.entries.get()).values).toMatchObject([
      { labels: { outcome: "delivered" }, value: 1 },
      { labels: { outcome: "dead" }, value: 1 },
    ]);
    expect((await metrics.entriesWaiting.get()).values).toMatchObject([{ value: 1 }]);
  });
});

/** Does it in a transaction that fails. */
function undone(database: Database, work: () => void): void {
  const fail = (): never => {
    work();
    throw new Error("undo");
  };
  expect(() => database.transaction(fail)).toThrow("undo");
}

test("the ledger balances and groups keep their order, whatever happens, over restarts too", () => {
  const step = fc.constantFrom(
    "enqueue",
    "enqueue",
    "enqueue",
    "deliver",
    "bury",
    "put off",
    "plainer",
    "drop",
    "restart",
    "roll back",
  );
  const receivers = fc.constantFrom("feishu", "dump");
  const severity = fc.constantFrom("critical", "warning", "info");
  const steps = fc.array(fc.tuple(step, receivers, severity, fc.constantFrom("g", "h")), {
    maxLength: 60,
    size: "max",
  });
  let mostDigests = 0;
  fc.assert(
    fc.property(steps, (all) => {
      const clock = createFakeClock(NOON);
      const folder = aFolder();
      const lasting = aLastingClock(clock);
      const open = (): { database: Database; outbox: Outbox } => {
        const database = openDatabase(folder, aLogger().logger);
        // Room for a handful of alerts: the rest becomes digests.
        const bounds = { maxBytes: 6_000, history: { alerts: 3, maxBytes: 2_000 }, sharers: () => 2 };
        return { database, outbox: createOutbox({ database, clock, lasting, metrics: createMetrics(), ...bounds }) };
      };
      let { database, outbox } = open();
      let stored = 0;
      let overtaken = false;
      const told = new Map<string, number>();
      for (const [what, receiver, grave, group] of all) {
        const delivery = outbox.next(receiver, stored % 2 === 0 ? "steady" : "probe", END);
        expect(outbox.nextDueAt(receiver) === null).toBe(outbox.waiting(receiver) === 0);
        expect(delivery === null).toBe(outbox.waiting(receiver) === 0);
        const enqueue = (): void => outbox.enqueue([to(receiver, { name: String(stored), group, severity: grave })]);
        if (what === "enqueue") {
          enqueue();
          stored += 1;
        }
        if (delivery && what === "deliver") {
          const key = `${receiver} ${JSON.stringify(delivery.alert.group)}`;
          overtaken ||= delivery.row <= (told.get(key) ?? 0);
          if (delivery.alert.kind !== "digest") told.set(key, delivery.row);
          outbox.delivered([{ delivery }]);
        }
        if (delivery && what === "bury") outbox.bury(delivery, "unknown_code", "");
        if (delivery && what === "put off") outbox.postpone(delivery, { ...REFUSED, dueAt: lasting.now() + 1000 });
        if (delivery && what === "plainer") outbox.makePlainer(delivery, 1, "r", "");
        if (what === "drop") outbox.buryReceiver(receiver, "unknown_receiver", "");
        if (what === "roll back") {
          undone(database, () => {
            enqueue();
            if (delivery) outbox.delivered([{ delivery }]);
          });
        }
        if (what === "restart") {
          database.close();
          ({ database, outbox } = open());
        }
        const misplaced = database
          .prepare(
            `SELECT * FROM deliveries d WHERE state = 0 AND oldest = EXISTS (SELECT 1 FROM deliveries o
             WHERE o.receiver = d.receiver AND o.grp = d.grp AND o.state = 0 AND o.alert < d.alert)`,
          )
          .rows();
        expect(misplaced).toEqual([]);
        for (const row of outbox.ledger()) {
          expect(row.written).toBe(row.delivered + row.dead + row.merged + row.waiting);
          const rows = database.prepare(
            `SELECT count(*) AS n, sum(bytes) AS bytes FROM deliveries d JOIN alerts a ON a.id = d.alert
             WHERE d.state = 0 AND d.receiver = (SELECT id FROM receivers WHERE name = ?)`,
          );
          const kept = database.prepare("SELECT waiting_bytes FROM receivers WHERE name = ?");
          const { n, bytes } = rows.row(row.receiver) ?? {};
          expect(row.waiting).toBe(n);
          expect(kept.row(row.receiver)?.["waiting_bytes"]).toBe(bytes ?? 0);
        }
        const digests = Number(database.prepare("SELECT count(*) AS n FROM alerts WHERE kind = 'digest'").row()?.["n"]);
        mostDigests = Math.max(mostDigests, digests);
        const written = outbox.ledger().reduce((sum, row) => sum + row.written, 0);
        expect(written).toBeGreaterThanOrEqual(stored);
        expect(overtaken).toBe(false);
      }
      database.close();
    }),
    { numRuns: 40 },
  );
  // The room was scarce at times, or this would say little.
  expect(mostDigests).toBeGreaterThan(0);
});

test("loses nothing it called stored when the process is killed", async () => {
  const folder = aFolder();
  for (let round = 0; round < 3; round += 1) {
    const child = spawn(process.execPath, [new URL("../support/outbox-writer.ts", import.meta.url).pathname, folder]);
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.split("\n").length > 60 + round * 25) child.kill("SIGKILL");
    });
    await once(child, "close");
    const lastSaid = said.split("\n").at(-2) ?? "";
    const claimed = JSON.parse(lastSaid) as { written: number; delivered: number };

    const { outbox, database } = anOutbox(createFakeClock(NOON), { folder });
    const row = outbox.ledger()[0];
    expect(row?.written).toBeGreaterThanOrEqual(claimed.written);
    expect(row?.delivered).toBeGreaterThanOrEqual(claimed.delivered);
    const written = row?.written ?? 0;
    expect(database.prepare("SELECT value FROM checkpoint WHERE key = 'claimed'").row()).toEqual({
      value: String(written - (written % 2)),
    });
    database.close();
  }
});
