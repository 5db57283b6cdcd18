import { createOutbox } from "../../src/deliver/outbox.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { openDatabase } from "../../src/runtime/database.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import { createRedactor } from "../../src/runtime/secret.ts";

/*
 * A process to be killed: stores entries in the folder it is given, delivers every third, and says after each call
 * how many it was promised.
 */
const folder = process.argv[2] ?? "";
const database = openDatabase(folder, createLogger(createRedactor(), "error"));
const outbox = createOutbox({ database, clock: systemClock, metrics: createMetrics(), maxBytes: 1e8 });
let [stored, delivered] = [outbox.ledger()[0]?.written ?? 0, outbox.ledger()[0]?.delivered ?? 0];
for (;;) {
  outbox.enqueue([{ receiver: "feishu", rule: "r", severity: "info", body: "x".repeat(500), summary: "s" }]);
  stored += 1;
  if (stored % 3 === 0) {
    outbox.delivered(outbox.next("feishu", systemClock.now())?.id ?? -1);
    delivered += 1;
  }
  process.stdout.write(`${JSON.stringify({ stored, delivered })}\n`);
  // Lets the pipe drain, so that what is read is what was true.
  await new Promise((resolve) => setImmediate(resolve));
}
