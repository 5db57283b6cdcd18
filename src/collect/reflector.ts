import type { Clock } from "../runtime/clock.ts";
import { KubeUnreachable, type KubeApi, type KubeResponse } from "../runtime/kube.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { createList } from "./list.ts";
import type { Prefilter } from "./prefilter.ts";
import { endWith, type Change, type ReflectorState, type Step, type StepName } from "./reflector-state.ts";
import { createServerTime } from "./server-time.ts";
import { createSettle, createWait } from "./settle.ts";
import type { Batch, Position, Source } from "./source.ts";
import { createStream } from "./stream.ts";
import { createVerify } from "./verify.ts";

export interface ReflectorOptions {
  readonly api: KubeApi;
  /** Name of the source; positions bear it. */
  readonly name: string;
  /** Where the last run stopped; null, or a position of another source: nothing was ever read. */
  readonly after: Position | null;
  /** With nothing ever read, how old an Event of the first list may be and still be news. Asked at each list. */
  readonly startupMaxAgeMs: () => number;
  /** By which Events are stamped. */
  readonly clock: Pick<Clock, "now" | "monotonic">;
  /** For time limits and waits. */
  readonly networkClock: Clock;
  readonly logger: Pick<Logger, "info" | "warn">;
  readonly metrics: Pick<Metrics, "watchBytes" | "watches" | "lists" | "linesSkipped" | "linesOversized">;
  /** Asked at each request; empty for none. */
  readonly selector: () => string;
  /** Asked at each request. */
  readonly skip: () => Prefilter;
  readonly random?: () => number;
}

/**
 * The Events of one API server, listed and watched. It never gives up: what is wrong shows in `progress`, the log and
 * the metrics.
 *
 * A state machine. `verify` asks whether the datastore is still the one we knew. `stream` watches, and takes the initial
 * state with it where the server streams it; elsewhere `list` takes that in pages first. `settle` draws the
 * consequences of how they ended, and `wait` waits until it is time to verify again.
 */
export function createReflector(options: ReflectorOptions): Source {
  const { name, networkClock: clock, logger, metrics } = options;
  let state: ReflectorState = {
    step: "verify",
    position: options.after?.source === name ? options.after : null,
    isListed: false,
    datastore: "unverified",
    refusedSelector: null,
    refused: null,
    ending: { kind: "stopped" },
    waitMs: 0,
    goneAt: -Infinity,
  };
  let connected = false;
  let lastActivityAt = clock.monotonic();
  let restarting = new AbortController();

  const onActivity = (): void => {
    lastActivityAt = clock.monotonic();
  };
  const serverTime = createServerTime(options.clock);
  const onAccepted = (answer: KubeResponse): void => {
    onActivity();
    serverTime.read(answer);
    connected = true;
    if (state.refused) logger.info("the API server lets us in again");
    state = { ...state, refused: null };
  };

  const shared = { ...options, random: options.random ?? Math.random, clock, serverTime, onAccepted, onActivity };
  const steps: Readonly<Record<StepName, Step>> = {
    verify: createVerify(shared),
    stream: createStream(shared),
    list: createList(shared),
    settle: createSettle(shared),
    wait: createWait(clock),
  };

  /** The consumer has stored the batch and asks for the next. */
  const take = ({ position, synced }: Batch): void => {
    if (position) state = { ...state, position };
    if (!synced || state.isListed) return;
    metrics.lists.inc();
    state = { ...state, isListed: true, datastore: "same" };
  };

  /** Runs one step to its end; what the world does to it is an ending too. */
  async function* run(step: Step, signal: AbortSignal): AsyncGenerator<Batch, Change> {
    const batches = step(state, signal);
    try {
      for (;;) {
        const next = await batches.next();
        if (next.done === true) return next.value;
        yield next.value;
        take(next.value);
      }
    } catch (error) {
      if (signal.aborted) return endWith({ kind: "stopped" });
      if (!(error instanceof KubeUnreachable)) throw error;
      const { message, silent } = error;
      const ending = silent
        ? { kind: "timeout" as const, message }
        : { kind: "failed" as const, message, retryAfterMs: null };
      return { ...endWith(ending), datastore: "unverified" };
    } finally {
      // Where the consumer leaves in the middle.
      await batches.return(endWith({ kind: "stopped" }));
    }
  }

  return {
    name,
    async *events(signal) {
      while (!signal.aborted) {
        if (restarting.signal.aborted) {
          restarting = new AbortController();
          state = { ...state, isListed: false };
        }
        const either = AbortSignal.any([signal, restarting.signal]);
        if (state.step === "settle") connected = state.ending.kind === "ended" || state.ending.kind === "stopped";
        const change = yield* run(steps[state.step], either);
        state = { ...state, ...change };
      }
      connected = false;
    },
    progress: () => ({ connected, synced: state.isListed, lastActivityAt, refused: state.refused }),
    restart: () => restarting.abort(new Error("restart")),
  };
}
