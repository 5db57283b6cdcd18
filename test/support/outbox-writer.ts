import { createOutbox } from "../../src/deliver/outbox.ts";
import { alertId } from "../../src/model/alert-id.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { openDatabase } from "../../src/runtime/database.ts";
import { createLastingClock, thisMachine } from "../../src/runtime/lasting-clock.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import { createRedactor } from "../../src/runtime/secret.ts";

/*
 * A process to be killed: stores alerts in the folder it is given, delivers every third, and says after each call
 * how many it was promised.
 */
const folder = process.argv[2] ?? "";
const database = openDatabase(folder, createLogger(createRedactor(), "error"));
const lasting = createLastingClock(systemClock, null, thisMachine);
const outbox = createOutbox({
  database,
  clock: systemClock,
  lasting,
  metrics: createMetrics(),
  maxBytes: 1e8,
  history: { alerts: 1000, maxBytes: 1e6 },
  sharers: () => 1,
});
let [stored, delivered] = [outbox.ledger()[0]?.written ?? 0, outbox.ledger()[0]?.delivered ?? 0];
for (;;) {
  stored += 1;
  const alert = {
    v: 1,
    kind: "notice",
    id: alertId("writer", stored),
    at: systemClock.now(),
    cluster: "home",
    owner: "",
    severity: "info",
    rule: null,
    group: [["n", String(stored)]],
    cause: "killed",
    details: { text: "x".repeat(500) },
  } as const;
  outbox.enqueue([{ alert, receivers: ["feishu"] }]);
  if (stored % 3 === 0) {
    const delivery = outbox.next("feishu", "steady", lasting.now());
    if (delivery) outbox.delivered([{ delivery }], { destination: "bot", sent: [lasting.now()] });
    delivered += 1;
  }
  process.stdout.write(`${JSON.stringify({ stored, delivered })}\n`);
  // Lets the pipe drain, so that what is read is what was true.
  await new Promise((resolve) => setImmediate(resolve));
}
