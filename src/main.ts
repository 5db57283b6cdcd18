import { createCheckpoint } from "./checkpoint.ts";
import { createLookup } from "./collect/lookup.ts";
import { createOccurrences } from "./collect/occurrences.ts";
import { createReflector } from "./collect/reflector.ts";
import { createSelection } from "./collect/selection.ts";
import { RefusedInputs, type Compiled } from "./compile.ts";
import { createEvaluator } from "./decide/evaluate.ts";
import { createLookupNotices } from "./decide/lookup-notice.ts";
import { type Composer, createComposer } from "./deliver/compose.ts";
import { loadKind } from "./deliver/kinds.ts";
import { createOutbox } from "./deliver/outbox.ts";
import { createDeliveries } from "./deliveries.ts";
import { createHealth } from "./health.ts";
import { createLastGood } from "./last-good.ts";
import { createPipeline } from "./pipeline.ts";
import { createProgress } from "./progress.ts";
import { createReloader, firstInForce, logDiagnostics } from "./reloader.ts";
import type { Clock } from "./runtime/clock.ts";
import { openDatabase } from "./runtime/database.ts";
import { createKubeApi } from "./runtime/kube.ts";
import { createLastingClock, thisMachine } from "./runtime/lasting-clock.ts";
import type { Logger } from "./runtime/logger.ts";
import type { Metrics } from "./runtime/metrics.ts";
import type { Print } from "./runtime/print.ts";
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
  readonly print: Print;
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
  const { clock, networkClock, logger, metrics } = options;
  // Before the files are read: what changes while they are is a change.
  const changes = watchFiles(options.inputPaths, clock, stop);
  const compiled = await compileFirst(options, stop);
  if (!compiled) return;
  if (!compiled.config) throw new RefusedInputs(compiled.diagnostics);
  let { config } = compiled;
  const { cluster } = config;

  const database = openDatabase(config.outbox.path, logger, clock);
  started.push(() => database.close());
  const checkpoint = createCheckpoint(database);
  const lasting = createLastingClock(clock, checkpoint.lasting(), thisMachine);
  const lastGood = createLastGood(database);
  const { first, refusal } = firstInForce(compiled, config, lastGood.load);
  logDiagnostics(logger, compiled.diagnostics);
  if (refusal) {
    const detail = refusal.detail ?? undefined;
    logger.error({ detail }, "the rules are refused: the last good set, kept on disk, runs instead");
  }

  const api = createKubeApi({ kubeconfig: options.kubeconfig, clock: networkClock, logger });
  started.push(() => api.close());
  const lookup = createLookup({
    api,
    clock: networkClock,
    metrics,
    onForbidden: (kind) => logger.warn(kind, "rules ask for labels of objects that RBAC does not let us get"),
  });
  const evaluator = createEvaluator({ clock, lasting, maxGroups: config.throttle.maxGroups, metrics, logger });
  const occurrences = createOccurrences({ metrics });
  const { maxBytes, history } = config.outbox;
  const sharers = (): number => config.receivers.length;
  const outbox = createOutbox({ database, clock, lasting, metrics, maxBytes, history, sharers });
  const progress = createProgress({ occurrences, evaluator, outbox, checkpoint, database, clock, lasting });
  const selection = createSelection();
  const source = createReflector({
    api,
    name: cluster,
    after: checkpoint.position(cluster),
    startupMaxAgeMs: () => config.startup.maxAgeMs,
    clock,
    networkClock,
    logger,
    metrics,
    selector: selection.selector,
    skip: selection.skip,
  });
  const pipeline = createPipeline({
    source,
    occurrences,
    lookup,
    evaluator,
    lookupNotices: createLookupNotices({ clock, lasting }),
    isReceiver: (name) => config.receivers.some((receiver) => receiver.name === name),
    progress,
    checkpoint,
    clock,
    logger,
    metrics,
  });
  // Set by the first inputs, before anything is delivered.
  let composer: Composer;
  const deliveries = createDeliveries({
    ...options,
    outbox,
    lasting,
    loadKind,
    item: (delivery, dialect) => composer.item(delivery, dialect),
  });
  const health = createHealth({
    source,
    progress,
    database,
    deliveries,
    setAside: () => database.asides(),
    forbiddenKinds: () => lookup.troubles(),
    clock: networkClock,
  });

  const reloader = createReloader({
    compile: options.compile,
    words: {
      use(next) {
        config = next;
        composer = createComposer({ ...next, logger });
      },
    },
    evaluator,
    selection,
    lastGood,
    watch: source,
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

/** Null when the engine is told to stop before there is an answer. */
async function compileFirst({ compile }: EngineOptions, stop: AbortSignal): Promise<Compiled | null> {
  try {
    return await compile(stop);
  } catch (error) {
    if (stop.aborted) return null;
    throw error;
  }
}
