import { readFileSync } from "node:fs";
import { loadConfig } from "../config/config.ts";
import { createRenderer } from "../deliver/render.ts";
import { senderOf } from "../deliveries.ts";
import type { DeliveryOutcome } from "../model/delivery.ts";
import { systemClock } from "../runtime/clock.ts";
import { createLogger } from "../runtime/logger.ts";
import { createMetrics } from "../runtime/metrics.ts";
import { createRedactor } from "../runtime/secret.ts";
import { nearest } from "../suggest.ts";
import { checkTemplates } from "./check-templates.ts";
import { EXIT } from "./exit-codes.ts";
import { renderPretty } from "./reporters/pretty.ts";

/** `kubewhen send-test`: one marked message through the real sender; prints what the receiver answered. */
export async function sendTest(name: string, { config: path }: { readonly config: string }): Promise<number> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    process.stderr.write(`kubewhen: cannot read ${path} (${String(error.code)}); name it with --config\n`);
    return EXIT.cannotRun;
  }
  const loaded = loadConfig(path, text, process.env);
  const { config } = loaded;
  const inTemplates = checkTemplates({ file: path, loaded, given: null });
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
  const sender = senderOf(receiver, {
    clock: systemClock,
    networkClock: systemClock,
    logger: createLogger(redactor, "error"),
    metrics: createMetrics(),
    redactor,
    print: (line) => process.stdout.write(`${line}\n`),
  });
  const { body, summary, rule, severity } = createRenderer(config).renderTest(name);
  const entry = { id: 0, receiver: name, rule, severity, body, summary, createdAt: systemClock.now(), attempts: 0 };
  const outcome = await sender.send(entry, AbortSignal.timeout(30_000));
  await sender.close();
  process.stdout.write(`${name}: ${redactor.scrub(describe(outcome))}\n`);
  return outcome.kind === "delivered" ? EXIT.ok : EXIT.inputHasErrors;
}

function describe(outcome: DeliveryOutcome): string {
  switch (outcome.kind) {
    case "delivered":
      return "delivered";
    case "retry":
      return `not delivered, worth another try (${outcome.reason}): ${outcome.detail}`;
    case "refused":
      return `refused (${outcome.reason}): ${outcome.detail}`;
    case "misconfigured":
      return `not delivered until its configuration is mended (${outcome.reason}): ${outcome.detail}`;
  }
}
