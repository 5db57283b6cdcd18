import { createCheckpoint } from "./checkpoint.ts";
import { createLookup } from "./collect/lookup.ts";
import { createOccurrences } from "./collect/occurrences.ts";
import { createPrefilter, type Prefilter } from "./collect/prefilter.ts";
import { deriveSelector } from "./collect/pushdown.ts";
import { createReflector } from "./collect/reflector.ts";
import { CompileFailed, type Compiled } from "./compile.ts";
import type { Config } from "./config/config.ts";
import { createEvaluator } from "./decide/evaluate.ts";
import { createOutbox } from "./deliver/outbox.ts";
import { createRenderer, type Renderer } from "./deliver/render.ts";
import { createDeliveries } from "./deliveries.ts";
import { createHealth } from "./health.ts";
import type { Diagnostic } from "./model/diagnostic.ts";
import type { RuleSet } from "./model/rule.ts";
import { createPipeline } from "./pipeline.ts";
import { createProgress } from "./progress.ts";
import type { Clock } from "./runtime/clock.ts";
import { openDatabase, StorageError } from "./runtime/database.ts";
import { createKubeApi } from "./runtime/kube.ts";
import type { Logger } from "./runtime/logger.ts";
import type { Metrics } from "./runtime/metrics.ts";
import type { Redactor } from "./runtime/secret.ts";
import { startServer } from "./runtime/server.ts";
import { watchFiles } from "./watch-files.ts";

export interface EngineOptions {
  /** Files and folders to look at for changes. */
  readonly inputPaths: readonly string[];
  /** Reads and checks them. Throws CompileFailed. */
  readonly compile: () => Promise<Compiled>;
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

/** The engine cannot start until a person mends what the author wrote. */
export class RefusedInputs extends Error {
  override readonly name = "RefusedInputs";
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super("the configuration or the rules have errors");
    this.diagnostics = diagnostics;
  }
}

/**
 * Start and stop order of the engine; returns once it has stopped in good order after `signal`.
 *
 * Up: inputs, disk, stages, health server, dispatchers, watch. Down: watch, what was read from it, attempts under
 * way, health server, disk. Throws RefusedInputs, CompileFailed, and StorageError or the system's error for a disk or
 * an address that cannot be had at start.
 */
export async function runEngine(options: EngineOptions, signal: AbortSignal): Promise<void> {
  const { clock, networkClock, logger, metrics, redactor } = options;
  const stopping = new AbortController();
  const stop = AbortSignal.any([signal, stopping.signal]);

  // Before the files are read: what changes while they are is a change.
  const changes = watchFiles(options.inputPaths, clock, stop);
  const first = await options.compile();
  let config = requireConfig(first);
  const { cluster } = config;

  const database = openDatabase(config.outbox.path, logger);
  const checkpoint = createCheckpoint(database);
  let ruleSet = first.ruleSet ?? lastGood(checkpoint.lastGoodRules(), config, first.diagnostics);
  logDiagnostics(logger, first.diagnostics);
  if (!first.ruleSet) logger.error("rules have errors: the last good set, kept on disk, runs instead");

  const api = createKubeApi({ kubeconfig: options.kubeconfig, clock: networkClock, logger });
  const lookup = createLookup({
    api,
    clock: networkClock,
    metrics,
    onForbidden: (kind) => logger.warn(kind, "rules ask for labels of objects that RBAC does not let us get"),
  });
  const evaluator = createEvaluator({ ...config, maxGroups: config.throttle.maxGroups, clock, metrics, logger });
  const occurrences = createOccurrences({ metrics });
  const outbox = createOutbox({ database, clock, metrics, maxBytes: config.outbox.maxBytes });
  const progress = createProgress({ occurrences, evaluator, outbox, checkpoint, database, clock });
  let selector = "";
  let prefilter: Prefilter = skipNothing;
  const source = createReflector({
    api,
    name: cluster,
    after: checkpoint.position(cluster),
    startupMaxAgeMs: () => config.startup.maxAgeMs,
    clock,
    networkClock,
    logger,
    metrics,
    selector: () => selector,
    // A watch outlives a reload that leaves the selector alone.
    skip: () => (line) => prefilter(line),
  });
  // Set by the first `use`, before anything asks for it.
  let renderer: Renderer;
  const pipeline = createPipeline({
    source,
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
  });
  const deliveries = createDeliveries({ outbox, clock, networkClock, logger, metrics, redactor, print: options.print });
  const health = createHealth({ source, progress, database, deliveries, clock: networkClock });

  const use = (nextConfig: Config, nextRules: RuleSet): void => {
    config = nextConfig;
    ruleSet = nextRules;
    renderer = createRenderer({ ...config, cluster });
    evaluator.use(ruleSet);
    prefilter = createPrefilter(ruleSet);
    selector = deriveSelector(ruleSet);
    metrics.rulesLoaded.set(ruleSet.statements.length);
    logger.info({ statements: ruleSet.statements.length, fieldSelector: selector }, "rules in force");
  };

  const saveLastGood = (): void => {
    try {
      checkpoint.saveLastGoodRules(ruleSet);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      logger.warn({ reason: error.reason }, "cannot keep these rules on disk: a restart may fall back to older ones");
    }
  };

  const reload = async (): Promise<void> => {
    const before = { config, selector };
    const compiled = await options.compile().catch((error: unknown) => {
      if (error instanceof CompileFailed) return error;
      throw error;
    });
    if (compiled instanceof CompileFailed || !compiled.config || !compiled.ruleSet) {
      const problems = compiled instanceof CompileFailed ? [] : compiled.diagnostics;
      logDiagnostics(logger, problems);
      const detail = compiled instanceof CompileFailed ? compiled.message : undefined;
      logger.error({ detail }, "changed rules or configuration refused as a whole: the last good ones go on");
      health.refuse(problems, detail);
      metrics.reloads.inc({ outcome: "refused" });
      metrics.reloadRefused.set(1);
      return;
    }
    logDiagnostics(logger, compiled.diagnostics);
    use(compiled.config, compiled.ruleSet);
    saveLastGood();
    if (selector !== before.selector) source.restart();
    if (JSON.stringify(config.receivers) !== JSON.stringify(before.config.receivers)) {
      await deliveries.use(config.receivers);
    }
    warnOfRestart(logger, before.config, config);
    health.refuse([], undefined);
    metrics.reloads.inc({ outcome: "accepted" });
    metrics.reloadRefused.set(0);
  };

  use(config, ruleSet);
  metrics.reloadRefused.set(first.ruleSet ? 0 : 1);
  if (first.ruleSet) saveLastGood();
  else health.refuse(first.diagnostics, undefined);

  const server = await startServer({ listen: config.server.listen, ...health, metrics });
  logger.info({ server: api.server, port: server.port }, "kubewhen started");
  options.onStarted?.(server.port);
  const watching = pipeline.run(stop);
  const reloading = (async (): Promise<void> => {
    await deliveries.use(config.receivers);
    while ((await changes.next()).done !== true) await reload();
  })();
  try {
    await Promise.all([watching, reloading]);
  } finally {
    // A bug in one of the two ends the other as well, and with it the process.
    stopping.abort();
    await Promise.allSettled([watching, reloading]);
    await deliveries.close();
    await Promise.all([server.close(), api.close()]);
    database.close();
  }
  logger.info("kubewhen stopped");
}

function skipNothing(): null {
  return null;
}

function requireConfig({ config, diagnostics }: Compiled): Config {
  if (!config) throw new RefusedInputs(diagnostics);
  return config;
}

/** The rules of the last run, if they name no receiver or template that is gone. */
function lastGood(rules: RuleSet | null, config: Config, diagnostics: readonly Diagnostic[]): RuleSet {
  const receivers = new Set(config.receivers.map((receiver) => receiver.name));
  const usable = rules?.statements.every(
    (statement) =>
      statement.kind === "drop" ||
      (statement.receivers.every((name) => receivers.has(name)) &&
        (statement.template === null || Object.hasOwn(config.templates, statement.template))),
  );
  if (!rules || usable !== true) throw new RefusedInputs(diagnostics);
  return rules;
}

function logDiagnostics(logger: Logger, diagnostics: readonly Diagnostic[]): void {
  for (const { severity, code, file, line, column, message, suggestion } of diagnostics) {
    const place = { code, file, line, column, suggestion };
    if (severity === "error") logger.error(place, message);
    else if (severity === "warning") logger.warn(place, message);
    else logger.info(place, message);
  }
}

function warnOfRestart(logger: Logger, before: Config, after: Config): void {
  for (const key of ["cluster", "throttle", "outbox", "server"] as const) {
    if (JSON.stringify(before[key]) !== JSON.stringify(after[key])) {
      logger.warn({ key }, "this part of the configuration takes effect at the next start");
    }
  }
}
