import { deliveryKey } from "../model/alert-id.ts";
import type { Delivery, DeliveryState, Plainness } from "../model/delivery.ts";
import type { Database, Row } from "../runtime/database.ts";
import { alertIn } from "./alert-store.ts";
import type { Ledger } from "./ledger.ts";
import type { DeadLetter } from "./outbox.ts";

/** Finds what is to be sent. Every call but `deadLetters` reads a few rows, however many wait. */
export interface Queue {
  /** Due, gravest first, then oldest. */
  steady(receiver: string, most: number, now: number): readonly Row[];
  /** One or none: which may have arrived already, else the least tried. */
  probe(receiver: string, now: number): readonly Row[];
  nextDueAt(receiver: string): number | null;
  deadLetters(): readonly DeadLetter[];
}

const STATES: readonly DeliveryState[] = ["waiting", "delivered", "dead", "merged"];
/** Of those put off and due again, so many are compared by gravity: those due for longest. */
const PUT_OFF_COMPARED = 256;
/** After so many attempts without an answer a delivery is one like any other. */
const MAX_UNSURE = 3;

const ROW = `d.alert, d.state, d.rank, d.due_at, d.attempts, d.unsure, d.plain, d.reason, d.detail, d.ended_at, d.remote,
  a.uid, a.body`;

/*
 * Written for one index each, which is named lest SQLite choose another: `d_next` holds the oldest of each group that is not
 * put off, `d_due` what is put off, `d_tried` what had an attempt.
 */
export function createQueue({ database, ledger }: { readonly database: Database; readonly ledger: Ledger }): Queue {
  const select = (index: string, where: string, order: string): string =>
    `SELECT ${ROW} FROM deliveries d INDEXED BY ${index} LEFT JOIN alerts a ON a.id = d.alert
     WHERE d.receiver = ?1 AND d.state = 0 AND ${where} ORDER BY ${order} LIMIT ?2`;
  const selectNext = database.prepare(select("d_next", "d.oldest = 1 AND d.due_at IS NULL", "d.rank, d.alert"));
  const selectDue = database.prepare(select("d_due", "d.due_at IS NOT NULL AND d.due_at <= ?3", "d.due_at"));
  const selectUnsure = database.prepare(
    select("d_tried", `d.attempts > 0 AND d.unsure BETWEEN 1 AND ${MAX_UNSURE - 1}`, "d.attempts, d.rank, d.alert"),
  );
  const selectUntried = database.prepare(
    select("d_next", "d.oldest = 1 AND d.due_at IS NULL AND d.attempts = 0", "d.rank, d.alert"),
  );
  const selectTried = database.prepare(
    select("d_tried", "d.attempts > 0 AND (d.due_at IS NULL OR d.due_at <= ?3)", "d.attempts, d.rank, d.alert"),
  );
  const selectDueAt = database.prepare(
    `SELECT CASE WHEN EXISTS (
       SELECT 1 FROM deliveries INDEXED BY d_next WHERE receiver = ?1 AND state = 0 AND oldest = 1 AND due_at IS NULL)
     THEN 0 ELSE (
       SELECT due_at FROM deliveries INDEXED BY d_due WHERE receiver = ?1 AND state = 0 AND due_at IS NOT NULL
       ORDER BY due_at LIMIT 1) END AS due_at`,
  );
  const selectDead = database.prepare(
    `SELECT ${ROW}, r.name FROM deliveries d JOIN alerts a ON a.id = d.alert JOIN receivers r ON r.id = d.receiver
     WHERE d.state = 2 AND a.body IS NOT NULL ORDER BY d.ended_at, d.alert`,
  );

  return {
    steady(receiver, most, now) {
      const id = ledger.idOf(receiver);
      if (id === null) return [];
      const due = selectDue.rows(id, PUT_OFF_COMPARED, now);
      const next = selectNext.rows(id, most);
      return due.length === 0 ? next : [...next, ...due].toSorted(byGravity).slice(0, most);
    },
    probe(receiver, now) {
      const id = ledger.idOf(receiver);
      if (id === null) return [];
      const row = selectUnsure.row(id, 1) ?? selectUntried.row(id, 1) ?? selectTried.row(id, 1, now);
      return row ? [row] : [];
    },
    nextDueAt(receiver) {
      const id = ledger.idOf(receiver);
      const dueAt = id === null ? null : selectDueAt.row(id)?.["due_at"];
      return typeof dueAt === "number" ? dueAt : null;
    },
    deadLetters: () =>
      selectDead.rows().flatMap((row) => {
        const delivery = deliveryOf(row, String(row["name"]));
        const end = { detail: textOf(row["detail"]), endedAt: Number(row["ended_at"]) };
        return delivery ? Object.assign({}, delivery, end) : [];
      }),
  };
}

function byGravity(one: Row, other: Row): number {
  return Number(one["rank"]) - Number(other["rank"]) || Number(one["alert"]) - Number(other["alert"]);
}

/** Null where the alert cannot be read. */
export function deliveryOf(row: Row, receiver: string): Delivery | null {
  const alert = alertIn(row);
  if (!alert) return null;
  return {
    row: Number(row["alert"]),
    receiver,
    alert,
    key: deliveryKey(alert.id, receiver),
    state: STATES[Number(row["state"])] ?? "waiting",
    dueAt: typeof row["due_at"] === "number" ? row["due_at"] : null,
    attempts: Number(row["attempts"]),
    unsure: Number(row["unsure"]),
    plain: plainnessOf(row["plain"]),
    reason: textOf(row["reason"]),
    remote: typeof row["remote"] === "string" ? row["remote"] : null,
  };
}

function plainnessOf(value: unknown): Plainness {
  return value === 1 || value === 2 ? value : 0;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
