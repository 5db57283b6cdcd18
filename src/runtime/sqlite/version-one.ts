import { statfsSync } from "node:fs";
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { alertId } from "../../model/alert-id.ts";
import type { Alert } from "../../model/alert.ts";
import { isObject } from "../../model/json.ts";
import { LASTING_START } from "../lasting-clock.ts";
import { transfer } from "./copy.ts";
import { ALERT_ROW_BYTES, INDEXES, SCHEMA_VERSION, TABLES } from "./schema.ts";
import { settle } from "./settle.ts";

/*
 * The file of kubewhen 0.1: `entries` and `dead_letters` held a body rendered for one receiver, `ledger` the totals, and
 * all times were epoch ms. It knew two kinds of receivers, `feishu` and `stdout`, and did not say which an entry was for.
 */

type OldRow = Readonly<Record<string, SQLOutputValue>>;

const BATCH_ROWS = 256;
/** The newest of the counts: more the engine never remembers. */
const COUNTS_KEPT = 16_384;
/** Tables that are the same in both versions. */
const UNCHANGED: ReadonlySet<string> = new Set(["checkpoint", "throttle_groups"]);

/** Copies all of it into a fresh file of today's. The old one is only read. */
export function copyVersionOne(from: DatabaseSync, to: DatabaseSync, now: number): void {
  const carry = (sql: string, insert: string, columns: readonly string[]): void => {
    const statement = to.prepare(insert);
    transfer(from.prepare(sql).iterate(), to, (row) => statement.run(...columns.map((column) => row[column] ?? null)));
  };
  carry("SELECT * FROM checkpoint", "INSERT INTO checkpoint VALUES (?, ?)", ["key", "value"]);
  carry("SELECT * FROM throttle_groups", "INSERT INTO throttle_groups VALUES (?, ?, ?)", ["rule_key", "grp", "state"]);
  carry(SELECT_COUNTS, INSERT_COUNT, ["uid", "count", "last_seen_at"]);
  carry(SELECT_LEDGER, INSERT_RECEIVER, ["receiver", "written", "delivered", "dead"]);
  liftGroups(to, now);
  for (const table of ["dead_letters", "entries"] as const) takeLetters(from, to, table, now);
  settle(to);
}

/**
 * Does the same within the file, for want of room for a second one: rows go over 256 at a time, each time in one
 * transaction, and leave their place to the next. The pages keep their size. After a kill it goes on where it was.
 */
export function changeVersionOne(file: DatabaseSync, now: number): void {
  const begun = file.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'alerts'").get();
  if (!begun) {
    file.exec("BEGIN IMMEDIATE; ALTER TABLE event_counts RENAME TO old_event_counts");
    try {
      for (const { name, sql } of TABLES) if (!UNCHANGED.has(name)) file.exec(sql);
      for (const sql of INDEXES) file.exec(sql);
      file.exec(`${INSERT_COUNT.replace(/VALUES.*/, SELECT_COUNTS.replace("event_counts", "old_event_counts"))};
        ${INSERT_RECEIVER.replace(/VALUES.*/, SELECT_LEDGER)}; DROP TABLE old_event_counts; DROP TABLE ledger`);
      liftGroups(file, now);
      file.exec("COMMIT");
    } catch (error) {
      if (file.isTransaction) file.exec("ROLLBACK");
      throw error;
    }
  }
  for (const table of ["dead_letters", "entries"] as const) takeLetters(file, file, table, now);
  settle(file);
  file.exec(`BEGIN IMMEDIATE; DROP TABLE entries; DROP TABLE dead_letters; DROP TABLE probe;
    PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
}

/** Whether the disk has room for a copy of the file beside it. */
export function hasRoomForCopy(folder: string, file: DatabaseSync, freeBytes: number = freeIn(folder)): boolean {
  const pragma = (name: string): number => Number(file.prepare(`PRAGMA ${name}`).get()?.[name]);
  const used = (pragma("page_count") - pragma("freelist_count")) * pragma("page_size");
  return freeBytes > used;
}

function freeIn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

const SELECT_COUNTS = `SELECT uid, count, last_seen_at FROM (
  SELECT * FROM event_counts ORDER BY last_seen_at DESC LIMIT ${COUNTS_KEPT}) ORDER BY last_seen_at`;
const INSERT_COUNT = "INSERT INTO event_counts(uid, count, last_seen_at) VALUES (?, ?, ?)";
const SELECT_LEDGER = "SELECT receiver, written, delivered, dead FROM ledger ORDER BY receiver";
const INSERT_RECEIVER = "INSERT INTO receivers(name, written, delivered, dead) VALUES (?, ?, ?, ?)";

/** Puts what was kept of groups into slots, one a clause, with times on the lasting clock, which begins with this start. */
function liftGroups(file: DatabaseSync, now: number): void {
  const write = file.prepare("UPDATE throttle_groups SET state = ? WHERE rule_key = ? AND grp = ?");
  for (const row of file.prepare("SELECT * FROM throttle_groups").all()) {
    const lifted = liftGroup(String(row["state"]), now);
    if (lifted !== null) write.run(lifted, String(row["rule_key"]), String(row["grp"]));
  }
}

function liftGroup(state: string, now: number): string | null {
  const group = parsed(state);
  if (!isObject(group)) return null;
  const { sentAt, occurredAt, heldCount, heldSince } = group;
  const lift = (times: unknown): unknown =>
    Array.isArray(times) ? times.map((time) => Math.min(Number(time) - now, 0) + LASTING_START) : times;
  return JSON.stringify({ threshold: lift(occurredAt), throttle: { sentAt: lift(sentAt), heldCount, heldSince } });
}

function takeLetters(from: DatabaseSync, to: DatabaseSync, table: "entries" | "dead_letters", now: number): void {
  const select = from.prepare(`SELECT * FROM ${table} WHERE id > ? ORDER BY id LIMIT ${BATCH_ROWS}`);
  const remove = from === to ? from.prepare(`DELETE FROM ${table} WHERE id <= ?`) : null;
  const put = letterWriter(to, now);
  for (let last = 0; ;) {
    const rows = select.all(last);
    const end = rows.at(-1)?.["id"];
    if (typeof end !== "number") return;
    last = end;
    to.exec("BEGIN IMMEDIATE");
    try {
      for (const row of rows) put(row);
      remove?.run(last);
      to.exec("COMMIT");
    } catch (error) {
      if (to.isTransaction) to.exec("ROLLBACK");
      throw error;
    }
  }
}

/** Writes one entry or dead letter as an alert with its delivery. Each is a group of its own, as it was. */
function letterWriter(to: DatabaseSync, now: number): (row: OldRow) => void {
  const insertAlert =
    to.prepare(`INSERT INTO alerts(id, uid, at, made_at, kind, rank, rule, label, occurrences, bytes, body)
    VALUES (?, ?, ?, ?, 'ready', ?, ?, '', 1, ?, ?)`);
  const insertDelivery = to.prepare(`INSERT INTO deliveries(
      alert, receiver, state, rank, grp, oldest, due_at, attempts, reason, detail, ended_at)
    VALUES (?, (SELECT id FROM receivers WHERE name = ?), ?, ?, ?, 1, ?, ?, ?, ?, ?)`);
  return (row) => {
    const id = Number(row["id"]);
    const alert = readyAlert(row);
    const body = JSON.stringify(alert);
    const isDead = row["died_at"] !== undefined;
    const madeAt = Math.min(alert.at - now, 0) + LASTING_START;
    const rank = alert.severity === "critical" ? 0 : alert.severity === "warning" ? 1 : 2;
    insertAlert.run(
      id,
      alert.id,
      alert.at,
      madeAt,
      rank,
      String(row["rule"]),
      Buffer.byteLength(body) + ALERT_ROW_BYTES,
      body,
    );
    insertDelivery.run(
      id,
      String(row["receiver"]),
      isDead ? 2 : 0,
      rank,
      // Below zero there are no hashes.
      -id,
      isDead ? null : dueAt(row, now),
      Number(row["attempts"]),
      String(row["reason"] ?? row["last_reason"] ?? ""),
      String(row["detail"] ?? ""),
      row["died_at"] ?? null,
    );
  };
}

/** Null: at once. Further ahead than it was ever put off, the entry has met a wall clock that jumped. */
function dueAt(row: OldRow, now: number): number | null {
  const ms = Number(row["due_at"]) - now;
  return ms <= 0 || ms > Number(row["delay_ms"]) ? null : ms + LASTING_START;
}

function readyAlert(row: OldRow): Alert {
  const rule = String(row["rule"]);
  const receiver = String(row["receiver"]);
  const severity = row["severity"] === "critical" || row["severity"] === "warning" ? row["severity"] : "info";
  const body = String(row["body"]);
  return {
    v: 1,
    id: alertId("0.1", receiver, Number(row["id"])),
    at: Number(row["created_at"]),
    cluster: "",
    owner: "",
    severity,
    rule: { key: rule, name: rule, template: null, values: {} },
    group: [],
    kind: "ready",
    bodyKind: isFeishuBody(body) ? "feishu" : "stdout",
    body,
    summary: String(row["summary"]),
  };
}

/** 0.1 sent Feishu nothing without `msg_type`, and printed nothing with it. */
function isFeishuBody(body: string): boolean {
  const value = parsed(body);
  return isObject(value) && Object.hasOwn(value, "msg_type");
}

/** Undefined where it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
