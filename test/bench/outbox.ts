import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCheckpoint } from "../../src/checkpoint.ts";
import { createOutbox, type Outbox } from "../../src/deliver/outbox.ts";
import type { AddressedAlert } from "../../src/model/alert.ts";
import { alertId } from "../../src/model/alert-id.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { type Database, openDatabase } from "../../src/runtime/database.ts";
import { createLastingClock, thisMachine } from "../../src/runtime/lasting-clock.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import { createRedactor } from "../../src/runtime/secret.ts";
import { tableRow } from "./figures.ts";

/** What the outbox costs while so many alerts wait. */
export interface OutboxBenchRow {
  readonly waiting: number;
  /** Microseconds of processor time of one call. */
  readonly nextUs: number;
  readonly probeUs: number;
  readonly nextDueAtUs: number;
  /** The same with a tenth of them put off one by one. */
  readonly nextPutOffUs: number;
  /** Stored with its checkpoint, taken out and delivered: microseconds, and bytes that the process wrote. */
  readonly alertUs: number;
  readonly alertBytes: number;
}

const WAITING = [0, 1_000, 5_000, 20_000, 100_000];
const CALLS = 2_000;
const ALERTS = 300;
const BODY_BYTES = 922;

const lasting = createLastingClock(systemClock, null, thisMachine);

function now(): number {
  return lasting.now();
}

interface Opened {
  readonly database: Database;
  readonly outbox: Outbox;
}

function open(folder: string): Opened {
  const database = openDatabase(folder, createLogger(createRedactor(), "error"));
  const bounds = { maxBytes: 1e9, history: { alerts: 5_000, maxBytes: 16 * 2 ** 20 }, sharers: () => 2 };
  const outbox = createOutbox({ database, clock: systemClock, lasting, metrics: createMetrics(), ...bounds });
  return { database, outbox };
}

function anAlert(number: number, severity: "warning" | "info"): AddressedAlert {
  const group = `namespace/web-${number}`;
  const alert = {
    v: 1,
    kind: "notice",
    id: alertId(number),
    at: systemClock.now(),
    cluster: "home",
    owner: "",
    severity,
    rule: { key: "k", name: "crash-loop", template: null, values: {} },
    group: [["name", group]],
    cause: "bench",
    details: { text: "" },
  } as const;
  const text = "x".repeat(BODY_BYTES - JSON.stringify(alert).length);
  return { alert: { ...alert, details: { text } }, receivers: ["feishu"] };
}

/** Of processor time, so that other work on the machine shows less. */
function microseconds(calls: number, work: (call: number) => void): number {
  const before = process.cpuUsage();
  for (let call = 0; call < calls; call += 1) work(call);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

/** Bytes given to `write` and its kin by this process; 0 where Linux does not tell. */
function bytesWritten(): number {
  try {
    return Number(/^wchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function benchAt(waiting: number): OutboxBenchRow {
  const folder = mkdtempSync(join(tmpdir(), "kubewhen-bench-"));
  const { database, outbox } = open(folder);
  const checkpoint = createCheckpoint(database);
  for (let n = 0; n < waiting; n += 500) {
    outbox.enqueue(Array.from({ length: Math.min(500, waiting - n) }, (_, i) => anAlert(n + i, "info")));
  }
  const nextUs = microseconds(CALLS, () => outbox.next("feishu", "steady", now()));
  const probeUs = microseconds(CALLS, () => outbox.next("feishu", "probe", now()));
  const nextDueAtUs = microseconds(CALLS, () => outbox.nextDueAt("feishu"));

  const before = bytesWritten();
  const alertUs = microseconds(ALERTS, (call) => {
    const uid = `${call}-5f2c-4d0e-9a63-0b6f3c1d2e4f`;
    database.transaction(() => {
      outbox.enqueue([anAlert(waiting + call, "warning")]);
      checkpoint.save({
        position: { source: "home", version: String(call), at: systemClock.now() },
        counts: [{ uid, count: 1, lastSeenAt: systemClock.now() }],
        state: {
          groups: [
            { ruleKey: "k", group: `web-${call}`, slots: { throttle: { sentAt: [call], heldCount: 0, heldSince: 0 } } },
          ],
          removedGroups: [],
          agenda: [],
          removedAgenda: [],
        },
        lasting: lasting.state(),
      });
    });
    const delivery = outbox.next("feishu", "steady", now());
    if (delivery) outbox.delivered([{ delivery, remote: "om_0123456789" }], { destination: "d", sent: [now()] });
  });
  const alertBytes = (bytesWritten() - before) / ALERTS;

  database.transaction(() => {
    for (const delivery of outbox.nextBatch("feishu", waiting / 10, now())) {
      outbox.postpone(delivery, { dueAt: now() + 3_600_000, reason: "unknown_code", detail: "", unsure: false });
    }
  }, "normal");
  const nextPutOffUs = microseconds(CALLS, () => outbox.next("feishu", "steady", now()));
  database.close();
  rmSync(folder, { recursive: true, force: true });
  return { waiting, nextUs, probeUs, nextDueAtUs, nextPutOffUs, alertUs, alertBytes };
}

/** Runs it for each number of waiting alerts, one alert a group, all for one receiver. */
export function benchOutbox(waiting: readonly number[] = WAITING): readonly OutboxBenchRow[] {
  return waiting.map(benchAt);
}

export function outboxTable(rows: readonly OutboxBenchRow[]): string {
  const head = tableRow("outbox, alerts waiting", [
    "next µs",
    "probe µs",
    "nextDueAt µs",
    "next, put off µs",
    "an alert µs",
    "an alert bytes",
  ]);
  const figures = (row: OutboxBenchRow): string[] => [
    ...[row.nextUs, row.probeUs, row.nextDueAtUs, row.nextPutOffUs].map((us) => us.toFixed(1)),
    row.alertUs.toFixed(0),
    row.alertBytes.toFixed(0),
  ];
  return [head, ...rows.map((row) => tableRow(String(row.waiting), figures(row)))].join("\n");
}
