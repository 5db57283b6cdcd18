import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createOutbox, type Outbox } from "../../src/deliver/outbox.ts";
import type { OutboxEntry } from "../../src/model/delivery.ts";
import type { Notification } from "../../src/model/notification.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { type Database, openDatabase } from "../../src/runtime/database.ts";
import { createLogger, type Logger } from "../../src/runtime/logger.ts";
import { createMetrics, type Metrics } from "../../src/runtime/metrics.ts";
import { createRedactor, type Redactor } from "../../src/runtime/secret.ts";

/** A fresh folder that goes when the test ends. */
export function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "kubewhen-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A logger and what it has written. */
export function aLogger(redactor: Redactor = createRedactor()): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  return { logger: createLogger(redactor, "debug", { write: (line: string) => lines.push(line) }), lines };
}

export interface Store {
  readonly folder: string;
  readonly database: Database;
  readonly outbox: Outbox;
  readonly metrics: Metrics;
}

/** An outbox in a real file; give `folder` to open one again. */
export function anOutbox(clock: Clock, options: { folder?: string; maxBytes?: number } = {}): Store {
  const folder = options.folder ?? aFolder();
  const database = openDatabase(folder, aLogger().logger);
  const metrics = createMetrics();
  const outbox = createOutbox({ database, clock, metrics, maxBytes: options.maxBytes ?? 1_000_000 });
  onTestFinished(() => database.close());
  return { folder, database, outbox, metrics };
}

export function aNotification(over: Partial<Notification> = {}): Notification {
  return {
    receiver: "feishu",
    rule: "crash-loop",
    severity: "warning",
    body: '{"msg_type":"text","content":{"text":"hello"}}',
    summary: "hello",
    ...over,
  };
}

export function anEntry(over: Partial<OutboxEntry> = {}): OutboxEntry {
  return { ...aNotification(), id: 1, createdAt: 0, attempts: 0, ...over };
}
