import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CompileFailed, compileInChild } from "../compile.ts";
import { compilerCommand } from "../cli/run.ts";
import { EXIT } from "../cli/exit-codes.ts";
import { createApiServer, type ApiServer } from "../emulator/api-server.ts";
import { startFeishuBot, type FeishuBot } from "../emulator/feishu-bot.ts";
import { RefusedInputs, runEngine } from "../main.ts";
import { systemClock } from "../runtime/clock.ts";
import { createLogger } from "../runtime/logger.ts";
import { createMetrics, type Metrics } from "../runtime/metrics.ts";
import { createRedactor } from "../runtime/secret.ts";
import { createDay } from "./day.ts";
import { DEMO_RULES } from "./demo-rules.ts";
import { playDay } from "./play-day.ts";
import { printCard } from "./printed-card.ts";
import { createScaledClock } from "./scaled-clock.ts";
import { sumUp, type Summary } from "./summary.ts";

const CLUSTER = "家里测试 K3S";
const SECRET = "demo-sign-secret";
const DAY_MS = 86_400_000;
/** 1 November 2026, 00:00 in Shanghai: any day would do, and the same one gives the same cards. */
const DAY_STARTS_AT = Date.UTC(2026, 9, 31, 16);
/** A day in 18 seconds: long enough to read a card now and then. */
const FACTOR = DAY_MS / 18_000;
const LOOK_PAUSE_MS = 20;
/** For the last answers to come, on the machine's clock. */
const DRAIN_MS = 5_000;

/**
 * `kubewhen demo`: the engine as it is, between an embedded API server that plays a day of a small cluster in seconds
 * and an embedded Feishu bot that is as strict as the real one. Prints each card as it arrives, then a summary.
 */
export async function demo({ rules }: { readonly rules?: string }): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "kubewhen-demo-"));
  const clock = createScaledClock(DAY_STARTS_AT, FACTOR);
  const day = createDay({ seed: 1, startAt: DAY_STARTS_AT });
  const server = await createApiServer({ clock });
  const bot = await startFeishuBot({ clock, settings: { secret: SECRET } });
  const metrics = createMetrics();
  const stopping = new AbortController();
  const interrupted = new AbortController();
  const ending = AbortSignal.any([stopping.signal, interrupted.signal]);
  process.once("SIGINT", () => interrupted.abort());
  try {
    const inputs = writeInputs(folder, server.kubeconfig(), bot, rules);
    if (rules === undefined) print(DEMO_RULES);
    print(
      `${day.length} Events of one day on three Raspberry Pis, ${Math.round(FACTOR)} times as fast as they happened:\n`,
    );

    const redactor = createRedactor();
    const engine = runEngine(
      {
        inputPaths: [],
        compile: () =>
          compileInChild({ command: compilerCommand(), configPath: inputs.config, rulesPath: inputs.rules }),
        kubeconfig: inputs.kubeconfig,
        clock,
        networkClock: systemClock,
        logger: createLogger(redactor, "error"),
        metrics,
        redactor,
        print,
      },
      stopping.signal,
    );
    const played = watched(server, ending).then(async () => {
      clock.start();
      await playDay(day, server, clock, ending);
      await drain(metrics, ending);
    });
    const printed = printArrivals(bot, ending);
    // The engine ends first only when it cannot run at all.
    await Promise.race([played, engine, aborted(interrupted.signal)]);
    stopping.abort();
    await Promise.all([engine, printed]);
    print(sumUp(await summarise(metrics, bot)));
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CompileFailed) {
      process.stderr.write(`kubewhen: ${error.message}\n`);
      return EXIT.cannotRun;
    }
    if (!(error instanceof RefusedInputs)) throw error;
    const { renderPretty } = await import("../cli/reporters/pretty.ts");
    process.stderr.write(renderPretty(error.diagnostics));
    return EXIT.inputHasErrors;
  } finally {
    // Also when the engine could not run: the day would play on to nobody.
    stopping.abort();
    await Promise.all([server.close(), bot.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Waits until the engine watches: what happened before would be gone again after its hour of seconds. */
async function watched(server: ApiServer, signal: AbortSignal): Promise<void> {
  while (server.openWatches() === 0 && !signal.aborted) {
    await systemClock.sleep(LOOK_PAUSE_MS, signal).catch(() => {});
  }
}

interface Inputs {
  readonly config: string;
  readonly rules: string;
  readonly kubeconfig: string;
}

function writeInputs(folder: string, kubeconfig: string, bot: FeishuBot, rules: string | undefined): Inputs {
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const config = {
    cluster: CLUSTER,
    receivers: [
      { name: "feishu", feishu: { urlFile: write("url", bot.url), secretFile: write("secret", SECRET) } },
      { name: "dump", stdout: {} },
    ],
    // A day's first Events are as old as the start of the program is long.
    startup: { maxAge: "1d" },
    outbox: { path: join(folder, "outbox") },
    server: { listen: "127.0.0.1:0" },
  };
  return {
    config: write("config.yaml", JSON.stringify(config)),
    rules: rules ?? write("demo.rules", DEMO_RULES),
    kubeconfig: write("kubeconfig", kubeconfig),
  };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function printArrivals(bot: FeishuBot, signal: AbortSignal): Promise<void> {
  const colours = process.stdout.isTTY && process.stdout.hasColors();
  let printed = 0;
  for (;;) {
    const last = signal.aborted;
    const arrivals = bot.requests().filter((request) => request.accepted);
    for (const { text, at } of arrivals.slice(printed)) {
      const time = new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
      print(printCard(JSON.parse(text), time, colours));
    }
    printed = arrivals.length;
    if (last) return;
    await systemClock.sleep(LOOK_PAUSE_MS, signal).catch(() => {});
  }
}

/** Waits until nothing is on its way any more. */
async function drain(metrics: Metrics, signal: AbortSignal): Promise<void> {
  const until = systemClock.monotonic() + DRAIN_MS;
  let before = -1;
  while (systemClock.monotonic() < until && !signal.aborted) {
    await systemClock.sleep(300, signal).catch(() => {});
    const waiting = await total(metrics.entriesWaiting);
    const received = await total(metrics.eventsReceived);
    if (waiting === 0 && received === before) return;
    before = received;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

interface Counted {
  get(): Promise<{ readonly values: readonly { readonly value: number; readonly labels: object }[] }>;
}

async function total(counted: Counted, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  const { values } = await counted.get();
  return values
    .filter((one) =>
      Object.entries(labels).every(([name, value]) =>
        Object.entries(one.labels).some(([n, v]) => n === name && v === value),
      ),
    )
    .reduce((sum, one) => sum + one.value, 0);
}

async function summarise(metrics: Metrics, bot: FeishuBot): Promise<Summary> {
  const { events, matches, suppressed } = metrics;
  return {
    received: await total(metrics.eventsReceived),
    readBytes: await total(metrics.watchBytes),
    unmatched: await total(events, { outcome: "unmatched" }),
    dropped: await total(events, { outcome: "dropped" }),
    replayed: (await total(events, { outcome: "replayed" })) + (await total(events, { outcome: "malformed" })),
    matched: await total(events, { outcome: "matched" }),
    matches: await total(matches),
    belowThreshold: await total(suppressed, { why: "threshold" }),
    throttled: await total(suppressed, { why: "throttle" }),
    sent: await total(metrics.entries, { outcome: "delivered" }),
    waiting: await total(metrics.entriesWaiting),
    sentBytes: bot.requests().reduce((sum, request) => sum + request.bytes, 0),
  };
}
