import * as fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { createOccurrences, type OccurrenceCounter } from "../../src/collect/occurrences.ts";
import type { Backlog } from "../../src/collect/source.ts";
import { createMetrics, type Metrics } from "../../src/runtime/metrics.ts";
import { anEvent, NOON } from "../support/events.ts";

const MINUTE = 60_000;
const LIVE = null;
const LISTED: Backlog = { kind: "first", seenAfter: NOON + 5 * MINUTE };

function gap(at: number, version: string | null = "1000"): Backlog {
  return { kind: "gap", after: { source: "home", version, at } };
}

function rebuilt(at: number): Backlog {
  return { kind: "rebuilt", after: { source: "home", version: "1000", at } };
}

let metrics: Metrics;
let counter: OccurrenceCounter;

beforeEach(() => {
  metrics = createMetrics();
  counter = createOccurrences({ metrics });
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

  it.each<[string, Backlog | null, number, string, boolean]>([
    ["older than the start's age limit", LISTED, NOON + 5 * MINUTE, "5", true],
    ["within the start's age limit", LISTED, NOON + 5 * MINUTE + 1, "5", false],
    ["live, however old", LIVE, NOON - 60 * MINUTE, "5", false],
    ["stored before the last read", gap(NOON + MINUTE), NOON, "999", true],
    ["stored with the last read", gap(NOON + MINUTE), NOON, "1000", true],
    ["stored after the last read by a slow reporter", gap(NOON + MINUTE), NOON - 60 * MINUTE, "1001", false],
    ["seen after the last read, in another datastore that has grown as old", gap(NOON), NOON + MINUTE, "12", false],
    ["seen in the second of the last read, of a rebuilt datastore", rebuilt(NOON + 900), NOON, "12", false],
    ["seen by a reporter 59 minutes slow, in a rebuilt datastore", rebuilt(NOON), NOON - 59 * MINUTE, "12", false],
    ["seen longer ago than Events live, in a rebuilt datastore", rebuilt(NOON), NOON - 60 * MINUTE, "2000", true],
    ["without a version to compare, perhaps seen since", gap(NOON, null), NOON, "1001", false],
    ["with a version that is no number, perhaps seen since", gap(NOON), NOON - MINUTE, "abc", false],
  ])("tells history from news: %s", (_what, backlog, lastSeenAt, resourceVersion, history) => {
    expect(counter.take(anEvent({ firstSeenAt: lastSeenAt, lastSeenAt, resourceVersion }), backlog)).toMatchObject({
      history,
    });
  });

  it("takes a repeat in a restored datastore for new, though its version is lower and its count has fallen", () => {
    counter.take(anEvent({ count: 9, resourceVersion: "5000", lastSeenAt: NOON }), LIVE);
    const restored = anEvent({ count: 7, resourceVersion: "3000", lastSeenAt: NOON - MINUTE });
    expect(counter.take(restored, rebuilt(NOON))).toBe("replayed");
    const repeat = anEvent({ count: 8, resourceVersion: "3100", lastSeenAt: NOON + MINUTE });
    expect(counter.take(repeat, LIVE)).toMatchObject({ occurrences: { count: 1 }, history: false });
  });

  it("takes what happened while nobody watched as news", () => {
    counter.restore([{ uid: anEvent().eventUid, count: 5, lastSeenAt: NOON }]);
    const listed = anEvent({ count: 8, lastSeenAt: NOON + MINUTE });
    expect(counter.take(listed, gap(NOON + 5 * MINUTE, "2000"))).toMatchObject({
      history: false,
      occurrences: { count: 3, from: NOON },
    });
  });

  it("hands out what changed once, and never what was restored", () => {
    counter.restore([{ uid: "old", count: 1, lastSeenAt: NOON }]);
    counter.take(anEvent({ eventUid: "a", count: 2 }), LIVE);
    counter.take(anEvent({ eventUid: "a", count: 4 }), LIVE);
    expect(counter.changed()).toEqual([{ uid: "a", count: 4, lastSeenAt: NOON }]);
    expect(counter.changed()).toEqual([]);
  });

  it("holds a fixed number of Events and counts those it lets go", async () => {
    counter = createOccurrences({ metrics, maxEvents: 2 });
    for (const eventUid of ["a", "b", "c"]) counter.take(anEvent({ eventUid }), LIVE);
    expect(await valueOf(metrics.eventCountsEvicted)).toBe(1);
    expect(counter.changed().map(({ uid }) => uid)).toEqual(["c", "b"]);
  });

  it("hands out only what it still holds, once, after any number of Events", () => {
    counter = createOccurrences({ metrics, maxEvents: 3 });
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
          const table = createOccurrences({ metrics });
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
