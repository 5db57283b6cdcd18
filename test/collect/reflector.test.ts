import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { normalize } from "../../src/collect/normalize.ts";
import { createOccurrences } from "../../src/collect/occurrences.ts";
import { createReflector, type Reflector, type WatchBatch } from "../../src/collect/reflector.ts";
import { createMetrics, type Metrics } from "../../src/runtime/metrics.ts";
import type { ApiServerOptions } from "../../src/emulator/api-server.ts";
import { startApi, type TestApi } from "../support/api-server.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";
import { aRawEvent } from "../support/raw-events.ts";

const NOW = Date.parse("2026-11-22T10:05:00Z");

/** A reflector under test and all it has given so far. */
interface Running {
  readonly reflector: Reflector;
  readonly batches: WatchBatch[];
  readonly logs: unknown[];
  /** Reasons of the Events given so far, initial ones with a star. */
  seen(): string[];
  stop(): Promise<void>;
}

let clock: FakeClock;
let metrics: Metrics;
let test: TestApi;
const running: Running[] = [];

beforeEach(() => {
  clock = createFakeClock(NOW);
  metrics = createMetrics();
});

afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
  await test.close();
});

async function serve(options: ApiServerOptions = {}): Promise<TestApi> {
  test = await startApi(clock, options);
  return test;
}

interface RunOptions {
  readonly checkpoint?: string;
  readonly selector?: () => string;
  /** Called with each batch before the next is asked for. */
  readonly store?: (batch: WatchBatch) => Promise<void>;
}

function run(options: RunOptions = {}): Running {
  const logs: unknown[] = [];
  const log = (...what: unknown[]): void => void logs.push(what);
  const reflector = createReflector({
    api: test.api,
    clock,
    logger: { info: log, warn: log },
    metrics,
    selector: options.selector ?? (() => ""),
    skip: () => () => null,
    checkpoint: options.checkpoint ?? null,
    random: () => 0.5,
  });
  const stop = new AbortController();
  const batches: WatchBatch[] = [];
  const finished = (async () => {
    for await (const batch of reflector.watch(stop.signal)) {
      batches.push(batch);
      await options.store?.(batch);
    }
  })();
  const one: Running = {
    reflector,
    batches,
    logs,
    seen: () =>
      batches
        .flatMap((batch) => batch.items)
        .map((item) => `${(item.object as { reason: string }).reason}${item.initial ? "*" : ""}`),
    async stop() {
      stop.abort(new Error("test is over"));
      await finished;
    },
  };
  running.push(one);
  return one;
}

/** Waits in real time for what the loopback is still carrying. */
async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { interval: 5, timeout: 5000 }).toBe(true);
}

describe("createReflector", () => {
  it("gives what lies in the cluster, then what happens, as Events with their occurrences", async () => {
    const { server } = await serve();
    server.events.create(aRawEvent({ metadata: { name: "a" }, reason: "Old", count: 3 }));
    const one = run();
    await until(() => one.reflector.progress().synced);
    server.events.patch("a", { count: 5, lastTimestamp: "2026-11-22T10:04:00Z", reason: "New" });
    await until(() => one.seen().length === 2);

    expect(one.seen()).toEqual(["Old*", "New"]);
    const occurrences = createOccurrences({ metrics, clock });
    const since = null;
    const taken = one.batches
      .flatMap((batch) => batch.items)
      .map(({ object, initial }) => {
        const event = normalize(object);
        return event && occurrences.take(event, { initial, since, maxAgeMs: 300_000 });
      });
    expect(taken).toMatchObject([
      { history: true, occurrences: { count: 3 } },
      { history: false, occurrences: { count: 2, to: Date.parse("2026-11-22T10:04:00Z") } },
    ]);
  });
});
