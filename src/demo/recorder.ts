import { coreEventJson, seriesEventJson, type EventIdentity, type EventJson } from "./event-json.ts";
import type { Happening } from "./happening.ts";
import type { Random } from "./random.ts";

/** One write to the API server, as a watch shows it: a whole Event, new or changed. */
export interface DayStep {
  /** Epoch ms. */
  readonly at: number;
  readonly kind: "create" | "patch";
  readonly event: EventJson;
}

const MINUTE_MS = 60_000;

// client-go v0.36, tools/record/events_cache.go: similar Events of ten texts within ten minutes are folded into one;
// of one object, 25 writes may go at once and then one every five minutes.
const AGGREGATE_AFTER = 10;
const AGGREGATE_GAP_MS = 10 * MINUTE_MS;
const BURST = 25;
const REFILL_MS = 5 * MINUTE_MS;

// client-go v0.36, tools/events/event_broadcaster.go: a series is written at its second time, then every half hour, and
// for the last time when it has been idle for six minutes.
const SERIES_REFRESH_MS = 30 * MINUTE_MS;
const SERIES_IDLE_MS = 6 * MINUTE_MS;

/** The API server's `--event-ttl`: an Event not written for so long is gone, and the next write makes it anew. */
const TTL_MS = 60 * MINUTE_MS;

/** Reporter, object and type: what both the folding of similar texts and the spam filter go by. */
function sourceKey({ by, about, type }: Happening): string {
  const { kind, namespace, name, uid } = about;
  return JSON.stringify([by.component, by.host, by.boot, kind, namespace, name, uid, type]);
}

function createIdentity(happening: Happening, random: Random): EventIdentity {
  const nanoseconds = BigInt(happening.at) * 1_000_000n + BigInt(random.between(0, 999_999));
  return { name: `${happening.about.name}.${nanoseconds.toString(16)}`, uid: random.uuid(), createdAt: happening.at };
}

interface Similar {
  readonly texts: Set<string>;
  lastAt: number;
}

interface Counted {
  identity: EventIdentity;
  readonly firstAt: number;
  count: number;
  writtenAt: number;
}

interface Bucket {
  tokens: number;
  filledAt: number;
}

/**
 * What `tools/record` writes for these happenings, in order of time: equal ones raise a count, many similar ones become
 * one, and a spam filter holds writes back. The count goes on under the filter, so the next write jumps.
 */
function recordCore(happenings: readonly Happening[], random: Random): readonly DayStep[] {
  const similar = new Map<string, Similar>();
  const counted = new Map<string, Counted>();
  const buckets = new Map<string, Bucket>();

  const aggregate = (happening: Happening): { readonly key: string; readonly happening: Happening } => {
    const key = sourceKey(happening) + happening.reason;
    let known = similar.get(key);
    if (!known || happening.at - known.lastAt > AGGREGATE_GAP_MS) {
      known = { texts: new Set(), lastAt: happening.at };
      similar.set(key, known);
    }
    known.texts.add(happening.message);
    known.lastAt = happening.at;
    if (known.texts.size < AGGREGATE_AFTER) {
      return { key: key + happening.message + (happening.about.fieldPath ?? ""), happening };
    }
    // One text leaves, so that the set stays at its bound; which one does not matter.
    for (const text of known.texts) {
      known.texts.delete(text);
      break;
    }
    return { key, happening: { ...happening, message: `(combined from similar events): ${happening.message}` } };
  };

  const mayWrite = (happening: Happening): boolean => {
    const key = sourceKey(happening);
    const bucket = buckets.get(key) ?? { tokens: BURST, filledAt: happening.at };
    bucket.tokens = Math.min(BURST, bucket.tokens + (happening.at - bucket.filledAt) / REFILL_MS);
    bucket.filledAt = happening.at;
    buckets.set(key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  };

  const steps: DayStep[] = [];
  for (const raw of happenings) {
    const { key, happening } = aggregate(raw);
    let state = counted.get(key);
    if (state) state.count += 1;
    const isWritten = mayWrite(happening);
    if (!state) {
      // Counted even if the filter holds the first write back, under the name it would have had.
      const identity = createIdentity(happening, random);
      state = { identity, firstAt: happening.at, count: 1, writtenAt: Number.NEGATIVE_INFINITY };
      counted.set(key, state);
    }
    if (!isWritten) continue;
    const isLive = happening.at - state.writtenAt <= TTL_MS;
    // A patch that finds nothing is followed by a create: same name, the count so far, another uid.
    if (!isLive && state.count > 1) state.identity = { ...state.identity, uid: random.uuid(), createdAt: happening.at };
    state.writtenAt = happening.at;
    const event = coreEventJson(state.identity, happening, state.count, state.firstAt);
    steps.push({ at: happening.at, kind: isLive ? "patch" : "create", event });
  }
  return steps;
}

/** What `tools/events` writes. Its key leaves the text out, so a series keeps the text of its first time. */
function recordSeries(happenings: readonly Happening[], random: Random): readonly DayStep[] {
  const byKey = Map.groupBy(happenings, (one) => sourceKey(one) + one.reason + (one.action ?? ""));
  const steps: DayStep[] = [];
  for (const repeats of byKey.values()) {
    const series = splitWhere(repeats, (before, after) => after.at - before.at > SERIES_IDLE_MS);
    for (const times of series) steps.push(...writeSeries(times, random));
  }
  return steps;
}

function splitWhere<T>(items: readonly T[], isCut: (before: T, after: T) => boolean): readonly (readonly T[])[] {
  const runs: T[][] = [];
  let last: T | undefined;
  for (const item of items) {
    if (last === undefined || isCut(last, item)) runs.push([]);
    runs.at(-1)?.push(item);
    last = item;
  }
  return runs;
}

function writeSeries(times: readonly Happening[], random: Random): readonly DayStep[] {
  const [first, ...repeats] = times;
  if (!first) return [];
  const identity = createIdentity(first, random);
  const steps: DayStep[] = [{ at: first.at, kind: "create", event: seriesEventJson(identity, first, 1, first.at) }];
  let count = 1;
  let written = 1;
  let lastAt = first.at;
  let refreshAt = first.at + SERIES_REFRESH_MS;
  const write = (at: number): void => {
    if (count === written) return;
    written = count;
    steps.push({ at, kind: "patch", event: seriesEventJson(identity, first, count, lastAt) });
  };
  for (const repeat of repeats) {
    for (; refreshAt <= repeat.at; refreshAt += SERIES_REFRESH_MS) write(refreshAt);
    count += 1;
    lastAt = repeat.at;
    if (count === 2) write(repeat.at);
  }
  write(lastAt + SERIES_IDLE_MS);
  return steps;
}

/** Every write that client-go's two recorders make of these happenings, in order of time. */
export function recordHappenings(happenings: readonly Happening[], random: Random): readonly DayStep[] {
  const ordered = happenings.toSorted((a, b) => a.at - b.at);
  const { core = [], series = [] } = Object.groupBy(ordered, (one) => one.by.recorder);
  return [...recordCore(core, random), ...recordSeries(series, random)].toSorted((a, b) => a.at - b.at);
}
