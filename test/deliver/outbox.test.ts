import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createOutbox } from "../../src/deliver/outbox.ts";
import { openDatabase } from "../../src/runtime/database.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import { aFolder, aLogger, aNotification, anOutbox } from "../support/delivery.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const START = Date.UTC(2026, 10, 22, 12);
const HOUR_MS = 3_600_000;

describe("outbox", () => {
  test("gives the gravest first, then the oldest, each receiver its own", () => {
    const clock = createFakeClock(START);
    const { outbox } = anOutbox(clock);
    outbox.enqueue([
      aNotification({ summary: "i", severity: "info" }),
      aNotification({ summary: "w1" }),
      aNotification({ summary: "w2" }),
      aNotification({ summary: "c", severity: "critical" }),
      aNotification({ summary: "other", receiver: "dump" }),
    ]);
    const order: string[] = [];
    for (let entry = outbox.next("feishu", START); entry; entry = outbox.next("feishu", START)) {
      order.push(entry.summary);
      outbox.delivered(entry.id);
    }
    expect(order).toEqual(["c", "w1", "w2", "i"]);
    expect(outbox.receivers()).toEqual(["dump"]);
    expect(outbox.next("dump", START)?.summary).toBe("other");
  });

  test("keeps attempts and due times over a restart", () => {
    const clock = createFakeClock(START);
    const first = anOutbox(clock);
    first.outbox.enqueue([aNotification()]);
    const id = first.outbox.next("feishu", START)?.id ?? 0;
    first.outbox.retryAt(id, START + 60_000, "timed_out");
    first.database.close();

    const database = openDatabase(first.folder, aLogger().logger);
    const again = createOutbox({ database, clock, metrics: createMetrics(), maxBytes: 1e6 });
    expect(again.waiting("feishu")).toBe(1);
    expect(again.next("feishu", START + 59_999)).toBeNull();
    expect(again.nextDueAt("feishu")).toBe(START + 60_000);
    expect(again.next("feishu", START + 60_000)).toMatchObject({ id, attempts: 1, createdAt: START });
    database.close();
  });

  test("holds no entry back when the wall clock jumps", async () => {
    const clock = createFakeClock(START);
    const { outbox } = anOutbox(clock);
    outbox.enqueue([aNotification()]);
    const id = outbox.next("feishu", START)?.id ?? 0;
    outbox.retryAt(id, START + 60_000, "timed_out");
    // Back to 1970: a Pi that lost power and has no battery.
    clock.setWall(5000);
    expect(outbox.next("feishu", clock.now())?.id).toBe(id);
    expect(outbox.nextDueAt("feishu")).toBe(5000);
    outbox.retryAt(id, clock.now() + 60_000, "timed_out");
    expect(outbox.next("feishu", clock.now())).toBeNull();
    clock.setWall(START);
    expect(outbox.next("feishu", clock.now())?.id).toBe(id);
  });

  test("lets dead letters go before it is full, and then stores nothing", () => {
    const clock = createFakeClock(START);
    const { outbox } = anOutbox(clock, { maxBytes: 10_000 });
    const large = aNotification({ body: "x".repeat(2500) });
    expect(outbox.enqueue([large, large, large])).toBe("stored");
    expect(outbox.enqueue([large])).toBe("full");
    const id = outbox.next("feishu", START)?.id ?? 0;
    outbox.bury(id, "card_refused", "why");
    expect(outbox.deadLetters()).toMatchObject([{ id, reason: "card_refused", detail: "why", attempts: 1 }]);
    expect(outbox.enqueue([large])).toBe("stored");
    expect(outbox.deadLetters()).toEqual([]);
    expect(outbox.enqueue([large])).toBe("full");
    expect(outbox.ledger()).toEqual([{ receiver: "feishu", written: 4, delivered: 0, dead: 1, waiting: 3 }]);
  });

  test("keeps a thousand dead letters, the newest", () => {
    const { outbox } = anOutbox(createFakeClock(START));
    outbox.enqueue(Array.from({ length: 1003 }, (_, n) => aNotification({ body: "{}", summary: String(n) })));
    for (let entry = outbox.next("feishu", START); entry; entry = outbox.next("feishu", START)) {
      outbox.bury(entry.id, "unknown_code", "");
    }
    const kept = outbox.deadLetters();
    expect(kept).toHaveLength(1000);
    expect(kept[0]?.summary).toBe("3");
    expect(outbox.ledger()[0]).toMatchObject({ written: 1003, dead: 1003 });
  });

  test("stores an entry and the checkpoint together or not at all", async () => {
    const { outbox, database, metrics } = anOutbox(createFakeClock(START));
    const woken: string[] = [];
    const stop = outbox.onEnqueue((receiver) => woken.push(receiver));
    const put = database.prepare("INSERT INTO checkpoint VALUES (?, ?)");
    expect(() =>
      database.transaction(() => {
        outbox.enqueue([aNotification()]);
        put.run("since", "1");
        throw new Error("killed");
      }),
    ).toThrow("killed");
    expect(outbox.waiting()).toBe(0);
    expect(outbox.nextDueAt("feishu")).toBeNull();
    expect(woken).toEqual([]);
    database.transaction(() => {
      outbox.enqueue([aNotification(), aNotification()]);
      put.run("since", "2");
    });
    expect(woken).toEqual(["feishu"]);
    expect((await metrics.entriesWritten.get()).values).toMatchObject([{ value: 2 }]);
    stop();
    outbox.enqueue([aNotification()]);
    expect(woken).toEqual(["feishu"]);
  });

  test("replaces a refused body and makes it due at once", () => {
    const { outbox } = anOutbox(createFakeClock(START));
    outbox.enqueue([aNotification()]);
    const id = outbox.next("feishu", START)?.id ?? 0;
    outbox.replaceBody(id, "plainer");
    expect(outbox.next("feishu", START)).toMatchObject({ id, body: "plainer", attempts: 1 });
    outbox.delivered(id);
    outbox.delivered(id);
    outbox.bury(id, "late", "");
    outbox.replaceBody(id, "late");
    expect(outbox.ledger()).toEqual([{ receiver: "feishu", written: 1, delivered: 1, dead: 0, waiting: 0 }]);
  });

  test("makes everything due after an outage", () => {
    const { outbox } = anOutbox(createFakeClock(START));
    outbox.enqueue([aNotification()]);
    outbox.retryAt(outbox.next("feishu", START)?.id ?? 0, START + HOUR_MS, "dns_failed");
    expect(outbox.next("feishu", START)).toBeNull();
    outbox.dueNow("feishu");
    expect(outbox.next("feishu", START)).not.toBeNull();
  });
});

test("written is delivered and dead and waiting, whatever happens in whatever order, over restarts too", () => {
  const step = fc.constantFrom("enqueue", "deliver", "bury", "retry", "replace", "restart", "roll back");
  const severity = fc.constantFrom("critical", "warning", "info");
  fc.assert(
    fc.property(fc.array(fc.tuple(step, fc.constantFrom("feishu", "dump"), severity), { maxLength: 60 }), (steps) => {
      const clock = createFakeClock(START);
      const folder = aFolder();
      let database = openDatabase(folder, aLogger().logger);
      const open = (): ReturnType<typeof createOutbox> =>
        createOutbox({ database, clock, metrics: createMetrics(), maxBytes: 4000 });
      let outbox = open();
      let stored = 0;
      for (const [what, receiver, grave] of steps) {
        const id = outbox.next(receiver, Number.MAX_SAFE_INTEGER)?.id ?? -1;
        if (what === "enqueue" && outbox.enqueue([aNotification({ receiver, severity: grave })]) === "stored")
          stored += 1;
        if (what === "deliver") outbox.delivered(id);
        if (what === "bury") outbox.bury(id, "unknown_code", "");
        if (what === "retry") outbox.retryAt(id, clock.now() + 1000, "timed_out");
        if (what === "replace") outbox.replaceBody(id, "x");
        if (what === "roll back") {
          const undone = (): never => {
            outbox.enqueue([aNotification({ receiver })]);
            outbox.delivered(id);
            throw new Error("undo");
          };
          try {
            database.transaction(undone);
          } catch (error) {
            // Only our own throw: what it undid shows in the ledger below.
            if (!(error instanceof Error) || error.message !== "undo") throw error;
          }
        }
        if (what === "restart") {
          database.close();
          database = openDatabase(folder, aLogger().logger);
          outbox = open();
        }
        const rows = outbox.ledger();
        for (const row of rows) {
          expect(row.written).toBe(row.delivered + row.dead + row.waiting);
          expect(row.waiting).toBe(outbox.waiting(row.receiver));
        }
        expect(rows.reduce((sum, row) => sum + row.written, 0)).toBe(stored);
      }
      database.close();
    }),
    { numRuns: 40 },
  );
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
    const claimed = JSON.parse(lastSaid) as { stored: number; delivered: number };

    const database = openDatabase(folder, aLogger().logger);
    const outbox = createOutbox({ database, clock: createFakeClock(START), metrics: createMetrics(), maxBytes: 1e8 });
    const row = outbox.ledger()[0];
    expect(row?.written).toBeGreaterThanOrEqual(claimed.stored);
    expect(row?.delivered).toBeGreaterThanOrEqual(claimed.delivered);
    expect(row?.written).toBe((row?.delivered ?? 0) + (row?.dead ?? 0) + (row?.waiting ?? 0));
    database.close();
  }
});
