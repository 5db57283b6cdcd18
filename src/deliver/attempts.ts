import type { Clock } from "../runtime/clock.ts";
import type { Database, Durability } from "../runtime/database.ts";
import type { History } from "./history.ts";
import type { Ledger } from "./ledger.ts";
import type { Outbox, PaceRecord } from "./outbox.ts";

export interface Attempts {
  /** The part of the outbox that records what came of attempts. */
  readonly recording: Pick<Outbox, "delivered" | "postpone" | "makePlainer" | "bury" | "buryReceiver" | "pace">;
  /** Gives up a delivery whose alert cannot be read any more. */
  readonly buryUnreadable: (row: number, receiver: string) => void;
}

export interface AttemptsOptions {
  readonly database: Database;
  readonly clock: Pick<Clock, "now">;
  readonly ledger: Ledger;
  readonly history: Pick<History, "deliveryEnded">;
}

type End = "delivered" | "dead";
const STATE: Readonly<Record<End, number>> = { delivered: 1, dead: 2 };
/** Rows in one transaction where many end at once. */
const BATCH_ROWS = 256;

/*
 * All but what the caller of `delivered` asks to be safe is `normal`: a power cut takes back at most the last ones, which
 * are then attempted again.
 */
export function createAttempts({ database, clock, ledger, history }: AttemptsOptions): Attempts {
  const selectWaiting = database.prepare(
    `SELECT d.grp, d.oldest, a.bytes FROM deliveries d LEFT JOIN alerts a ON a.id = d.alert
     WHERE d.alert = ? AND d.receiver = ? AND d.state = 0`,
  );
  const endRow = database.prepare(
    `UPDATE deliveries SET state = ?, attempts = attempts + ?, reason = coalesce(?, reason), detail = ?, remote = ?,
     ended_at = ? WHERE alert = ? AND receiver = ?`,
  );
  const promote = database.prepare(
    `UPDATE deliveries SET oldest = 1 WHERE receiver = ?1 AND alert = (
     SELECT alert FROM deliveries INDEXED BY d_group WHERE receiver = ?1 AND grp = ?2 AND state = 0 ORDER BY alert LIMIT 1)`,
  );
  const putOff = database.prepare(
    `UPDATE deliveries SET attempts = attempts + 1, due_at = ?, reason = ?, detail = ?,
     unsure = CASE WHEN ? THEN unsure + 1 ELSE 0 END WHERE alert = ? AND receiver = ? AND state = 0`,
  );
  const plainer = database.prepare(
    `UPDATE deliveries SET attempts = attempts + 1, due_at = NULL, unsure = 0, plain = max(plain, ?), reason = ?,
     detail = ? WHERE alert = ? AND receiver = ? AND state = 0`,
  );
  const selectNewest = database.prepare(
    `SELECT alert FROM deliveries INDEXED BY d_group WHERE receiver = ? AND state = 0
     ORDER BY grp DESC, alert DESC LIMIT ${BATCH_ROWS}`,
  );
  const writePace = database.prepare("INSERT OR REPLACE INTO paces VALUES (?, ?)");
  const readPace = database.prepare("SELECT sent FROM paces WHERE destination = ?");

  const keepPace = (pace: PaceRecord | undefined): void => {
    if (pace) writePace.run(pace.destination, JSON.stringify(pace.sent));
  };

  const end = (
    row: number,
    receiver: string,
    how: {
      readonly state: End;
      readonly attempts: 0 | 1;
      readonly reason: string | null;
      readonly detail: string | null;
      readonly remote: string | null;
    },
  ): void => {
    const id = ledger.idOf(receiver);
    const before = id === null ? null : selectWaiting.row(row, id);
    if (id === null || !before) return;
    endRow.run(STATE[how.state], how.attempts, how.reason, how.detail, how.remote, clock.now(), row, id);
    if (before["oldest"] === 1) promote.run(id, Number(before["grp"]));
    ledger.change(receiver, { [how.state]: 1, bytes: -Number(before["bytes"] ?? 0) });
    history.deliveryEnded(row);
  };

  /** Writes about one delivery and the pace of its destination together. */
  const record = (work: () => void, pace: PaceRecord | undefined, durability: Durability = "normal"): void => {
    database.transaction(() => {
      work();
      keepPace(pace);
    }, durability);
  };

  const bury = (row: number, receiver: string, why: { reason: string; detail: string; attempts: 0 | 1 }): void =>
    end(row, receiver, { ...why, state: "dead", remote: null });

  const recording: Attempts["recording"] = {
    delivered(done, pace, durability) {
      const work = (): void => {
        for (const { delivery, remote = null } of done) {
          const how = { state: "delivered", attempts: 1, reason: null, detail: null, remote } as const;
          end(delivery.row, delivery.receiver, how);
        }
      };
      record(work, pace, durability);
    },
    postpone({ row, receiver }, { dueAt, reason, detail, unsure }, pace) {
      record(() => putOff.run(dueAt, reason, detail, unsure ? 1 : 0, row, ledger.idOf(receiver)), pace);
    },
    makePlainer({ row, receiver }, plain, reason, detail, pace) {
      record(() => plainer.run(plain, reason, detail, row, ledger.idOf(receiver)), pace);
    },
    bury({ row, receiver }, reason, detail, pace) {
      record(() => bury(row, receiver, { reason, detail, attempts: 1 }), pace);
    },
    buryReceiver(receiver, reason, detail) {
      const id = ledger.idOf(receiver);
      if (id === null) return 0;
      let buried = 0;
      for (;;) {
        // Of each group the newest first: what is left keeps its order if the process ends in between.
        const rows = selectNewest.rows(id);
        if (rows.length === 0) return buried;
        const work = (): void => {
          for (const { alert } of rows) bury(Number(alert), receiver, { reason, detail, attempts: 0 });
        };
        record(work, undefined);
        buried += rows.length;
      }
    },
    pace(destination) {
      const sent = readPace.row(destination)?.["sent"];
      return typeof sent === "string" ? timesIn(sent) : [];
    },
  };

  return {
    recording,
    buryUnreadable(row, receiver) {
      const detail = "the alert cannot be read any more";
      database.setAside(`alert ${row} for ${receiver}`, detail);
      record(() => bury(row, receiver, { reason: "unreadable", detail, attempts: 0 }), undefined);
    },
  };
}

/** A pace that cannot be read is one that is not known: the receiver itself says when it is too much. */
function timesIn(text: string): readonly number[] {
  try {
    const times: unknown = JSON.parse(text);
    return Array.isArray(times) ? times.filter((time) => typeof time === "number") : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
