import { readFileSync } from "node:fs";
import { createConfigLoader } from "../config/config.ts";
import { createComposer } from "../deliver/compose.ts";
import type { ReceiverSettings, World } from "../deliver/kind.ts";
import { loadDialects, loadKind } from "../deliver/kinds.ts";
import { alertId, deliveryKey } from "../model/alert-id.ts";
import type { Alert } from "../model/alert.ts";
import type { Delivery, Outcome } from "../model/delivery.ts";
import { systemClock } from "../runtime/clock.ts";
import { createLogger } from "../runtime/logger.ts";
import { createMetrics } from "../runtime/metrics.ts";
import { createPrint } from "../runtime/print.ts";
import { createRedactor } from "../runtime/secret.ts";
import { nearest } from "../suggest.ts";
import { checkTemplates } from "./check-templates.ts";
import { EXIT } from "./exit-codes.ts";
import { renderPretty } from "./reporters/pretty.ts";

/** `kubewhen send-test`: one marked message by the way all messages go; prints what the receiver answered. */
export async function sendTest(name: string, { config: path }: { readonly config: string }): Promise<number> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    process.stderr.write(`kubewhen: cannot read ${path} (${String(error.code)}); name it with --config\n`);
    return EXIT.cannotRun;
  }
  const loadConfig = await createConfigLoader();
  const loaded = loadConfig(path, text, process.env);
  const { config } = loaded;
  const inTemplates = checkTemplates({ file: path, loaded, uses: null, dialects: await loadDialects() });
  if (!config || inTemplates.length > 0) {
    process.stderr.write(renderPretty([...loaded.diagnostics, ...inTemplates]));
    return EXIT.inputHasErrors;
  }
  const receiver = config.receivers.find((one) => one.name === name);
  if (!receiver) {
    const names = config.receivers.map((one) => one.name);
    const guess = nearest(name, names);
    const hint = guess === null ? `there are: ${names.join(", ")}` : `did you mean ${guess}?`;
    process.stderr.write(`kubewhen: no receiver ${name} in ${path}; ${hint}\n`);
    return EXIT.cannotRun;
  }

  const redactor = createRedactor();
  const composer = createComposer({ ...config, logger: createLogger(redactor, "error") });
  const world: World = {
    clock: systemClock,
    networkClock: systemClock,
    metrics: createMetrics(),
    redactor,
    print: createPrint(systemClock),
  };
  const outcome = await sendOne(receiver, testDelivery(name, config.cluster), { composer, world });
  process.stdout.write(`${name}: ${redactor.scrub(describe(outcome))}\n`);
  return outcome.kind === "delivered" ? EXIT.ok : EXIT.inputHasErrors;
}

async function sendOne(
  { name, kind: kindName, settings }: ReceiverSettings,
  delivery: Delivery,
  { composer, world }: { readonly composer: ReturnType<typeof createComposer>; readonly world: World },
): Promise<Outcome> {
  const kind = await loadKind(kindName);
  const channel = kind.open(name, settings, world);
  const [outcome] = await channel.send([composer.item(delivery, kind.dialect)], AbortSignal.timeout(30_000));
  await channel.close();
  if (outcome === undefined) throw new Error("a channel answered nothing for its item");
  return outcome;
}

function testDelivery(receiver: string, cluster: string): Delivery {
  const at = systemClock.now();
  const id = alertId("test", receiver, at);
  const base = { v: 1, id, at, cluster, owner: "", severity: "info", rule: null, group: [] } as const;
  const alert: Alert = { ...base, kind: "test" };
  return {
    row: 0,
    receiver,
    alert,
    key: deliveryKey(id, receiver),
    state: "waiting",
    dueAt: null,
    attempts: 0,
    unsure: 0,
    plain: 0,
    reason: "",
    remote: null,
  };
}

function describe(outcome: Outcome): string {
  if (outcome.kind === "delivered") return "delivered";
  const { reason, detail } = outcome;
  switch (outcome.kind) {
    case "retry":
      return `not delivered, worth another try (${reason}): ${detail}`;
    case "refused":
      return `refused (${reason}): ${detail}`;
    case "misconfigured":
      return `not delivered until the configuration is changed (${reason}): ${detail}`;
    case "unknown":
      return `not delivered, for a reason that may lie in this message (${reason}): ${detail}`;
  }
}
