import type { Checkpoint } from "./checkpoint.ts";
import type { Lookup } from "./collect/lookup.ts";
import { normalize } from "./collect/normalize.ts";
import type { OccurrenceCounter, Since } from "./collect/occurrences.ts";
import type { Reflector, WatchBatch } from "./collect/reflector.ts";
import type { Evaluation, Evaluator } from "./decide/evaluate.ts";
import type { Renderer } from "./deliver/render.ts";
import type { AddressedAlert } from "./model/alert.ts";
import type { SeenEvent } from "./model/event.ts";
import type { Notification } from "./model/notification.ts";
import type { Rule } from "./model/rule.ts";
import type { Progress } from "./progress.ts";
import type { Clock } from "./runtime/clock.ts";
import type { Logger } from "./runtime/logger.ts";
import type { Metrics } from "./runtime/metrics.ts";

/** The stages, and what they share. `renderer` is asked for at each use: a reload replaces it. */
export interface PipelineParts {
  /** Name of the cluster the reflector watches. */
  readonly cluster: string;
  readonly reflector: Reflector;
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
  /** With no checkpoint, how old an Event of the first list may be and still notify. */
  readonly startupMaxAgeMs: () => number;
}

export interface Pipeline {
  /** Runs until the signal is aborted; then what was read is decided and stored. Throws only our own bugs. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * To be called when the selection of Events has changed: what the next list shows of times before now, and was
   * not selected then, is history.
   */
  reselected(): void;
}

/** What rendering does not ask of a rule. */
const NO_RULE: Omit<Rule, "key" | "name" | "template" | "values" | "severity"> = {
  kind: "rule",
  file: "",
  line: 0,
  condition: { kind: "and", parts: [] },
  threshold: null,
  throttle: null,
  by: [],
  receivers: [],
  stop: false,
};

/** How often a flood is looked at, and a full outbox asked again. */
const TICK_MS = 1_000;
/** How often a full outbox is told. */
const WARN_PAUSE_MS = 60_000;
/** Reporters stamp whole seconds with clocks of their own. */
const RESELECT_SLACK_MS = 5_000;

/**
 * THE MAP: one Event's way from the watch to the outbox, one line a stage. Below the outbox the dispatcher goes on
 * at its own pace, one entry at a time.
 *
 * What a batch leads to is on disk, with the checkpoint that says so, before the next batch is read.
 */
export function createPipeline(parts: PipelineParts): Pipeline {
  const { reflector, occurrences, lookup, evaluator, progress, checkpoint, clock, metrics } = parts;

  let since: Since | null = checkpoint.since();
  /** Set by a new selection until a list has been taken with it. */
  let reselectedSince: { readonly since: Since; listed: boolean } | null = null;
  let stopped = AbortSignal.abort();
  let warnedAt = -Infinity;

  /** Stations 2 to 8 for everything one read of the stream brought. */
  const decide = (batch: WatchBatch): Notification[] => {
    metrics.eventsReceived.inc(batch.items.length + batch.skipped + batch.malformed + batch.deleted);
    metrics.events.inc({ outcome: "unmatched" }, batch.skipped);
    metrics.events.inc({ outcome: "malformed" }, batch.malformed);
    metrics.events.inc({ outcome: "replayed" }, batch.deleted);
    return batch.items.flatMap((item) => {
      const event = normalize(item.object, parts.cluster);
      if (!event) return end("malformed");
      const seen = occurrences.take(event, { initial: item.initial, since, maxAgeMs: parts.startupMaxAgeMs() });
      if (seen === "replayed") return end("replayed");
      const evaluation = evaluator.evaluate(seen, lookup.peek(event.involvedObject));
      return evaluation === "needs-meta" ? park(seen) : conclude(evaluation);
    });
  };

  const end = (outcome: "malformed" | "replayed" | Evaluation["outcome"]): Notification[] => {
    metrics.events.inc({ outcome });
    return [];
  };

  const conclude = ({ outcome, alerts }: Evaluation): Notification[] => {
    end(outcome);
    return alerts.flatMap((one) => render(one));
  };

  /** Until the outbox takes alerts as they are. */
  const render = ({ alert, receivers }: AddressedAlert): readonly Notification[] => {
    if (!alert.rule) return [];
    const rule = { ...NO_RULE, ...alert.rule, severity: alert.severity };
    if (alert.kind === "event") {
      const { event, held } = alert;
      const spread = { count: alert.occurrences, from: event.lastSeenAt, to: event.lastSeenAt, closed: true };
      const match = { rule, seen: { event, occurrences: spread, history: false }, group: "" };
      return parts.renderer().render({ match, receivers, held });
    }
    if (alert.kind !== "digest") return [];
    const { lines, more, from, to } = alert;
    const groups = lines.length + more.groups;
    const count = lines.reduce((sum, line) => sum + line.occurrences, more.occurrences);
    return parts.renderer().renderDigest({ rule, receivers, groups, occurrences: count, from, to, samples: [] });
  };

  const renderDue = (everything = false): Notification[] =>
    evaluator.due(everything).flatMap(({ alert, receivers }) => {
      // It began up to a minute ago, and a reload may have taken a receiver away since.
      const left = receivers.filter((name) => parts.isReceiver(name));
      if (left.length < receivers.length) {
        parts.logger.warn({ rule: alert.rule?.name, told: left }, "a flood's receiver is gone: it is not told");
      }
      return render({ alert, receivers: left });
    });

  /** Looks the object up beside the stream: nothing waits for it but this Event. */
  const park = (seen: SeenEvent): Notification[] => {
    const { eventUid, involvedObject } = seen.event;
    progress.hold(eventUid);
    void lookup.find(involvedObject).then(async (meta) => {
      // Look-ups break off when we stop. What was not decided was not stored either, and comes again.
      if (stopped.aborted) return;
      const evaluation = evaluator.evaluate(seen, meta);
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
      await store(renderDue());
      progress.saveNowAndThen();
    }
  };

  const advance = (batch: WatchBatch): void => {
    if (batch.resourceVersion === null) return;
    const read = { resourceVersion: batch.resourceVersion, at: clock.now() };
    progress.advance(read);
    // From the first complete list on, a list means a gap, and only what came after the last batch is news.
    if (!batch.synced) return;
    if (reselectedSince && !reselectedSince.listed) return;
    reselectedSince = null;
    since = read;
  };

  return {
    async run(signal) {
      stopped = signal;
      occurrences.restore(checkpoint.counts(occurrences.maxEvents));
      evaluator.restore({ groups: checkpoint.groups(), agenda: [] });
      const ticking = tick();
      let synced = false;
      for await (const batch of reflector.watch(signal)) {
        if (reselectedSince && (!batch.synced || batch.items.some((item) => item.initial))) {
          since = reselectedSince.since;
          reselectedSince.listed = true;
        }
        await store(decide(batch));
        advance(batch);
        if (batch.synced && !synced) progress.save([]);
        ({ synced } = batch);
      }
      await ticking;
      await store(renderDue(true));
      progress.save([]);
    },
    reselected() {
      reselectedSince = { since: { resourceVersion: null, at: clock.now() - RESELECT_SLACK_MS }, listed: false };
    },
  };
}
