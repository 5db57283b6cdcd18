import type { Checkpoint } from "./checkpoint.ts";
import type { Lookup } from "./collect/lookup.ts";
import { normalize } from "./collect/normalize.ts";
import type { OccurrenceCounter } from "./collect/occurrences.ts";
import type { Batch, Source } from "./collect/source.ts";
import type { Evaluation, Evaluator } from "./decide/evaluate.ts";
import type { Renderer } from "./deliver/render.ts";
import type { Looked, ObjectMeta, SeenEvent } from "./model/event.ts";
import type { Notification } from "./model/notification.ts";
import type { Progress } from "./progress.ts";
import type { Clock } from "./runtime/clock.ts";
import type { Logger } from "./runtime/logger.ts";
import type { Metrics } from "./runtime/metrics.ts";

/** The stages, and what they share. `renderer` is asked for at each use: a reload replaces it. */
export interface PipelineParts {
  readonly source: Source;
  readonly occurrences: OccurrenceCounter;
  readonly lookup: Lookup;
  readonly evaluator: Evaluator;
  readonly renderer: () => Renderer;
  /** Whether the configuration names this receiver now. */
  readonly isReceiver: (name: string) => boolean;
  readonly progress: Progress;
  readonly checkpoint: Checkpoint;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface Pipeline {
  /** Runs until the signal is aborted; then what was read is decided and stored. Throws only our own bugs. */
  run(signal: AbortSignal): Promise<void>;
}

/** How often a flood is looked at, and a full outbox asked again. */
const TICK_MS = 1_000;
/** How often a full outbox is told. */
const WARN_PAUSE_MS = 60_000;
function metaOf(looked: Looked): ObjectMeta {
  return "unknown" in looked ? { labels: {}, annotations: {} } : looked;
}

/**
 * THE MAP: one Event's way from the watch to the outbox, one line a stage. Below the outbox the dispatcher goes on
 * at its own pace, one entry at a time.
 *
 * What a batch leads to is on disk, with the checkpoint that says so, before the next batch is read.
 */
export function createPipeline(parts: PipelineParts): Pipeline {
  const { source, occurrences, lookup, evaluator, progress, checkpoint, clock, metrics } = parts;

  let stopped = AbortSignal.abort();
  let warnedAt = -Infinity;

  /** Stations 2 to 8 for everything one read of the stream brought. */
  const decide = (batch: Batch): Notification[] => {
    metrics.eventsReceived.inc(batch.items.length + batch.skipped + batch.malformed + batch.deleted);
    metrics.events.inc({ outcome: "unmatched" }, batch.skipped);
    metrics.events.inc({ outcome: "malformed" }, batch.malformed);
    metrics.events.inc({ outcome: "replayed" }, batch.deleted);
    return batch.items.flatMap((item) => {
      const event = normalize(item.object);
      if (!event) return end("malformed");
      const seen = occurrences.take(event, item.backlog);
      if (seen === "replayed") return end("replayed");
      const looked = lookup.peek(event.involvedObject);
      const evaluation = evaluator.evaluate(seen, looked && metaOf(looked));
      return evaluation === "needs-meta" ? decideLater(seen) : conclude(evaluation);
    });
  };

  const end = (outcome: "malformed" | "replayed" | Evaluation["outcome"]): Notification[] => {
    metrics.events.inc({ outcome });
    return [];
  };

  const conclude = ({ outcome, passed }: Evaluation): Notification[] => {
    end(outcome);
    return passed.flatMap((one) => {
      metrics.matchOutcomes.inc({ rule: one.match.rule.name, outcome: "rendered" });
      return parts.renderer().render(one);
    });
  };

  const renderFloods = (everything = false): Notification[] =>
    evaluator.floods(everything).flatMap((flood) => {
      // It began up to a minute ago, and a reload may have taken a receiver away since.
      const receivers = flood.receivers.filter((name) => parts.isReceiver(name));
      if (receivers.length < flood.receivers.length) {
        parts.logger.warn({ rule: flood.rule.name, told: receivers }, "a flood's receiver is gone: it is not told");
      }
      return parts.renderer().renderDigest({ ...flood, receivers });
    });

  /** Looks the object up beside the stream: nothing waits for it but this Event. */
  const decideLater = (seen: SeenEvent): Notification[] => {
    const { eventUid, involvedObject } = seen.event;
    progress.hold(eventUid);
    void lookup.find(involvedObject).then(async (looked) => {
      // Look-ups break off when we stop. What was not decided was not stored either, and comes again.
      if (stopped.aborted) return;
      const evaluation = evaluator.evaluate(seen, metaOf(looked));
      if (evaluation === "needs-meta") throw new Error("an Event asked for labels it had been given");
      progress.release(eventUid);
      await store(conclude(evaluation));
    });
    return [];
  };

  /** Station 9. Waits while the outbox is full: the watch stands still and the API server keeps the Events. */
  const store = async (notifications: readonly Notification[]): Promise<void> => {
    // Looked-up Events are stored beside the stream: it waits for them here, or they would pile up in memory.
    if (notifications.length === 0 && !progress.isBehind()) return;
    let trouble = progress.save(notifications);
    while (trouble !== null) {
      if (clock.monotonic() - warnedAt >= WARN_PAUSE_MS) {
        warnedAt = clock.monotonic();
        parts.logger.warn({ trouble }, "cannot store notifications: the watch waits");
      }
      if (stopped.aborted) return;
      await clock.sleep(TICK_MS, stopped).catch(() => {});
      trouble = progress.save([]);
    }
  };

  const tick = async (): Promise<void> => {
    while (!stopped.aborted) {
      await clock.sleep(TICK_MS, stopped).catch(() => {});
      await store(renderFloods());
      progress.saveNowAndThen();
    }
  };

  return {
    async run(signal) {
      stopped = signal;
      occurrences.restore(checkpoint.counts(occurrences.maxEvents));
      evaluator.restore(checkpoint.groups());
      const ticking = tick();
      let synced = false;
      for await (const batch of source.events(signal)) {
        await store(decide(batch));
        if (batch.position) progress.advance(batch.position);
        if (batch.synced && !synced) progress.save([]);
        ({ synced } = batch);
      }
      await ticking;
      await store(renderFloods(true));
      progress.save([]);
    },
  };
}
