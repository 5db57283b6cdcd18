import { expect, test } from "vitest";
import { createEventStore } from "../../src/emulator/event-store.ts";
import { playDay } from "../../src/demo/play-day.ts";
import type { DayStep } from "../../src/demo/recorder.ts";
import { NOON } from "../support/events.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { aRawEvent } from "../support/raw-events.ts";

const HOUR_MS = 3_600_000;
const NEVER = new AbortController().signal;

function aStep(kind: DayStep["kind"], afterMs: number, name: string, count = 1): DayStep {
  const event = { ...aRawEvent({ count }), metadata: { name, namespace: "default" } };
  return { at: NOON + afterMs, kind, event } as unknown as DayStep;
}

test("writes each Event at its time and deletes it an hour after its last write", async () => {
  const clock = createFakeClock(NOON);
  const events = createEventStore();
  const seen: string[] = [];
  events.subscribe(({ type, object }) => seen.push(`${clock.monotonic() / 60_000} ${type} ${object.metadata.name}`));
  const day = [
    aStep("create", 0, "a"),
    aStep("create", 60_000, "b"),
    aStep("patch", 120_000, "a", 2),
    aStep("create", HOUR_MS + 60_000, "c"),
    aStep("create", HOUR_MS + 120_000, "d"),
  ];
  const playing = playDay(day, { events }, clock, NEVER);
  await clock.advance(2 * HOUR_MS);
  await playing;
  expect(seen).toEqual([
    "0 ADDED a",
    "1 ADDED b",
    "2 MODIFIED a",
    "61 DELETED b",
    "61 ADDED c",
    "62 DELETED a",
    "62 ADDED d",
  ]);
});

test("ends at once when aborted", async () => {
  const clock = createFakeClock(NOON);
  const events = createEventStore();
  const stopping = new AbortController();
  const playing = playDay([aStep("create", 0, "a"), aStep("create", HOUR_MS, "b")], { events }, clock, stopping.signal);
  stopping.abort();
  await playing;
  expect(events.all().map(({ metadata }) => metadata.name)).toEqual(["a"]);
});
