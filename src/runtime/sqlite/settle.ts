import type { DatabaseSync } from "node:sqlite";

/**
 * Makes rows agree that may not, after some of them were lost or came from elsewhere: what has lost its alert is dead,
 * what has lost its receiver is gone, and the ledger balances again; what it had written and nobody can find is dead too.
 */
export function settle(file: DatabaseSync): void {
  file.exec(`
    BEGIN;
    DELETE FROM deliveries WHERE receiver NOT IN (SELECT id FROM receivers);
    UPDATE deliveries SET state = 2, reason = 'unreadable', detail = 'the alert was lost with a part of the database'
      WHERE state = 0 AND alert NOT IN (SELECT id FROM alerts WHERE body IS NOT NULL);
    UPDATE deliveries SET oldest = NOT EXISTS (SELECT 1 FROM deliveries o WHERE o.receiver = deliveries.receiver
      AND o.grp = deliveries.grp AND o.state = 0 AND o.alert < deliveries.alert) WHERE state = 0;
    UPDATE receivers SET waiting_bytes = (SELECT coalesce(sum(a.bytes), 0) FROM deliveries d JOIN alerts a
      ON a.id = d.alert WHERE d.receiver = receivers.id AND d.state = 0),
      open_digest = (SELECT d.alert FROM deliveries d WHERE d.receiver = receivers.id AND d.alert = open_digest
      AND d.state = 0);
    UPDATE receivers SET dead = max(dead, written - delivered - merged - (SELECT count(*) FROM deliveries d
      WHERE d.receiver = receivers.id AND d.state = 0));
    UPDATE receivers SET written = delivered + dead + merged + (SELECT count(*) FROM deliveries d
      WHERE d.receiver = receivers.id AND d.state = 0);
    COMMIT`);
}
