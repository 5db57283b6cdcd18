import type { Checkpoint } from "./checkpoint.ts";
import type { Lookup } from "./collect/lookup.ts";
import { normalize } from "./collect/normalize.ts";
import type { OccurrenceCounter } from "./collect/occurrences.ts";
import type { Batch, Source } from "./collect/source.ts";
import type { Evaluator } from "./decide/evaluate.ts";
import type { LookupNotices } from "./decide/lookup-notice.ts";
import type { AddressedAlert } from "./model/alert.ts";
import type { Looked, SeenEvent } from "./model/event.ts";
import type { Progress } from "./progress.ts";
import type { Clock } from "./runtime/clock.ts";
import type { Logger } from "./runtime/logger.ts";
import type { Metrics } from "./runtime/metrics.ts";

/** The stages, and what they share. */
export interface PipelineParts {
  readonly source: Source;
  readonly occurrences: OccurrenceCounter;
  readonly lookup: Lookup;
  readonly evaluator: Evaluator;
  readonly lookupNotices: LookupNotices;
  /** Whether the configuration names this receiver now. */
  readonly isReceiver: (name: string) => boolean;
  readonly progress: Progress;
  readonly checkpoint: Pick<Checkpoint, "counts" | "groups" | "agenda">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "eventsReceived" | "events">;
}

export interface Pipeline {
  /** Runs until the signal is aborted; then what was read is decided and stored. Throws only our own bugs. */
  run(signal: AbortSignal): Promise<void>;
}

/** How often is looked for what falls due, and a disk that takes nothing is asked again. */
const TICK_MS = 1_000;
/** How often such a disk is told. */
const WARN_PAUSE_MS = 60_000;

/**
 * THE MAP: one Event's way from its source to the outbox, one line a stage. Below the outbox the dispatchers go on at
 * their own pace, one delivery at a time.
 *
 * What a batch leads to is on disk, with the checkpoint that says so, before the next batch is read.
 */
export function createPipeline(parts: PipelineParts): Pipeline {
  const { source, occurrences, lookup, evaluator, lookupNotices, progress, checkpoint, clock, metrics } = parts;

  let stopped = AbortSignal.abort();
  let warnedAt = -Infinity;

  /** Everything one read of the source brought. */
  const decideBatch = (batch: Batch): AddressedAlert[] => {
    metrics.eventsReceived.inc(batch.items.length + batch.skipped + batch.malformed + batch.deleted);
    metrics.events.inc({ outcome: "unmatched" }, batch.skipped);
    metrics.events.inc({ outcome: "malformed" }, batch.malformed);
    metrics.events.inc({ outcome: "replayed" }, batch.deleted);
    return batch.items.flatMap((item) => {
      const event = normalize(item.object, source.name);
      if (!event) return end("malformed");
      const seen = occurrences.take(event, item.backlog);
      if (seen === "replayed") return end("replayed");
      return decide(seen, lookup.peek(event.involvedObject)) ?? decideLater(seen);
    });
  };

  const end = (outcome: "malformed" | "replayed"): AddressedAlert[] => {
    metrics.events.inc({ outcome });
    return [];
  };

  /** Null: labels decide, and nobody has looked them up. */
  const decide = (seen: SeenEvent, looked: Looked | null): AddressedAlert[] | null => {
    const evaluation = evaluator.evaluate(seen, looked);
    if (evaluation === "needs-meta") return null;
    metrics.events.inc({ outcome: evaluation.outcome });
    return [...evaluation.alerts, ...lookupNotices.take(seen.event, looked, evaluation.unknown)];
  };

  /** Looks the object up beside the stream: nothing waits for it but this Event. */
  const decideLater = (seen: SeenEvent): AddressedAlert[] => {
    const { eventUid, involvedObject } = seen.event;
    progress.hold(eventUid);
    void lookup.find(involvedObject).then(async (looked) => {
      // Look-ups break off when we stop. What was not decided was not stored either, and comes again.
      if (stopped.aborted) return;
      const alerts = decide(seen, looked);
      if (alerts === null) throw new Error("an Event asked for labels it had been given");
      progress.release(eventUid);
      await store(alerts);
    });
    return [];
  };

  /** Waits while the disk takes nothing: the source stands still and keeps the Events. */
  const store = async (alerts: readonly AddressedAlert[]): Promise<void> => {
    // Looked-up Events are stored beside the stream: it waits for them here, or they would pile up in memory.
    if (alerts.length === 0 && !progress.isBehind()) return;
    let trouble = progress.save(alerts);
    while (trouble !== null) {
      if (clock.monotonic() - warnedAt >= WARN_PAUSE_MS) {
        warnedAt = clock.monotonic();
        parts.logger.warn({ trouble }, "cannot store alerts: the watch waits");
      }
      if (stopped.aborted) return;
      await clock.sleep(TICK_MS, stopped).catch(() => {});
      trouble = progress.save([]);
    }
  };

  /** What falls due began a while ago, and a reload may have taken a receiver away since. */
  const forKnownReceivers = ({ alert, receivers }: AddressedAlert): readonly AddressedAlert[] => {
    const known = receivers.filter((name) => parts.isReceiver(name));
    if (known.length < receivers.length) {
      parts.logger.warn({ rule: alert.rule?.name, told: known }, "an alert's receiver is gone: it is not told");
    }
    return known.length === 0 ? [] : [{ alert, receivers: known }];
  };

  const tick = async (): Promise<void> => {
    while (!stopped.aborted) {
      await clock.sleep(TICK_MS, stopped).catch(() => {});
      await store(evaluator.due().flatMap(forKnownReceivers));
      progress.saveNowAndThen();
    }
  };

  return {
    async run(signal) {
      stopped = signal;
      occurrences.restore(checkpoint.counts(occurrences.maxEvents));
      evaluator.restore({ groups: checkpoint.groups(), agenda: checkpoint.agenda() });
      const ticking = tick();
      let synced = false;
      for await (const batch of source.events(signal)) {
        await store(decideBatch(batch));
        if (batch.position) progress.advance(batch.position);
        if (batch.synced && !synced) progress.save([]);
        ({ synced } = batch);
      }
      await ticking;
      progress.save([]);
    },
  };
}
