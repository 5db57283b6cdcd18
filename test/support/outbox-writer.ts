import { createOutbox } from "../../src/deliver/outbox.ts";
import { alertId } from "../../src/model/alert-id.ts";
import type { AddressedAlert } from "../../src/model/alert.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { openDatabase } from "../../src/runtime/database.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import { createRedactor } from "../../src/runtime/secret.ts";

/*
 * A process to be killed, or to have its power cut: stores alerts in the folder it is given, each second one with its
 * number as the place up to which the stream is decided, delivers every third, and says after each call what it was
 * promised. Stops by itself after so many, if a second argument says how many.
 */
const [, , folder = "", most = "Infinity"] = process.argv;
const database = openDatabase(folder, createLogger(createRedactor(), "error"));
const outbox = createOutbox({
  database,
  clock: systemClock,
  lasting: { now: () => systemClock.monotonic() },
  metrics: createMetrics(),
  maxBytes: 1e8,
  history: { alerts: 1000, maxBytes: 1e7 },
  sharers: () => 1,
});
const claim = database.prepare("INSERT OR REPLACE INTO checkpoint VALUES ('claimed', ?)");

function anAlert(number: number): AddressedAlert {
  const name = `alert ${number}`;
  return {
    alert: {
      v: 1,
      kind: "notice",
      id: alertId(name),
      at: 0,
      cluster: "home",
      owner: "",
      severity: "info",
      rule: null,
      group: [],
      cause: name,
      details: { text: "x".repeat(500) },
    },
    receivers: ["feishu"],
  };
}

let { written = 0, delivered = 0 } = outbox.ledger()[0] ?? {};
while (written < Number(most)) {
  written += 1;
  if (written % 2 === 1) outbox.enqueue([anAlert(written)]);
  else {
    database.transaction(() => {
      outbox.enqueue([anAlert(written)]);
      claim.run(String(written));
    });
  }
  if (written % 3 === 0) {
    const delivery = outbox.next("feishu", "steady", 0);
    if (delivery) outbox.delivered([{ delivery }]);
    delivered += 1;
  }
  process.stdout.write(`${JSON.stringify({ written, delivered })}\n`);
  // Lets the pipe drain, so that what is read is what was true.
  await new Promise((resolve) => setImmediate(resolve));
}
