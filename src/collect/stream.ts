import type { Clock } from "../runtime/clock.ts";
import { KubeUnreachable, type KubeApi, type KubeResponse } from "../runtime/kube.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { createWaitLimit } from "../runtime/wait-limit.ts";
import { readTrouble } from "./answer.ts";
import type { Prefilter } from "./prefilter.ts";
import { backlogOf, endWith, selectorFor, type Step } from "./reflector-state.ts";
import { EVENTS_PATH } from "./resource-path.ts";
import type { ServerTime } from "./server-time.ts";
import type { Batch } from "./source.ts";
import { createWatchReader } from "./watch-reader.ts";

export interface StreamOptions {
  readonly api: KubeApi;
  /** Name of the source. */
  readonly name: string;
  /** For the time limits. */
  readonly clock: Clock;
  readonly random: () => number;
  readonly selector: () => string;
  readonly skip: () => Prefilter;
  readonly startupMaxAgeMs: () => number;
  readonly serverTime: ServerTime;
  readonly onAccepted: (answer: KubeResponse) => void;
  readonly onActivity: () => void;
  readonly logger: Pick<Logger, "warn">;
  readonly metrics: Pick<Metrics, "watchBytes" | "linesSkipped" | "linesOversized">;
}

/**
 * Each watch lasts 240 to 300 s: long enough to cost little, short enough to stay inside kine's five minutes between
 * compactions, as Events get no bookmarks that would keep a quiet watch's version fresh.
 */
const WATCH_SECONDS_MIN = 240;
const WATCH_SECONDS_MORE = 60;
/** A server that lets a watch overrun by this much is not there any more. */
const OVERRUN_MS = 15_000;

/**
 * A server from before 1.27 does not know `sendInitialEvents`: it takes the parameter for nothing and never says where
 * the initial events end. One that knows it writes them without a pause.
 */
const INITIAL_SILENCE_MS = 3_000;

function pathOf(version: string | null, seconds: number, fieldSelector: string): string {
  const query = new URLSearchParams({ watch: "1", allowWatchBookmarks: "true", timeoutSeconds: String(seconds) });
  if (version === null) {
    query.set("sendInitialEvents", "true");
    query.set("resourceVersionMatch", "NotOlderThan");
  } else query.set("resourceVersion", version);
  if (fieldSelector) query.set("fieldSelector", fieldSelector);
  return `${EVENTS_PATH}?${query.toString()}`;
}

/** Step: watches on from the position, or from the initial state on when that has yet to be given. */
export function createStream(options: StreamOptions): Step {
  const { api, name, clock, random, serverTime, onActivity, logger, metrics } = options;

  return async function* stream(state, signal) {
    const version = state.isListed ? (state.position?.version ?? null) : null;
    const seconds = WATCH_SECONDS_MIN + Math.floor(random() * (WATCH_SECONDS_MORE + 1));
    const overrun = createWaitLimit(
      clock,
      seconds * 1000 + OVERRUN_MS,
      () => new KubeUnreachable(`the watch overran its ${seconds} s`, { silent: true }),
    );
    // Silence is when no bytes come though we wait for them; a consumer that takes its time is none.
    const silence = createWaitLimit(
      clock,
      INITIAL_SILENCE_MS,
      () => new KubeUnreachable("the initial events had no end", { silent: true }),
    );
    try {
      const path = pathOf(version, seconds, selectorFor(state, options.selector()));
      const within = AbortSignal.any([signal, overrun.signal, silence.signal]);
      overrun.begin();
      const answer = await api.request(path, { signal: within, stream: true, onActivity });
      if (answer.status !== 200) {
        const trouble = await readTrouble(answer);
        return endWith(trouble.kind === "invalid" && version === null ? { kind: "unstreamed" } : trouble);
      }
      options.onAccepted(answer);
      const startedAt = clock.monotonic();
      const backlog = version === null ? backlogOf(state, serverTime.now(), options.startupMaxAgeMs()) : null;
      const read = createWatchReader({ skips: options.skip(), backlog, metrics });
      let isInitial = backlog !== null;
      if (isInitial) silence.begin();
      for await (const chunk of answer.body) {
        overrun.pause();
        silence.pause();
        const reading = read(chunk);
        ({ isInitial } = reading);
        const { items, skipped, malformed, deleted } = reading;
        if (malformed > 0) logger.warn({ lines: malformed }, "lines of the watch that are no watch event");
        const position =
          reading.version === null ? null : { source: name, version: reading.version, at: serverTime.now() };
        const batch: Batch = { items, skipped, malformed, deleted, position, synced: !isInitial };
        yield batch;
        // Some servers leave the stream open after an ERROR; nothing good comes any more.
        if (reading.trouble) return endWith(reading.trouble);
        overrun.begin();
        silence.reset();
        if (isInitial) silence.begin();
      }
      return endWith(isInitial ? { kind: "unstreamed" } : { kind: "ended", lastedMs: clock.monotonic() - startedAt });
    } catch (error) {
      if (silence.signal.aborted && error === silence.signal.reason) return endWith({ kind: "unstreamed" });
      throw error;
    } finally {
      overrun.stop();
      silence.stop();
    }
  };
}
