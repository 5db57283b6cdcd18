import { expect, onTestFinished } from "vitest";
import { createReflector } from "../../src/collect/reflector.ts";
import type { Batch, Position, Source, SourceItem } from "../../src/collect/source.ts";
import type { ApiServer, ApiServerOptions } from "../../src/emulator/api-server.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { createMetrics, type Metrics } from "../../src/runtime/metrics.ts";
import { startApi } from "./api-server.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";

/** When the emulated cluster is looked at. */
export const NOW: number = Date.parse("2026-11-22T10:05:00Z");

export interface RunOptions {
  readonly server?: ApiServerOptions;
  /** Lets a test prepare the server before the reflector asks it. */
  readonly prepare?: (server: ApiServer) => void;
  readonly after?: Position;
  readonly selector?: () => string;
  readonly maxAgeMs?: number;
  /** By which the engine lives, where that is not the server's. */
  readonly clock?: Pick<Clock, "now" | "monotonic">;
  /** Called with each batch before the next is asked for. */
  readonly store?: (batch: Batch) => Promise<void>;
}

/** A reflector at work, the server it reads from, and all that it has given so far. */
export interface RunningReflector {
  readonly clock: FakeClock;
  readonly server: ApiServer;
  readonly kubeconfig: string;
  readonly metrics: Metrics;
  readonly reflector: Source;
  readonly batches: readonly Batch[];
  readonly logs: readonly (readonly unknown[])[];
  /** Reasons of the Events given so far, with a star those that lay in the cluster before. */
  seen(): string[];
  items(): SourceItem[];
  /** Of the watches so far. */
  outcomes(): Promise<Readonly<Record<string, number>>>;
  stop(): Promise<void>;
}

export function positionAt(version: string | null, at: number = NOW): Position {
  return { source: "home", version, at };
}

function reasonOf({ object }: SourceItem): string {
  return String((object as { readonly reason: unknown }).reason);
}

/** Runs until the test has finished. Between 0 and 1, every random number is a half. */
export async function runReflector(options: RunOptions = {}): Promise<RunningReflector> {
  const clock = createFakeClock(NOW);
  const metrics = createMetrics();
  const startedApi = await startApi(clock, options.server);
  const { server, api, kubeconfig } = startedApi;
  options.prepare?.(server);
  const logs: unknown[][] = [];
  const log = (...what: unknown[]): void => void logs.push(what);
  const reflector = createReflector({
    api,
    name: "home",
    after: options.after ?? null,
    startupMaxAgeMs: () => options.maxAgeMs ?? 300_000,
    clock: options.clock ?? clock,
    networkClock: clock,
    logger: { info: log, warn: log },
    metrics,
    selector: options.selector ?? (() => ""),
    skip: () => () => null,
    random: () => 0.5,
  });
  const stopping = new AbortController();
  const batches: Batch[] = [];
  const finished = (async () => {
    for await (const batch of reflector.events(stopping.signal)) {
      batches.push(batch);
      await options.store?.(batch);
    }
  })();
  // Whoever wants to see it fail asks when it stops.
  finished.catch(() => {});
  const stop = async (): Promise<void> => {
    stopping.abort(new Error("test is over"));
    await finished;
  };
  onTestFinished(async () => {
    await stop().catch(() => {});
    await startedApi.close();
  });
  const items = (): SourceItem[] => batches.flatMap((batch) => batch.items);
  return {
    clock,
    server,
    kubeconfig,
    metrics,
    reflector,
    batches,
    logs,
    items,
    seen: () => items().map((item) => `${reasonOf(item)}${item.backlog ? "*" : ""}`),
    async outcomes() {
      const { values } = await metrics.watches.get();
      return Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value]));
    },
    stop,
  };
}

/** Waits in real time for what the loopback is still carrying. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  await expect.poll(condition, { interval: 5, timeout: 5000 }).toBe(true);
}

/** Until it watches and has given what lay in the cluster. */
export async function untilWatching({ reflector, server }: RunningReflector): Promise<void> {
  await until(() => reflector.progress().synced && server.openWatches() === 1);
}
