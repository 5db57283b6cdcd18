import type { Database, Row } from "../runtime/database.ts";
import { ALERT_ROW_BYTES } from "../runtime/sqlite/schema.ts";

/** What is stored, and how the part of it that has ended is kept small. Changes need a transaction. */
export interface History {
  /** Bytes of alerts that somebody waits for, each counted once. */
  waitingBytes(): number;
  /** An alert was stored, or one that waits has grown by so many bytes. */
  added(bytes: number): void;
  /** A delivery of the alert has ended, perhaps the last of it. */
  deliveryEnded(alert: number): void;
  /** Lets go of what is beyond the bounds, 64 alerts at most. To be called at each enqueue. */
  prune(): void;
  /** Forgets alerts that have ended until the whole is `bytes` or less; if that cannot be had, none. */
  shrinkTo(bytes: number): boolean;
}

export interface HistoryOptions {
  readonly database: Database;
  /** Most of what has ended: alerts, and bytes of theirs. */
  readonly alerts: number;
  readonly maxBytes: number;
}

const PRUNED_AT_ONCE = 64;
/** Alerts looked at for that: between old ones that wait for a dead receiver there may be few that have ended. */
const LOOKED_AT = 1024;

/** Of all that has ended, first go those that arrived or were merged, then the dead; the oldest first. */
const ENDED = ["told", "dead"] as const;
type Ended = (typeof ENDED)[number];
type What = "bodies" | "alerts";

/**
 * Bodies go first, for the bound of bytes; whole alerts for the bound of their number. What waits is never touched.
 */
export function createHistory({ database, alerts: maxAlerts, maxBytes }: HistoryOptions): History {
  const selectTotals = database.prepare(
    `SELECT EXISTS (SELECT 1 FROM deliveries d WHERE d.alert = a.id AND d.state = 0) AS waits, count(*) AS alerts,
     sum(a.bytes) AS bytes FROM alerts a GROUP BY 1`,
  );
  const selectEnded = database.prepare(
    `SELECT a.bytes FROM alerts a WHERE a.id = ? AND NOT EXISTS (
     SELECT 1 FROM deliveries d WHERE d.alert = a.id AND d.state = 0)`,
  );
  const selectFrom = database.prepare(
    `SELECT a.id, a.bytes, a.body IS NULL AS empty, max(d.state = 0) AS waits, max(d.state = 2) AS dead
     FROM alerts a LEFT JOIN deliveries d ON d.alert = a.id WHERE a.id > ? GROUP BY a.id ORDER BY a.id LIMIT ${LOOKED_AT}`,
  );
  const dropBody = database.prepare(`UPDATE alerts SET body = NULL, bytes = ${ALERT_ROW_BYTES} WHERE id = ?`);
  const dropAlert = database.prepare("DELETE FROM alerts WHERE id = ?");
  const dropDeliveries = database.prepare("DELETE FROM deliveries WHERE alert = ?");

  const totals = { waiting: 0, ended: 0, endedAlerts: 0 };
  /** Up to these ids nothing is left to find; by what is looked for. */
  const searched = new Map<string, number>();
  const load = (): void => {
    searched.clear();
    Object.assign(totals, { waiting: 0, ended: 0, endedAlerts: 0 });
    for (const { waits, alerts, bytes } of selectTotals.rows()) {
      if (waits === 1) totals.waiting = Number(bytes);
      else Object.assign(totals, { ended: Number(bytes), endedAlerts: Number(alerts) });
    }
  };
  load();
  database.onReplaced(load);

  const change = (by: Partial<typeof totals>): void => {
    const { waiting = 0, ended = 0, endedAlerts = 0 } = by;
    const add = (sign: number): void => {
      totals.waiting += sign * waiting;
      totals.ended += sign * ended;
      totals.endedAlerts += sign * endedAlerts;
    };
    add(1);
    database.afterRollback(() => {
      add(-1);
      searched.clear();
    });
  };

  /** The oldest alerts that have ended so, 64 at most; `complete`: there are no more. */
  const find = (ended: Ended, what: What): { readonly found: readonly Row[]; readonly complete: boolean } => {
    const key = `${what} ${ended}`;
    const found: Row[] = [];
    let looked = 0;
    for (const row of selectFrom.each(searched.get(key) ?? 0)) {
      looked += 1;
      searched.set(key, Number(row["id"]));
      const fits = row["waits"] !== 1 && (row["dead"] === 1) === (ended === "dead");
      if (fits && (what === "alerts" || row["empty"] === 0)) found.push(row);
      if (found.length === PRUNED_AT_ONCE) return { found, complete: false };
    }
    return { found, complete: looked < LOOKED_AT };
  };

  const forget = (row: Row): void => {
    dropDeliveries.run(Number(row["id"]));
    dropAlert.run(Number(row["id"]));
    change({ ended: -Number(row["bytes"]), endedAlerts: -1 });
  };

  const empty = (row: Row): void => {
    dropBody.run(Number(row["id"]));
    change({ ended: ALERT_ROW_BYTES - Number(row["bytes"]) });
  };

  const letGo = (what: What): void => {
    for (const ended of ENDED) {
      const { found, complete } = find(ended, what);
      for (const row of found) (what === "alerts" ? forget : empty)(row);
      if (found.length > 0 || !complete) return;
    }
  };

  return {
    waitingBytes: () => totals.waiting,
    added: (bytes) => change({ waiting: bytes }),
    deliveryEnded(alert) {
      const row = selectEnded.row(alert);
      if (!row) return;
      const bytes = Number(row["bytes"]);
      change({ waiting: -bytes, ended: bytes, endedAlerts: 1 });
      for (const [key, id] of searched) if (id >= alert) searched.set(key, alert - 1);
    },
    prune() {
      if (totals.endedAlerts > maxAlerts) letGo("alerts");
      if (totals.ended > maxBytes) letGo("bodies");
    },
    shrinkTo(bytes) {
      if (totals.waiting > bytes) return false;
      for (const ended of ENDED) {
        for (let complete = false; !complete && totals.waiting + totals.ended > bytes;) {
          const search = find(ended, "alerts");
          for (const row of search.found) forget(row);
          ({ complete } = search);
        }
      }
      return totals.waiting + totals.ended <= bytes;
    },
  };
}
