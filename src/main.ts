import { createCheckpoint } from "./checkpoint.ts";
import { createLookup } from "./collect/lookup.ts";
import { createOccurrences } from "./collect/occurrences.ts";
import { createPrefilter, type Prefilter } from "./collect/prefilter.ts";
import { deriveSelector } from "./collect/pushdown.ts";
import { createReflector } from "./collect/reflector.ts";
import { RefusedInputs, type Compiled } from "./compile.ts";
import { createEvaluator } from "./decide/evaluate.ts";
import { createOutbox } from "./deliver/outbox.ts";
import { createRenderer, type Renderer } from "./deliver/render.ts";
import { createDeliveries } from "./deliveries.ts";
import { createHealth } from "./health.ts";
import { createLastGood } from "./last-good.ts";
import { createPipeline } from "./pipeline.ts";
import { createProgress } from "./progress.ts";
import { createReloader, firstInForce, logDiagnostics } from "./reloader.ts";
import type { Clock } from "./runtime/clock.ts";
import { openDatabase } from "./runtime/database.ts";
import { createKubeApi } from "./runtime/kube.ts";
import type { Logger } from "./runtime/logger.ts";
import type { Metrics } from "./runtime/metrics.ts";
import type { Redactor } from "./runtime/secret.ts";
import { startServer } from "./runtime/server.ts";
import { watchFiles } from "./watch-files.ts";

export interface EngineOptions {
  /** Files and folders to look at for changes. */
  readonly inputPaths: readonly string[];
  /** Reads and checks them. Throws CompileFailed, and the signal's reason once that is aborted. */
  readonly compile: (signal: AbortSignal) => Promise<Compiled>;
  /** Null: the default places, the Pod's service account among them. */
  readonly kubeconfig: string | null;
  /** For windows, retries and what people read. */
  readonly clock: Clock;
  /** For the connection to the API server, which answers in real time even where `clock` plays a day in seconds. */
  readonly networkClock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly redactor: Redactor;
  /** Where `stdout` receivers print. */
  readonly print: (line: string) => void;
  /** Called once everything runs, with the port of the health server. */
  readonly onStarted?: (port: number) => void;
}

/**
 * Start and stop order of the engine; returns once it has stopped in good order after `signal`.
 *
 * Up: inputs, disk, stages, health server, dispatchers, watch. Down: watch, what was read from it, attempts under
 * way, health server, disk. Throws RefusedInputs, CompileFailed, and StorageError or the system's error for a disk or
 * an address that cannot be had at start.
 */
export async function runEngine(options: EngineOptions, signal: AbortSignal): Promise<void> {
  const stopping = new AbortController();
  /** What has been started, to be ended in the opposite order. */
  const started: (() => void | Promise<void>)[] = [];
  try {
    await run(options, AbortSignal.any([signal, stopping.signal]), started);
  } finally {
    // A bug in one part ends the others as well, and with it the process.
    stopping.abort();
    for (const end of started.toReversed()) await end();
  }
  options.logger.info("kubewhen stopped");
}

async function run(options: EngineOptions, stop: AbortSignal, started: (() => void | Promise<void>)[]): Promise<void> {
  const { clock, networkClock, logger, metrics, redactor } = options;
  // Before the files are read: what changes while they are is a change.
  const changes = watchFiles(options.inputPaths, clock, stop);
  const compiled = await compileFirst(options, stop);
  if (!compiled) return;
  if (!compiled.config) throw new RefusedInputs(compiled.diagnostics);
  let { config } = compiled;
  const { cluster } = config;

  const database = openDatabase(config.outbox.path, logger);
  started.push(() => database.close());
  const checkpoint = createCheckpoint(database);
  const lastGood = createLastGood(database);
  const { first, refusal } = firstInForce(compiled, config, lastGood.load);
  logDiagnostics(logger, compiled.diagnostics);
  if (refusal) {
    const detail = refusal.detail ?? undefined;
    logger.error({ detail }, "the rules are refused: the last good set, kept on disk, runs instead");
  }

  const api = createKubeApi({ kubeconfig: options.kubeconfig, clock: networkClock, logger });
  started.push(() => api.close());
  const lookup = createLookup({ api, clock: networkClock, metrics });
  const evaluator = createEvaluator({ ...config, maxGroups: config.throttle.maxGroups, clock, metrics, logger });
  const occurrences = createOccurrences({ metrics, clock });
  const outbox = createOutbox({ database, clock, metrics, maxBytes: config.outbox.maxBytes });
  const progress = createProgress({ occurrences, evaluator, outbox, checkpoint, database, clock });
  let selector = "";
  let prefilter: Prefilter = skipNothing;
  const reflector = createReflector({
    api,
    clock: networkClock,
    logger,
    metrics,
    selector: () => selector,
    // A watch outlives a reload that leaves the selector alone.
    skip: () => (line) => prefilter(line),
  });
  // Set by the first `use`, before anything asks for it.
  let renderer: Renderer;
  const pipeline = createPipeline({
    reflector,
    occurrences,
    lookup,
    evaluator,
    progress,
    checkpoint,
    clock,
    logger,
    metrics,
    renderer: () => renderer,
    isReceiver: (name) => config.receivers.some((receiver) => receiver.name === name),
    startupMaxAgeMs: () => config.startup.maxAgeMs,
  });
  const deliveries = createDeliveries({ outbox, clock, networkClock, logger, metrics, redactor, print: options.print });
  const health = createHealth({
    reflector,
    progress,
    database,
    deliveries,
    setAside: () => [],
    forbiddenKinds: () => [],
    clock: networkClock,
  });

  const reloader = createReloader({
    compile: options.compile,
    words: {
      use(next) {
        config = next;
        renderer = createRenderer({ ...next, cluster });
      },
    },
    evaluator,
    selection: {
      use(ruleSet) {
        const before = selector;
        prefilter = createPrefilter(ruleSet);
        selector = deriveSelector(ruleSet);
        return selector !== before;
      },
    },
    lastGood,
    watch: {
      restart() {
        pipeline.reselected();
        reflector.restart();
      },
    },
    deliveries,
    health,
    clock,
    logger,
    metrics,
  });

  const server = await startServer({ listen: config.server.listen, ...health, metrics });
  started.push(() => server.close());
  started.push(() => deliveries.close());
  await reloader.begin(first, refusal);
  logger.info({ server: api.server, port: server.port }, "kubewhen started");
  options.onStarted?.(server.port);
  const running = [pipeline.run(stop), reloader.run(changes, stop)];
  started.push(async () => {
    await Promise.allSettled(running);
  });
  await Promise.all(running);
}

function skipNothing(): null {
  return null;
}

/** Null when the engine is told to stop before there is an answer. */
async function compileFirst({ compile }: EngineOptions, stop: AbortSignal): Promise<Compiled | null> {
  try {
    return await compile(stop);
  } catch (error) {
    if (stop.aborted) return null;
    throw error;
  }
}
