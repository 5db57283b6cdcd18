import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createOutbox, type Outbox } from "../../src/deliver/outbox.ts";
import type { AddressedAlert, Alert } from "../../src/model/alert.ts";
import { alertId } from "../../src/model/alert-id.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import type { Severity } from "../../src/model/rule.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { type Database, openDatabase } from "../../src/runtime/database.ts";
import { createLastingClock, type LastingClock, type LastingState } from "../../src/runtime/lasting-clock.ts";
import { createLogger, type Logger } from "../../src/runtime/logger.ts";
import { createMetrics, type Metrics } from "../../src/runtime/metrics.ts";
import { createRedactor, type Redactor } from "../../src/runtime/secret.ts";
import { anEventAlert } from "./alerts.ts";
import { anEvent, NOON } from "./events.ts";

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

/** A lasting clock over `clock`, on a machine that was never started anew. */
export function aLastingClock(clock: Clock, saved: LastingState | null = null): LastingClock {
  return createLastingClock(clock, saved, { bootId: () => "boot", uptimeMs: () => clock.monotonic() });
}

export interface Store {
  readonly folder: string;
  readonly database: Database;
  readonly lasting: LastingClock;
  readonly outbox: Outbox;
  readonly metrics: Metrics;
}

export interface StoreOptions {
  /** To open one again. */
  readonly folder?: string;
  readonly maxBytes?: number;
  readonly history?: { readonly alerts: number; readonly maxBytes: number };
  readonly sharers?: number;
  readonly lasting?: LastingClock;
}

/** An outbox in a real file. */
export function anOutbox(clock: Clock, options: StoreOptions = {}): Store {
  const folder = options.folder ?? aFolder();
  const database = openDatabase(folder, aLogger().logger, clock);
  const metrics = createMetrics();
  const lasting = options.lasting ?? aLastingClock(clock);
  const maxBytes = options.maxBytes ?? 10_000_000;
  const history = options.history ?? { alerts: 1000, maxBytes: 1_000_000 };
  const sharers = (): number => options.sharers ?? 1;
  const outbox = createOutbox({ database, clock, lasting, metrics, maxBytes, history, sharers });
  onTestFinished(() => database.close());
  return { folder, database, lasting, outbox, metrics };
}

export interface AlertParts {
  /** Tells alerts apart; those of different names are of different groups. */
  readonly name?: string;
  readonly severity?: Severity;
  /** Alerts of one group arrive in order. */
  readonly group?: string;
  /** Epoch ms. */
  readonly at?: number;
  /** Name behind `using`. */
  readonly template?: string;
  readonly message?: string;
}

/** An Event's alert of a rule with that name. */
export function anAlert(parts: AlertParts = {}): Alert {
  const { name = "crash-loop", severity = "warning", group = name, at = NOON, template = null, message } = parts;
  return anEventAlert({
    id: alertId(name, group),
    at,
    cluster: "home",
    severity,
    rule: { key: "key", name, template, values: {} },
    group: [["name", group]],
    event: anEvent(message === undefined ? {} : { message }),
  });
}

/** An alert for one receiver. */
export function to(receiver: string, parts: AlertParts = {}): AddressedAlert {
  return { alert: anAlert(parts), receivers: [receiver] };
}

/** Alerts for one receiver, told apart by a number behind their name. */
export function many(receiver: string, count: number, parts: AlertParts = {}): readonly AddressedAlert[] {
  return Array.from({ length: count }, (_, n) => to(receiver, { ...parts, name: `${parts.name ?? ""}${n}` }));
}

/** What a test calls the alert of a delivery. */
export function nameOf({ alert }: Pick<Delivery, "alert">): string {
  return alert.rule?.name ?? "";
}
