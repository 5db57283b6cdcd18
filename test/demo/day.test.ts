import { describe, expect, test } from "vitest";
import { createDay } from "../../src/demo/day.ts";
import type { DayStep } from "../../src/demo/recorder.ts";

const startAt = Date.parse("2026-11-22T00:00:00Z");
const day = createDay({ seed: 1, startAt });

const byUid: ReadonlyMap<string, readonly DayStep[]> = Map.groupBy(day, ({ event }) => event.metadata.uid);

const pairs = (steps: readonly DayStep[]): readonly (readonly [DayStep, DayStep])[] =>
  steps.slice(1).map((after, index) => [steps[index]!, after]);

const lastOf = ({ event }: DayStep): number =>
  Date.parse(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? "");

const countOf = (step: DayStep): number => step.event.series?.count ?? step.event.count ?? 1;

describe("a day", () => {
  test("is the same for the same seed and another for another", () => {
    expect(createDay({ seed: 1, startAt })).toEqual(day);
    expect(createDay({ seed: 2, startAt })).not.toEqual(day);
  });

  test("has thousands of writes in order of time, all within 24 hours", () => {
    expect(day.length).toBeGreaterThan(2_500);
    expect(day.length).toBeLessThan(4_000);
    const times = day.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(startAt);
    expect(times.at(-1)).toBeLessThan(startAt + 24 * 3_600_000);
  });

  test("creates each Event before it patches it and never lets a count fall", () => {
    for (const steps of byUid.values()) {
      expect(steps.map(({ kind }) => kind)).toEqual(steps.map((_, index) => (index === 0 ? "create" : "patch")));
      for (const [before, after] of pairs(steps)) expect(countOf(after)).toBeGreaterThan(countOf(before));
    }
  });

  test("moves an Event's last time forward and keeps its first", () => {
    for (const steps of byUid.values()) {
      for (const [before, after] of pairs(steps)) {
        expect(after.event.firstTimestamp).toBe(before.event.firstTimestamp);
        expect(after.event.eventTime).toBe(before.event.eventTime);
        expect(lastOf(after)).toBeGreaterThanOrEqual(lastOf(before));
      }
    }
  });

  // The rules of the API server's validation, Kubernetes v1.36, pkg/apis/core/validation/events.go.
  test("holds only Events that an API server would take", () => {
    for (const { event } of day) {
      const { metadata, involvedObject } = event;
      expect(metadata.namespace).toBe(involvedObject.namespace ?? "default");
      expect(metadata.name).toMatch(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
      expect(metadata.name.length).toBeLessThanOrEqual(253);
      expect(metadata.uid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(["Normal", "Warning"]).toContain(event.type);
      expect(event.reason).toMatch(/^[A-Z][A-Za-z]{1,127}$/);
      expect(Buffer.byteLength(event.message)).toBeLessThanOrEqual(1_024);
      expect(event.reportingComponent.length).toBeGreaterThan(0);
    }
  });

  test("holds Events of both recorders, each with the fields that are its own", () => {
    const { core = [], series = [] } = Object.groupBy(day, ({ event }) =>
      event.eventTime === null ? "core" : "series",
    );
    for (const { event } of core) {
      expect(event.count).toBeGreaterThanOrEqual(1);
      expect(event.source.component).toBe(event.reportingComponent);
      expect(event.lastTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    }
    for (const { event } of series) {
      expect(event).toMatchObject({ source: {}, firstTimestamp: null, lastTimestamp: null });
      expect(event.eventTime).toMatch(/\.\d{6}Z$/);
      expect(event.action).toMatch(/^.{1,128}$/);
      expect(event.reportingInstance).toMatch(/^.{1,128}$/);
      expect(event.series?.count ?? 2).toBeGreaterThanOrEqual(2);
    }
    expect(series.length).toBeGreaterThan(100);
  });

  test("tells every story that the rule packs know", () => {
    const told = new Set(day.map(({ event }) => `${event.type} ${event.involvedObject.kind} ${event.reason}`));
    for (const story of [
      "Normal Node NodeNotReady",
      "Normal Node NodeReady",
      "Warning Pod BackOff",
      "Normal Pod BackOff",
      "Warning Pod Failed",
      "Warning Pod Unhealthy",
      "Warning Pod Evicted",
      "Warning Pod FailedMount",
      "Warning Pod FailedScheduling",
      "Warning Pod FailedCreatePodSandBox",
      "Warning Node SystemOOM",
      "Warning Node FreeDiskSpaceFailed",
      "Warning Node InvalidDiskCapacity",
      "Warning Node Rebooted",
      "Warning Addon ApplyManifestFailed",
      "Warning Job BackoffLimitExceeded",
    ]) {
      expect(told).toContain(story);
    }
    expect(day.some(({ event }) => event.message.includes("<at id=all></at>") && event.message.includes('"'))).toBe(
      true,
    );
  });

  test("lets counts jump where client-go's spam filter held writes back", () => {
    const backOffs = day.filter(({ event }) => event.type === "Warning" && event.reason === "BackOff");
    const series = Map.groupBy(backOffs, ({ event }) => event.metadata.uid).values();
    const jumps = [...series].flatMap(pairs).map(([before, after]) => countOf(after) - countOf(before));
    expect(Math.max(...jumps)).toBeGreaterThan(10);
    expect(Math.max(...backOffs.map(countOf))).toBeGreaterThan(300);
  });

  test("reports the scheduler's repeats as a series, written late and rarely", () => {
    const unschedulable = day.filter(({ event }) => event.involvedObject.name === "timescale-0");
    expect(unschedulable[0]?.event).toMatchObject({ source: {}, firstTimestamp: null, lastTimestamp: null });
    expect(unschedulable[0]?.event.series).toBeUndefined();
    expect(unschedulable[1]?.event.series?.count).toBe(2);
    const [later, last] = unschedulable.slice(-2);
    expect((later?.at ?? 0) - (unschedulable[1]?.at ?? 0)).toBeGreaterThan(29 * 60_000);
    expect(last?.event.series?.count).toBeGreaterThan(40);
  });
});
