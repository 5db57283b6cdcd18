import { cpSync } from "node:fs";
import { createCheckpoint, type Checkpoint } from "../../src/checkpoint.ts";
import type { Lookup } from "../../src/collect/lookup.ts";
import { createOccurrences, type OccurrenceCounter } from "../../src/collect/occurrences.ts";
import type { Backlog, Batch, Position, Source, SourceItem } from "../../src/collect/source.ts";
import { createEvaluator, type Evaluator } from "../../src/decide/evaluate.ts";
import type { Outbox } from "../../src/deliver/outbox.ts";
import { createOutbox } from "../../src/deliver/outbox.ts";
import { createRenderer, type Renderer, type RendererOptions } from "../../src/deliver/render.ts";
import type { EventFields } from "../../src/emulator/event-store.ts";
import type { Looked } from "../../src/model/event.ts";
import type { Statement } from "../../src/model/rule.ts";
import { createPipeline, type Pipeline } from "../../src/pipeline.ts";
import { createProgress, type Progress } from "../../src/progress.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { type Database, openDatabase } from "../../src/runtime/database.ts";
import { createMetrics, type Metrics } from "../../src/runtime/metrics.ts";
import { aFolder, aLogger } from "./delivery.ts";
import { aRawEvent } from "./raw-events.ts";

/** What a test says of one item: `initial` stands for the backlog that the source has just then. */
interface ScriptedItem {
  readonly object: unknown;
  readonly initial: boolean;
}

interface ScriptedBatch extends Partial<Omit<Batch, "items" | "position">> {
  readonly items?: readonly ScriptedItem[];
  /** Version of the position. */
  readonly version?: string | null;
}

/** A source that reads from a script. */
interface ScriptedSource extends Source {
  /** Resolves once the consumer has taken the batch and asks for the next. */
  give(batch: ScriptedBatch): Promise<void>;
}

export const SOURCE = "home";

/** An Event of the watch: a Pod's, of its own uid and about an object of its own, unless given. */
export function anItem(
  uid: string,
  version: number,
  { initial = false, ...fields }: EventFields & { readonly initial?: boolean } = {},
): ScriptedItem {
  const metadata = { name: `event-${uid}`, namespace: "shop", uid, resourceVersion: String(version) };
  const involvedObject = { name: `pod-${uid}`, namespace: "shop", uid: `object-${uid}` };
  return { object: aRawEvent({ metadata, involvedObject, ...fields }), initial };
}

function createScriptedSource(clock: Clock, after: Position | null, maxAgeMs: number): ScriptedSource {
  const script: { batch: ScriptedBatch; taken: () => void }[] = [];
  let position = after;
  let wake: (() => void) | null = null;

  const batchOf = ({ items = [], version = null, ...parts }: ScriptedBatch): Batch => {
    const backlog: Backlog = position
      ? { kind: "gap", after: position }
      : { kind: "first", seenAfter: clock.now() - maxAgeMs };
    return {
      items: items.map(({ object, initial }): SourceItem => ({ object, backlog: initial ? backlog : null })),
      skipped: 0,
      malformed: 0,
      deleted: 0,
      position: version === null ? null : { source: SOURCE, version, at: clock.now() },
      synced: true,
      ...parts,
    };
  };

  return {
    name: SOURCE,
    async *events(signal) {
      signal.addEventListener("abort", () => wake?.(), { once: true });
      while (!signal.aborted) {
        const next = script.shift();
        if (next) {
          const batch = batchOf(next.batch);
          yield batch;
          position = batch.position ?? position;
          next.taken();
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    },
    give(batch) {
      const taken = new Promise<void>((resolve) => script.push({ batch, taken: resolve }));
      wake?.();
      return taken;
    },
    progress: () => ({ connected: true, synced: true, lastActivityAt: 0, refused: null }),
    restart: () => {},
  };
}

/** A look-up whose answers a test gives by hand; `immediate` answers all at once. */
export interface HeldLookup extends Lookup {
  /** Answers everybody who waits. */
  answer(looked: Looked): void;
  waiting(): number;
}

export function createHeldLookup(immediate: Looked | null = null): HeldLookup {
  let asking: ((looked: Looked) => void)[] = [];
  return {
    peek: () => null,
    find: () => (immediate ? Promise.resolve(immediate) : new Promise((resolve) => asking.push(resolve))),
    troubles: () => [],
    answer(looked) {
      for (const resolve of asking) resolve(looked);
      asking = [];
    },
    waiting: () => asking.length,
  };
}

export interface EngineParts {
  readonly clock: Clock;
  readonly statements: readonly Statement[];
  /** To come back to what an earlier engine left. */
  readonly folder?: string;
  readonly maxBytes?: number;
  readonly maxGroups?: number;
  readonly maxAgeMs?: number;
  readonly receivers?: readonly string[];
  readonly lookup?: Lookup;
}

/** Everything between a scripted watch and the outbox, real and in a real file. */
export interface TestEngine {
  readonly source: ScriptedSource;
  readonly evaluator: Evaluator;
  readonly occurrences: OccurrenceCounter;
  readonly outbox: Outbox;
  readonly progress: Progress;
  readonly checkpoint: Checkpoint;
  readonly database: Database;
  readonly metrics: Metrics;
  readonly pipeline: Pipeline;
  readonly lines: readonly string[];
  /** Takes rules and receivers into force as a reload does. */
  use(statements: readonly Statement[], receivers?: readonly string[]): void;
  /** Ends the run in good order and closes the file. */
  stop(): Promise<void>;
  /** A folder with what a process that is killed right now leaves on disk. */
  remains(): string;
}

/** Starts the pipeline. The caller stops it. */
export function startEngine(parts: EngineParts): TestEngine {
  const { clock } = parts;
  const folder = parts.folder ?? aFolder();
  const { logger, lines } = aLogger();
  const metrics = createMetrics();
  const database = openDatabase(folder, logger);
  const checkpoint = createCheckpoint(database);
  const outbox = createOutbox({ database, clock, metrics, maxBytes: parts.maxBytes ?? 10_000_000 });
  const evaluator = createEvaluator({
    clock,
    cluster: SOURCE,
    maxGroups: parts.maxGroups ?? 1000,
    metrics,
    logger,
  });
  const occurrences = createOccurrences({ metrics });
  const progress = createProgress({ occurrences, evaluator, outbox, checkpoint, database, clock });
  const source = createScriptedSource(clock, checkpoint.position(SOURCE), parts.maxAgeMs ?? 300_000);
  let known: ReadonlySet<string> = new Set();
  let renderer: Renderer;
  const use: TestEngine["use"] = (statements, names = parts.receivers ?? ["feishu"]) => {
    known = new Set(names);
    const receivers = names.map((name): RendererOptions["receivers"][number] => ({
      kind: "feishu",
      name,
      keywords: [],
    }));
    renderer = createRenderer({ cluster: SOURCE, receivers, templates: {}, timeZone: "UTC" });
    evaluator.use({ statements });
  };
  use(parts.statements);
  const lookup = parts.lookup ?? createHeldLookup({ labels: {}, annotations: {} });
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
    isReceiver: (name) => known.has(name),
  });
  const stopping = new AbortController();
  const running = pipeline.run(stopping.signal);
  return {
    source,
    evaluator,
    occurrences,
    outbox,
    progress,
    checkpoint,
    database,
    metrics,
    pipeline,
    lines,
    use,
    async stop() {
      stopping.abort();
      await running;
      database.close();
    },
    remains() {
      const copy = aFolder();
      cpSync(folder, copy, { recursive: true });
      return copy;
    },
  };
}

/** Summaries of what waits for a receiver, in the order of sending; it is taken out. */
export function drain(outbox: Outbox, receiver = "feishu"): readonly string[] {
  const told: string[] = [];
  for (;;) {
    const entry = outbox.next(receiver, Number.MAX_SAFE_INTEGER);
    if (!entry) return told;
    told.push(entry.summary);
    outbox.delivered(entry.id);
  }
}
