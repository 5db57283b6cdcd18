import type { Clock } from "../runtime/clock.ts";
import { KubeUnreachable, type KubeApi } from "../runtime/kube.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { readTrouble, type Trouble } from "./answer.ts";
import { createBackoff } from "./backoff.ts";
import { parseJson } from "./fields.ts";
import { listPages } from "./list.ts";
import type { Prefilter } from "./prefilter.ts";
import { compareResourceVersions } from "./resource-version.ts";
import { resourceVersionOf } from "./watch-line.ts";
import { createWatchReader, type WatchItem } from "./watch-reader.ts";

/** What one read of the stream brought. Received are `items`, `skipped`, `malformed` and `deleted` together. */
export interface WatchBatch {
  readonly items: readonly WatchItem[];
  /** Lines that no rule can match, told apart on their bytes. */
  readonly skipped: number;
  /** Lines that are no watch event, or too long to be one. */
  readonly malformed: number;
  /** DELETED lines: an Event's hour is over, which is no occurrence. They count as replayed. */
  readonly deleted: number;
  readonly bytes: number;
  /** Where to go on once this batch is stored; null when it moves nothing. */
  readonly resourceVersion: string | null;
  /** Whether, this batch included, the state the cluster was in has been given in full. */
  readonly synced: boolean;
}

interface ReflectorProgress {
  /** An answer of the API server is being read, or the last one ended well less than a second ago. */
  readonly connected: boolean;
  readonly synced: boolean;
  /** Monotonic ms of the last sign of life: bytes, a ping's answer, an accepted request. */
  readonly lastAliveAt: number;
  /** Set while the API server does not let us watch. The message holds no secret. */
  readonly refused: { readonly status: number; readonly message: string } | null;
  /** The last version whose batch the consumer took, and when (epoch ms): what `since` means after a relist. */
  readonly accepted: { readonly resourceVersion: string; readonly at: number } | null;
}

export interface Reflector {
  /**
   * Lists and watches until the signal is aborted, and then returns; whatever the world does, it goes on. One batch
   * per read, and the next read only when the consumer asks for it: a consumer that stores before it asks again
   * loses nothing, and one that is slow slows the server. To be called once.
   */
  watch(signal: AbortSignal): AsyncGenerator<WatchBatch, void>;
  progress(): ReflectorProgress;
  /** Ends the current watch and lists again, with the selector as it is now. */
  restart(): void;
}

export interface ReflectorOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly logger: Pick<Logger, "info" | "warn">;
  readonly metrics: Pick<Metrics, "watchBytes" | "watches" | "lists" | "linesSkipped" | "linesOversized">;
  /** Asked at each request; empty for none. */
  readonly selector: () => string;
  /** Asked at each request. */
  readonly skip: () => Prefilter;
  /** The stored resourceVersion to go on from; null lists first. */
  readonly checkpoint?: string | null;
  readonly random?: () => number;
}

const EVENTS_PATH = "/api/v1/events";
const PAGE_LIMIT = 100;

/**
 * Each watch lasts 240 to 300 s: long enough to cost little, short enough to stay inside kine's five minutes between
 * compactions, as Events get no bookmarks that would keep a quiet watch's version fresh.
 */
const WATCH_SECONDS_MIN = 240;
const WATCH_SECONDS_MORE = 60;
/** A server that lets a watch overrun by this much is not there any more. */
const DEADLINE_SLACK_MS = 15_000;

/**
 * A server from before 1.27 does not know `sendInitialEvents`: it takes the parameter for nothing and never says where
 * the initial events end. One that knows it writes them without a pause.
 */
const INITIAL_SILENCE_MS = 3_000;

const BRIEF_MS = 5_000;
const REFUSED_RETRY_MS = 30_000;
const RELIST_AT_ONCE_AFTER_MS = 30_000;

/** How one list or watch ended. */
type Ending =
  | Trouble
  | { readonly kind: "ended"; readonly lastedMs: number }
  /** By us: a restart, or the end of everything. */
  | { readonly kind: "stopped" };

const OUTCOMES = {
  ended: "ended",
  stopped: "ended",
  gone: "gone",
  refused: "refused",
  invalid: "refused",
  failed: "error",
  timeout: "timeout",
} as const;

/** See `Reflector`. It never gives up: what is wrong shows in `progress`, the log and the metrics. */
export function createReflector(options: ReflectorOptions): Reflector {
  const { api, clock, logger, metrics } = options;
  const random = options.random ?? Math.random;
  const backoff = createBackoff(clock, random);

  let version: string | null = options.checkpoint ?? null;
  let accepted: ReflectorProgress["accepted"] = null;
  // A stored version may come from a datastore that has been rebuilt since, and so may ours after an outage. A watch
  // from the future is accepted and stays silent, so such a version must prove itself first.
  let doubtful = version !== null;
  let synced = version !== null;
  let streamsInitialEvents = true;
  let selectorRefused: string | null = null;
  let connected = false;
  let lastAliveAt = clock.monotonic();
  let lastListAt = -Infinity;
  let refused: ReflectorProgress["refused"] = null;
  let restarting = new AbortController();

  const alive = (): void => {
    lastAliveAt = clock.monotonic();
  };

  const accept = (batch: WatchBatch): void => {
    if (batch.resourceVersion === null) return;
    version = batch.resourceVersion;
    accepted = { resourceVersion: version, at: clock.now() };
  };

  const selector = (): string => {
    const wanted = options.selector();
    return wanted === selectorRefused ? "" : wanted;
  };

  const welcome = (): void => {
    alive();
    connected = true;
    if (refused) logger.info("the API server lets us in again");
    refused = null;
  };

  const takeSynced = (): void => {
    synced = true;
    lastListAt = clock.monotonic();
    metrics.lists.inc();
  };

  /** Lists in pages, for servers that do not stream the initial state. */
  async function* list(signal: AbortSignal): AsyncGenerator<WatchBatch, Ending> {
    const pages = listPages({ api, path: EVENTS_PATH, fieldSelector: selector(), limit: PAGE_LIMIT, signal });
    for (;;) {
      const page = await pages.next();
      if (page.done === true) return page.value ?? { kind: "ended", lastedMs: Infinity };
      welcome();
      const { objects, bytes, resourceVersion } = page.value;
      metrics.watchBytes.inc(bytes);
      if (resourceVersion !== null) takeSynced();
      const items = objects.map((object): WatchItem => ({ object, type: "ADDED", initial: true }));
      const batch = { items, skipped: 0, malformed: 0, deleted: 0, bytes, resourceVersion, synced };
      yield batch;
      accept(batch);
    }
  }

  /** Watches from `from`, or from the initial state where it is null. */
  async function* stream(from: string | null, signal: AbortSignal): AsyncGenerator<WatchBatch, Ending> {
    const seconds = WATCH_SECONDS_MIN + Math.floor(random() * (WATCH_SECONDS_MORE + 1));
    const query = new URLSearchParams({ watch: "1", allowWatchBookmarks: "true", timeoutSeconds: String(seconds) });
    if (from === null) {
      query.set("sendInitialEvents", "true");
      query.set("resourceVersionMatch", "NotOlderThan");
    } else query.set("resourceVersion", from);
    const fieldSelector = selector();
    if (fieldSelector) query.set("fieldSelector", fieldSelector);

    const overdue = new AbortController();
    const stopTimer = new AbortController();
    const within = AbortSignal.any([signal, overdue.signal]);
    const deadlineMs = seconds * 1000 + DEADLINE_SLACK_MS;
    clock.sleep(deadlineMs, stopTimer.signal).then(
      () => overdue.abort(new KubeUnreachable(`the watch overran its ${seconds} s`, { silent: true })),
      () => {},
    );
    let initial = from === null;
    let readAt = 0;
    let endless = false;
    const missEnd = async (): Promise<void> => {
      for (;;) {
        await clock.sleep(INITIAL_SILENCE_MS, stopTimer.signal);
        if (!initial) return;
        if (clock.monotonic() - readAt < INITIAL_SILENCE_MS) continue;
        endless = true;
        overdue.abort(new KubeUnreachable("the initial events had no end", { silent: true }));
        return;
      }
    };
    try {
      const answer = await api.request(`${EVENTS_PATH}?${query.toString()}`, {
        signal: within,
        stream: true,
        onActivity: alive,
      });
      if (answer.status !== 200) return (await readTrouble(answer)).trouble;
      welcome();
      const startedAt = clock.monotonic();
      readAt = startedAt;
      if (initial) missEnd().catch(() => {});
      const read = createWatchReader({ skips: options.skip(), initial, metrics });
      for await (const chunk of answer.body) {
        readAt = clock.monotonic();
        const reading = read(chunk);
        if (initial && !reading.initial) takeSynced();
        ({ initial } = reading);
        const { items, skipped, malformed, deleted, resourceVersion } = reading;
        if (malformed > 0) logger.warn({ lines: malformed }, "lines of the watch that are no watch event");
        const batch = {
          items,
          skipped,
          malformed,
          deleted,
          bytes: chunk.length,
          resourceVersion,
          synced: synced && !initial,
        };
        yield batch;
        accept(batch);
        // Some servers leave the stream open after an ERROR; nothing good comes any more.
        if (reading.trouble) return reading.trouble;
      }
      if (initial) return { kind: "invalid", message: "the initial events had no end" };
      return { kind: "ended", lastedMs: clock.monotonic() - startedAt };
    } catch (error) {
      if (endless && error instanceof KubeUnreachable) return { kind: "invalid", message: error.message };
      throw error;
    } finally {
      stopTimer.abort();
    }
  }

  /** Whether the server's present lies before our version: then it is not the datastore we knew. */
  const liesInFuture = async (known: string, signal: AbortSignal): Promise<Trouble | boolean> => {
    const answer = await api.request(`${EVENTS_PATH}?limit=1`, { signal });
    if (answer.status !== 200) return (await readTrouble(answer)).trouble;
    const present = resourceVersionOf(parseJson(await answer.text()));
    return (compareResourceVersions(present, known) ?? 0) < 0;
  };

  async function* attempt(signal: AbortSignal): AsyncGenerator<WatchBatch, Ending> {
    try {
      if (version !== null && doubtful) {
        const answer = await liesInFuture(version, signal);
        if (typeof answer === "object") return answer;
        welcome();
        doubtful = false;
        if (answer) return { kind: "gone", message: "the datastore is older than our checkpoint" };
      }
      if (version === null && !streamsInitialEvents) {
        const ending = yield* list(signal);
        if (ending.kind !== "ended") return ending;
      }
      return yield* stream(version, signal);
    } catch (error) {
      if (signal.aborted) return { kind: "stopped" };
      if (!(error instanceof KubeUnreachable)) throw error;
      doubtful = version !== null;
      if (error.silent) return { kind: "timeout", message: error.message };
      return { kind: "failed", message: error.message, retryAfterMs: null };
    }
  }

  /** What an ending changes, and how long to wait before the next try. */
  const settle = (ending: Ending): number => {
    let waitMs = 0;
    switch (ending.kind) {
      case "stopped":
        break;
      case "ended":
        // The server's own timeout. The jitter keeps a fleet from coming back in step.
        waitMs = ending.lastedMs > BRIEF_MS ? random() * 1000 : backoff.nextMs();
        break;
      case "gone":
        logger.info({ why: ending.message }, "the resourceVersion is gone, listing again");
        version = null;
        synced = false;
        // Once at once: history grows older while we wait. Again and again only at the pace of failures.
        if (clock.monotonic() - lastListAt <= RELIST_AT_ONCE_AFTER_MS) waitMs = backoff.nextMs();
        break;
      case "invalid": {
        const fieldSelector = selector();
        if (version === null && streamsInitialEvents) {
          streamsInitialEvents = false;
          logger.info("this API server does not stream the initial state, listing in pages");
        } else if (fieldSelector) {
          selectorRefused = fieldSelector;
          logger.warn({ why: ending.message }, "this API server refuses the field selector, going on without one");
        } else {
          refused = { status: 400, message: ending.message };
          waitMs = REFUSED_RETRY_MS * (1 + random());
        }
        break;
      }
      case "refused":
        if (!refused) logger.warn({ status: ending.status, why: ending.message }, "the API server refuses the watch");
        refused = { status: ending.status, message: ending.message };
        // RBAC is mended by people. A token is rotated by kubelet, within seconds.
        waitMs = ending.status === 403 ? REFUSED_RETRY_MS * (1 + random()) : backoff.nextMs();
        break;
      case "failed":
        waitMs = backoff.nextMs(ending.retryAfterMs);
        logger.warn({ why: ending.message, waitMs: Math.round(waitMs) }, "the watch failed");
        break;
      case "timeout":
        waitMs = backoff.nextMs();
        logger.warn({ why: ending.message, waitMs: Math.round(waitMs) }, "the API server fell silent");
        break;
    }
    return waitMs;
  };

  return {
    async *watch(signal) {
      while (!signal.aborted) {
        const either = AbortSignal.any([signal, restarting.signal]);
        const ending = yield* attempt(either);
        metrics.watches.inc({ outcome: OUTCOMES[ending.kind] });
        const waitMs = settle(ending);
        connected = ending.kind === "ended" || ending.kind === "stopped";
        if (waitMs > 0 && !either.aborted) {
          await clock.sleep(waitMs, either).catch((error: unknown) => {
            if (!either.aborted) throw error;
          });
        }
        if (restarting.signal.aborted) {
          restarting = new AbortController();
          version = null;
          synced = false;
        }
      }
      connected = false;
    },
    progress: () => ({
      connected,
      synced,
      lastAliveAt,
      refused,
      accepted,
    }),
    restart: () => restarting.abort(new Error("restart")),
  };
}
