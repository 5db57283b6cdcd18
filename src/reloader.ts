import { CompileFailed, RefusedInputs, type Compiled } from "./compile.ts";
import type { Config } from "./config/config.ts";
import type { Health, Refusal } from "./health.ts";
import type { Diagnostic } from "./model/diagnostic.ts";
import type { RuleSet } from "./model/rule.ts";
import type { Clock } from "./runtime/clock.ts";
import { StorageError } from "./runtime/database.ts";
import type { Logger } from "./runtime/logger.ts";
import type { Metrics } from "./runtime/metrics.ts";

/** Configuration and rules that belong together. */
export interface InForce {
  readonly config: Config;
  readonly ruleSet: RuleSet;
}

/** The parts of the engine that new inputs change. */
interface Swapped {
  /** How people are addressed: templates, language. */
  readonly words: { use(config: Config): void };
  readonly evaluator: { use(ruleSet: RuleSet): void };
  readonly selection: {
    /** Answers whether other Events are asked for now than before. */
    use(ruleSet: RuleSet): boolean;
  };
  readonly lastGood: {
    /** Throws StorageError. */
    save(ruleSet: RuleSet): void;
  };
  /** Asks the API server for the Events of the selection in force. */
  readonly watch: { restart(): void };
  readonly deliveries: { use(receivers: Config["receivers"]): Promise<void> };
}

export interface ReloaderOptions extends Swapped {
  /** Reads and checks the inputs. Throws CompileFailed, and the signal's reason once that is aborted. */
  readonly compile: (signal: AbortSignal) => Promise<Compiled>;
  readonly health: Pick<Health, "refuse" | "accept">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "rulesLoaded" | "reloads" | "reloadRefused">;
}

export interface Reloader {
  /** Puts the first inputs in force. `refusal`: the newest rules are not among them. */
  begin(first: InForce, refusal: Refusal | null): Promise<void>;
  /**
   * Takes in the inputs after each change, whole or not at all; until aborted. Inputs that came to no answer are tried
   * again without a change, after 5 s, then 10 s, and so on to 5 min.
   */
  run(changes: AsyncIterator<true>, signal: AbortSignal): Promise<void>;
}

/** The first of growing pauses between tries of inputs that came to no answer, and the longest. */
const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 300_000;

interface Swap {
  readonly next: InForce;
  /** Null at the start. */
  readonly before: InForce | null;
  /** Other Events are asked for than before. */
  reselected: boolean;
}

type Step = (parts: ReloaderOptions, swap: Swap) => void | Promise<void>;

/**
 * What is swapped, in this order. Down to `restartWatch` it happens in one turn of the event loop, so that no Event is
 * decided by some of the new inputs and some of the old. Receivers are last: what is stored for a new one meanwhile
 * waits for it in the outbox.
 */
const STEPS: readonly Step[] = [swapWords, swapRules, swapSelection, saveLastGood, restartWatch, swapReceivers];

/** Keeps what is in force and replaces it. */
export function createReloader(options: ReloaderOptions): Reloader {
  const { compile, health, clock, logger, metrics } = options;
  let current: InForce | null = null;
  /** The newest inputs came to no answer. */
  let unanswered = false;

  const use = async (next: InForce): Promise<void> => {
    const swap: Swap = { next, before: current, reselected: false };
    current = next;
    for (const step of STEPS) {
      const waiting = step(options, swap);
      if (waiting !== undefined) await waiting;
    }
    if (swap.before) warnOfRestart(logger, swap.before.config, next.config);
  };

  const accept = (ruleSet: RuleSet): void => {
    const warning = ruleSet.statements.some(({ kind }) => kind === "rule") ? null : "no rule notifies anybody";
    if (warning !== null) logger.warn(warning);
    health.accept(warning);
    metrics.reloadRefused.set(0);
  };

  const refuse = (refusal: Refusal): void => {
    health.refuse(refusal);
    metrics.reloadRefused.set(1);
  };

  /** Answers whether there was an answer. */
  const reload = async (signal: AbortSignal): Promise<boolean> => {
    let compiled: Compiled | null = null;
    let refusal: Refusal;
    try {
      compiled = await compile(signal);
      logDiagnostics(logger, compiled.diagnostics);
      const judged = judge(compiled);
      if ("config" in judged) {
        await use(judged);
        accept(judged.ruleSet);
        metrics.reloads.inc({ outcome: "accepted" });
        return true;
      }
      refusal = judged;
    } catch (error) {
      if (signal.aborted) return true;
      if (!(error instanceof CompileFailed)) throw error;
      refusal = { diagnostics: [], detail: error.message };
    }
    const detail = refusal.detail ?? undefined;
    logger.error({ detail }, "changed rules or configuration refused as a whole: the last good ones go on");
    refuse(refusal);
    metrics.reloads.inc({ outcome: "refused" });
    return compiled !== null && compiled.rulesUnreadable === null;
  };

  return {
    async begin(first, refusal) {
      await use(first);
      if (refusal === null) accept(first.ruleSet);
      else refuse(refusal);
    },
    async run(changes, signal) {
      while (!signal.aborted) {
        const arrival = expect(changes.next(), clock, signal);
        let pauseMs = FIRST_RETRY_MS;
        while (unanswered && !(await arrival.within(pauseMs))) {
          unanswered = !(await reload(signal));
          pauseMs = Math.min(pauseMs * 2, LONGEST_RETRY_MS);
        }
        if ((await arrival.change).done === true) return;
        unanswered = !(await reload(signal));
      }
    },
  };
}

interface Arrival {
  readonly change: Promise<IteratorResult<true>>;
  /** Whether it is there, or we are to stop, once so much time is over or sooner. */
  within(ms: number): Promise<boolean>;
}

/** Waits for one change in pieces. Each `within` leaves nothing behind, however long the change takes. */
function expect(change: Promise<IteratorResult<true>>, clock: Clock, signal: AbortSignal): Arrival {
  const arrived = new AbortController();
  const note = (): void => arrived.abort();
  change.then(note, note);
  const ended = AbortSignal.any([arrived.signal, signal]);
  return {
    change,
    async within(ms) {
      await clock.sleep(ms, ended).catch(() => {});
      return ended.aborted;
    },
  };
}

/** Both, if they can be put in force together, else why not. A set without statements is one that somebody emptied. */
function judge({ config, ruleSet, rulesUnreadable, diagnostics }: Compiled): InForce | Refusal {
  if (config && ruleSet && ruleSet.statements.length > 0) return { config, ruleSet };
  const detail = rulesUnreadable ?? (config && ruleSet ? NO_STATEMENTS : null);
  return { diagnostics, detail };
}

const NO_STATEMENTS = "the rules hold no statement; rules that are to notify nobody hold a `drop`";

/**
 * What an engine starts with: the inputs, or in place of rules that are refused the last good ones, if they name no
 * receiver or template that is gone. Rules without statements are taken where there never were others.
 *
 * Throws RefusedInputs, or CompileFailed for rules that cannot be read.
 */
export function firstInForce(
  compiled: Compiled,
  config: Config,
  lastGood: () => RuleSet | null,
): { readonly first: InForce; readonly refusal: Refusal | null } {
  const judged = judge(compiled);
  if ("config" in judged) return { first: judged, refusal: null };
  const kept = lastGood();
  if (kept && kept.statements.length > 0 && isUsable(kept, config)) {
    return { first: { config, ruleSet: kept }, refusal: judged };
  }
  if (compiled.rulesUnreadable !== null) {
    throw new CompileFailed(`${compiled.rulesUnreadable}; name them with --rules`);
  }
  if (!compiled.ruleSet) throw new RefusedInputs(compiled.diagnostics);
  return { first: { config, ruleSet: compiled.ruleSet }, refusal: null };
}

function isUsable(rules: RuleSet, config: Config): boolean {
  const receivers = new Set(config.receivers.map((receiver) => receiver.name));
  return rules.statements.every(
    (statement) =>
      statement.kind === "drop" ||
      (statement.receivers.every((name) => receivers.has(name)) &&
        (statement.template === null || Object.hasOwn(config.templates, statement.template))),
  );
}

function swapWords({ words }: Swapped, { next }: Swap): void {
  words.use(next.config);
}

function swapRules({ evaluator, metrics, logger }: ReloaderOptions, { next: { ruleSet } }: Swap): void {
  evaluator.use(ruleSet);
  metrics.rulesLoaded.set(ruleSet.statements.length);
  logger.info({ statements: ruleSet.statements.length }, "rules in force");
}

function swapSelection({ selection }: Swapped, swap: Swap): void {
  swap.reselected = selection.use(swap.next.ruleSet);
}

function saveLastGood({ lastGood, logger }: ReloaderOptions, { next }: Swap): void {
  try {
    lastGood.save(next.ruleSet);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    logger.warn({ reason: error.reason }, "cannot keep these rules on disk: a restart may fall back to older ones");
  }
}

function restartWatch({ watch }: Swapped, { before, reselected }: Swap): void {
  if (before && reselected) watch.restart();
}

async function swapReceivers({ deliveries }: Swapped, { before, next }: Swap): Promise<void> {
  if (before && JSON.stringify(before.config.receivers) === JSON.stringify(next.config.receivers)) return;
  await deliveries.use(next.config.receivers);
}

/** At the severity of each. */
export function logDiagnostics(logger: Logger, diagnostics: readonly Diagnostic[]): void {
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
