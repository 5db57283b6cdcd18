import { type Counter, Gauge, Registry } from "prom-client";
import { createTally } from "./tally.ts";

/**
 * Everything the engine counts. Labels come from closed sets (rule, receiver, verdict, reason), never from
 * Kubernetes objects: the number of series does not grow with the cluster.
 *
 * Three ledgers balance at every moment nothing is in flight:
 * received = malformed + replayed + unmatched + dropped + matched;
 * matches made = silenced + suppressed + covered + rendered + digested;
 * entries written = delivered + dead + waiting.
 */
export interface Metrics {
  readonly registry: Registry;
  readonly eventsReceived: Counter;
  /** `outcome`: malformed, replayed, unmatched, dropped, matched. */
  readonly events: Counter<"outcome">;
  readonly matches: Counter<"rule">;
  /** `outcome`: silenced, suppressed, covered, rendered, digested. */
  readonly matchOutcomes: Counter<"rule" | "outcome">;
  readonly suppressed: Counter<"rule" | "why">;
  readonly entriesWritten: Counter<"receiver">;
  /** `outcome`: delivered, dead. */
  readonly entries: Counter<"receiver" | "outcome">;
  readonly entriesWaiting: Gauge<"receiver">;
  /** `outcome`: delivered, or the reason of the outcome. */
  readonly attempts: Counter<"receiver" | "outcome">;
  readonly attemptBytes: Counter<"receiver" | "direction">;
  readonly groupsEvicted: Counter;
  readonly groupsLive: Gauge;
  readonly countsFell: Counter;
  readonly eventCountsEvicted: Counter;
  /** Lines told apart on their bytes, without parsing; part of `unmatched`. */
  readonly linesSkipped: Counter;
  readonly linesOversized: Counter;
  readonly watchBytes: Counter;
  /** `outcome`: ended, gone, error, timeout, refused. */
  readonly watches: Counter<"outcome">;
  readonly lists: Counter;
  /** `outcome`: found, missing, forbidden, failed. */
  readonly lookups: Counter<"outcome">;
  readonly rulesLoaded: Gauge;
  /** 1 while the last rules or configuration read were refused and older ones go on. */
  readonly reloadRefused: Gauge;
  readonly reloads: Counter<"outcome">;
  readonly ruleFailures: Counter<"rule">;
}

/** A fresh set of metrics in a registry of its own, so that two engines in one process do not mix. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string = string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> =>
    createTally({ name: `kubewhen_${name}`, help, labelNames, registers });
  const gauge = <L extends string = string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> =>
    new Gauge({ name: `kubewhen_${name}`, help, labelNames, registers });
  return {
    registry,
    eventsReceived: counter("events_received_total", "Watch and list items that reached the engine."),
    events: counter("events_total", "Items by how they ended.", ["outcome"]),
    matches: counter("matches_total", "Rules whose condition held for an Event.", ["rule"]),
    matchOutcomes: counter("match_outcomes_total", "Matches by how they ended.", ["rule", "outcome"]),
    suppressed: counter("matches_suppressed_total", "Matches held back, by what held them.", ["rule", "why"]),
    entriesWritten: counter("outbox_entries_written_total", "Notifications stored for sending.", ["receiver"]),
    entries: counter("outbox_entries_total", "Stored notifications by how they ended.", ["receiver", "outcome"]),
    entriesWaiting: gauge("outbox_entries_waiting", "Stored notifications not yet delivered.", ["receiver"]),
    attempts: counter("delivery_attempts_total", "Attempts by what the receiver answered.", ["receiver", "outcome"]),
    attemptBytes: counter("delivery_bytes_total", "Bytes of request and answer bodies.", ["receiver", "direction"]),
    groupsEvicted: counter("throttle_groups_evicted_total", "Live groups pushed out of the full table."),
    groupsLive: gauge("throttle_groups", "Groups in the table."),
    countsFell: counter("event_counts_fell_total", "Events whose count went down, taken as one occurrence."),
    eventCountsEvicted: counter("event_counts_evicted_total", "Event counts pushed out of the full table."),
    linesSkipped: counter("watch_lines_skipped_total", "Lines no rule can match, told apart without parsing."),
    linesOversized: counter("watch_lines_oversized_total", "Lines of more than 2 MiB, skipped."),
    watchBytes: counter("watch_bytes_total", "Bytes read from the API server's list and watch."),
    watches: counter("watches_total", "Watches by how they ended.", ["outcome"]),
    lists: counter("lists_total", "Complete lists taken."),
    lookups: counter("object_lookups_total", "Look-ups of an object's labels and annotations.", ["outcome"]),
    rulesLoaded: gauge("rules_loaded", "Statements in force."),
    reloadRefused: gauge("reload_refused", "1 while the newest rules or configuration are refused."),
    reloads: counter("reloads_total", "Readings of changed rules or configuration.", ["outcome"]),
    ruleFailures: counter("rule_failures_total", "Rules that failed while running; a bug in kubewhen.", ["rule"]),
  };
}
