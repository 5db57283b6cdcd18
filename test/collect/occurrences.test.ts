import * as fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { createOccurrences, type Arrival, type OccurrenceCounter } from "../../src/collect/occurrences.ts";
import { createMetrics, type Metrics } from "../../src/runtime/metrics.ts";
import { anEvent, NOON } from "../support/events.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const LIVE: Arrival = { initial: false, since: null, maxAgeMs: 300_000 };
const LISTED: Arrival = { ...LIVE, initial: true };
const MINUTE = 60_000;

let metrics: Metrics;
let counter: OccurrenceCounter;

beforeEach(() => {
  metrics = createMetrics();
  counter = createOccurrences({ metrics, clock: createFakeClock(NOON + 10 * MINUTE) });
});

async function valueOf(metric: { get(): Promise<{ values: { value: number }[] }> }): Promise<number> {
  return (await metric.get()).values[0]?.value ?? 0;
}

describe("createOccurrences", () => {
  it("takes the whole count of an unknown Event, spread from first to last seen", () => {
    const event = anEvent({ count: 5, firstSeenAt: NOON, lastSeenAt: NOON + MINUTE });
    expect(counter.take(event, LIVE)).toEqual({
      event,
      occurrences: { count: 5, from: NOON, to: NOON + MINUTE, closed: true },
      history: false,
    });
  });

  it("takes what the count of a known Event rose by, after it was last seen", () => {
    counter.take(anEvent({ count: 5 }), LIVE);
    const next = anEvent({ count: 44, lastSeenAt: NOON + MINUTE, resourceVersion: "1002" });
    expect(counter.take(next, LIVE)).toMatchObject({
      occurrences: { count: 39, from: NOON, to: NOON + MINUTE, closed: false },
    });
  });

  it("calls an update that brings no new occurrence replayed", () => {
    counter.take(anEvent({ count: 5 }), LIVE);
    expect(counter.take(anEvent({ count: 5, resourceVersion: "1002" }), LIVE)).toBe("replayed");
    expect(counter.take(anEvent({ count: 5 }), LISTED)).toBe("replayed");
  });

  it("takes a fallen count as one occurrence and shows it", async () => {
    counter.take(anEvent({ count: 9 }), LIVE);
    const fallen = anEvent({ count: 2, lastSeenAt: NOON + MINUTE, resourceVersion: "1002" });
    expect(counter.take(fallen, LIVE)).toMatchObject({ occurrences: { count: 1, to: NOON + MINUTE } });
    expect(await valueOf(metrics.countsFell)).toBe(1);
    expect(
      counter.take(anEvent({ count: 3, lastSeenAt: NOON + 2 * MINUTE, resourceVersion: "1003" }), LIVE),
    ).toMatchObject({
      occurrences: { count: 1 },
    });
  });

  it("ignores an older state of a known Event", async () => {
    counter.take(anEvent({ count: 9, resourceVersion: "1009" }), LIVE);
    expect(counter.take(anEvent({ count: 7, resourceVersion: "1007" }), LIVE)).toBe("replayed");
    expect(counter.take(anEvent({ count: 9, resourceVersion: "1009" }), LIVE)).toBe("replayed");
    expect(await valueOf(metrics.countsFell)).toBe(0);
  });

  it("orders resourceVersions as numbers, not as texts", () => {
    counter.take(anEvent({ count: 9, resourceVersion: "1000" }), LIVE);
    expect(counter.take(anEvent({ count: 7, resourceVersion: "999" }), LIVE)).toBe("replayed");
  });

  it("puts occurrences at the end when the reporter's clock went back", () => {
    counter.take(anEvent({ count: 1, lastSeenAt: NOON + MINUTE }), LIVE);
    expect(counter.take(anEvent({ count: 3, lastSeenAt: NOON }), LIVE)).toMatchObject({
      occurrences: { count: 2, from: NOON, to: NOON, closed: true },
    });
  });

  it.each<[string, Arrival, number, string, boolean]>([
    ["older than the start's age limit", LISTED, NOON, "5", true],
    ["within the start's age limit", LISTED, NOON + 6 * MINUTE, "5", false],
    ["live, however old", LIVE, NOON - 60 * MINUTE, "5", false],
    [
      "stored before the checkpoint",
      { ...LISTED, since: { resourceVersion: "1000", at: NOON + MINUTE } },
      NOON,
      "999",
      true,
    ],
    [
      "stored after the checkpoint",
      { ...LISTED, since: { resourceVersion: "1000", at: NOON + MINUTE } },
      NOON,
      "1001",
      false,
    ],
    [
      "seen after the checkpoint, versions from another datastore",
      { ...LISTED, since: { resourceVersion: "1000", at: NOON } },
      NOON + MINUTE,
      "12",
      false,
    ],
    [
      "before a checkpoint without a version",
      { ...LISTED, since: { resourceVersion: null, at: NOON } },
      NOON,
      "1001",
      true,
    ],
  ])("tells history from news: %s", (_what, how, lastSeenAt, resourceVersion, history) => {
    expect(counter.take(anEvent({ firstSeenAt: lastSeenAt, lastSeenAt, resourceVersion }), how)).toMatchObject({
      history,
    });
  });

  it("takes what happened while nobody watched as news", () => {
    counter.restore([{ uid: anEvent().eventUid, count: 5, lastSeenAt: NOON }]);
    const listed = anEvent({ count: 8, lastSeenAt: NOON + MINUTE });
    const how = { ...LISTED, since: { resourceVersion: "2000", at: NOON + 5 * MINUTE } };
    expect(counter.take(listed, how)).toMatchObject({ history: false, occurrences: { count: 3, from: NOON } });
  });

  it("hands out what changed once, and never what was restored", () => {
    counter.restore([{ uid: "old", count: 1, lastSeenAt: NOON }]);
    counter.take(anEvent({ eventUid: "a", count: 2 }), LIVE);
    counter.take(anEvent({ eventUid: "a", count: 4 }), LIVE);
    expect(counter.changed()).toEqual([{ uid: "a", count: 4, lastSeenAt: NOON }]);
    expect(counter.changed()).toEqual([]);
    expect(counter.size()).toBe(2);
  });

  it("holds a fixed number of Events and counts those it lets go", async () => {
    counter = createOccurrences({ metrics, clock: createFakeClock(NOON), maxEvents: 2 });
    for (const eventUid of ["a", "b", "c"]) counter.take(anEvent({ eventUid }), LIVE);
    expect(counter.size()).toBe(2);
    expect(await valueOf(metrics.eventCountsEvicted)).toBe(1);
    expect(counter.changed().map(({ uid }) => uid)).toEqual(["c", "b"]);
  });

  it("hands out only what it still holds, once, after any number of Events", () => {
    counter = createOccurrences({ metrics, clock: createFakeClock(NOON), maxEvents: 3 });
    for (let i = 0; i < 50; i += 1) counter.take(anEvent({ eventUid: `e${i}` }), LIVE);
    counter.take(anEvent({ eventUid: "e48", count: 2 }), LIVE);
    const rows = counter.changed().map(({ uid, count }) => [uid, count]);
    expect(rows).toEqual([
      ["e48", 2],
      ["e49", 1],
      ["e47", 1],
    ]);
  });

  it("counts every occurrence once, however the updates are folded, repeated or listed again", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ by: fc.nat({ max: 5 }), twice: fc.boolean(), listed: fc.boolean() })),
        (steps) => {
          const table = createOccurrences({ metrics, clock: createFakeClock(NOON) });
          let count = 1;
          let taken = 0;
          for (const [i, { by, twice, listed }] of [{ by: 0, twice: true, listed: false }, ...steps].entries()) {
            count += by;
            const event = anEvent({ count, resourceVersion: String(1000 + i), lastSeenAt: NOON + i });
            for (const how of [listed ? LISTED : LIVE, ...(twice ? [LISTED] : [])]) {
              const seen = table.take(event, how);
              if (seen !== "replayed") taken += seen.occurrences.count;
            }
          }
          expect(taken).toBe(count);
        },
      ),
    );
  });
});
