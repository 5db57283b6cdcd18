import type { Alert } from "../model/alert.ts";
import { isObject } from "../model/json.ts";
import type { Database, Row } from "../runtime/database.ts";
import type { LastingClock } from "../runtime/lasting-clock.ts";
import { ALERT_ROW_BYTES } from "../runtime/sqlite/schema.ts";
import { groupOf, labelOf, occurrencesOf, RANK } from "./alert-line.ts";
import type { History } from "./history.ts";
import type { Ledger } from "./ledger.ts";

/** An alert as it is stored. */
export interface StoredAlert {
  readonly alert: Alert;
  /** JSON. */
  readonly text: string;
  /** What it costs on disk, its row included. */
  readonly bytes: number;
}

/** The rows of alerts and of their deliveries as they are made. Changes need a transaction. */
export interface AlertStore {
  /** Stores the alert and a waiting delivery for each receiver; answers the row of the alert. */
  insert(stored: StoredAlert, receivers: readonly string[]): number;
  /** Notes that a receiver learns of the stored alert by another one, and will not get it itself. */
  insertMerged(row: number, alert: Alert, receiver: string, into: number): void;
}

export interface AlertStoreOptions {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly history: Pick<History, "added">;
  readonly lasting: Pick<LastingClock, "now">;
}

export function createAlertStore({ database, ledger, history, lasting }: AlertStoreOptions): AlertStore {
  const insertAlert = database.prepare(
    `INSERT INTO alerts(uid, at, made_at, kind, rank, rule, label, owner, occurrences, bytes, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertDelivery = database.prepare(
    `INSERT INTO deliveries(alert, receiver, rank, grp, oldest) VALUES (?1, ?2, ?3, ?4, NOT EXISTS (
     SELECT 1 FROM deliveries WHERE receiver = ?2 AND grp = ?4 AND state = 0))`,
  );
  const insertMerged = database.prepare(
    `INSERT INTO deliveries(alert, receiver, state, rank, grp, oldest, ended_at, merged_into)
     VALUES (?, ?, 3, ?, ?, 0, ?, ?)`,
  );
  return {
    insert({ alert, text, bytes }, receivers) {
      const rank = RANK[alert.severity];
      const row = insertAlert.run(
        alert.id,
        alert.at,
        lasting.now(),
        alert.kind,
        rank,
        alert.rule?.name ?? "",
        labelOf(alert),
        alert.owner,
        occurrencesOf(alert),
        bytes,
        text,
      ).id;
      const group = groupOf(alert);
      for (const receiver of receivers) {
        insertDelivery.run(row, ledger.open(receiver), rank, group);
        ledger.change(receiver, { written: 1, bytes });
      }
      history.added(bytes);
      return row;
    },
    insertMerged(row, alert, receiver, into) {
      insertMerged.run(row, ledger.open(receiver), RANK[alert.severity], groupOf(alert), alert.at, into);
    },
  };
}

export function toStored(alert: Alert): StoredAlert {
  const text = JSON.stringify(alert);
  return { alert, text, bytes: Buffer.byteLength(text) + ALERT_ROW_BYTES };
}

/** The alert of a row's `body`; null where it is gone, or is none of ours. */
export function alertIn(row: Row): Alert | null {
  const { body } = row;
  if (typeof body !== "string") return null;
  try {
    const parsed: unknown = JSON.parse(body);
    return isAlert(parsed) ? parsed : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** `insert` wrote it, but a disk may have changed it since: what every reader of it relies on is looked at. */
function isAlert(value: unknown): value is Alert {
  if (!isObject(value)) return false;
  const { v, id, kind, at, severity, group } = value;
  const texts = [id, kind, severity].every((one) => typeof one === "string");
  return v === 1 && texts && typeof at === "number" && Array.isArray(group);
}
