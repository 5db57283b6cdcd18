import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalize } from "../../src/collect/normalize.ts";
import type { Event } from "../../src/model/event.ts";
import { heldBytes } from "../support/held-memory.ts";
import { aRawEvent } from "../support/raw-events.ts";

const TEN = Date.parse("2026-11-22T10:00:00Z");

function normalized(fields: Parameters<typeof aRawEvent>[0]): Event {
  const { metadata, ...rest } = aRawEvent(fields);
  const event = normalize({
    ...rest,
    metadata: { name: "web.1", uid: "event-uid", resourceVersion: "7", ...metadata },
  });
  if (!event) throw new Error("malformed");
  return event;
}

const NEW_API = {
  kind: "Event",
  apiVersion: "events.k8s.io/v1",
  metadata: {
    name: "web.1",
    namespace: "shop",
    uid: "u",
    resourceVersion: "9",
    creationTimestamp: "2026-11-22T09:00:00Z",
  },
  eventTime: "2026-11-22T10:00:00.123456Z",
  reportingController: "default-scheduler",
  reportingInstance: "default-scheduler-pi-1",
  action: "Scheduling",
  reason: "FailedScheduling",
  regarding: { kind: "Pod", namespace: "shop", name: "web-1", uid: "p", apiVersion: "v1" },
  note: "0/1 nodes are available",
  type: "Warning",
} as const;

describe("normalize", () => {
  it("reads a core/v1 Event", () => {
    expect(normalized({ count: 4, lastTimestamp: "2026-11-22T10:03:00Z" })).toEqual({
      eventUid: "event-uid",
      eventName: "web.1",
      eventNamespace: "default",
      resourceVersion: "7",
      type: "Warning",
      reason: "BackOff",
      message: "Back-off restarting failed container web in pod web-7d4b9c6f5-x2x8z_default",
      involvedObject: {
        apiVersion: "v1",
        kind: "Pod",
        namespace: "default",
        name: "web-7d4b9c6f5-x2x8z",
        uid: "7c1a2f0e-6f0d-4b0e-9d4b-3f0a5f0a5f0a",
        fieldPath: "spec.containers{web}",
      },
      namespace: "default",
      component: "kubelet",
      host: "pi-1",
      action: "",
      count: 4,
      firstSeenAt: TEN,
      lastSeenAt: TEN + 180_000,
    });
  });

  it("reads an events.k8s.io/v1 Event", () => {
    expect(normalize(NEW_API)).toMatchObject({
      message: "0/1 nodes are available",
      component: "default-scheduler",
      host: "",
      action: "Scheduling",
      namespace: "shop",
      count: 1,
      firstSeenAt: TEN + 123,
      lastSeenAt: TEN + 123,
    });
  });

  it.each<[string, object, number]>([
    ["core: the larger of count and series.count", { count: 3, series: { count: 8, lastObservedTime: null } }, 8],
    ["core: count alone", { count: 3 }, 3],
    ["core: 1 when both are absent", { count: undefined }, 1],
    ["core: 1 for a count of 0", { count: 0 }, 1],
    ["core: 1 for nonsense", { count: "12", series: { count: Number.NaN } }, 1],
  ])("counts %s", (_what, fields, count) => {
    expect(normalized({ ...fields }).count).toBe(count);
  });

  it.each<[string, object, number]>([
    ["series first", { series: { count: 8 }, deprecatedCount: 12 }, 8],
    ["else deprecatedCount", { deprecatedCount: 12 }, 12],
    ["else 1", {}, 1],
  ])("counts events.k8s.io: %s", (_what, fields, count) => {
    expect(normalize({ ...NEW_API, ...fields })?.count).toBe(count);
  });

  it.each<[string, object, string]>([
    ["lastTimestamp", { lastTimestamp: "2026-11-22T10:01:00Z" }, "2026-11-22T10:01:00Z"],
    [
      "series.lastObservedTime when later",
      { series: { count: 2, lastObservedTime: "2026-11-22T10:09:00.5Z" } },
      "2026-11-22T10:09:00.5Z",
    ],
    [
      "eventTime without timestamps",
      { firstTimestamp: null, lastTimestamp: null, eventTime: "2026-11-22T10:02:00.25Z" },
      "2026-11-22T10:02:00.25Z",
    ],
    ["creationTimestamp without any", { firstTimestamp: null, lastTimestamp: null }, "2026-11-22T10:00:00Z"],
  ])("was last seen at %s", (_what, fields, time) => {
    expect(normalized({ ...fields }).lastSeenAt).toBe(Date.parse(time));
  });

  it("falls back to the Event's own namespace unless the object is cluster-scoped", () => {
    expect(normalized({ involvedObject: { kind: "Node", namespace: "" } }).namespace).toBe("");
    expect(normalized({ involvedObject: { kind: "Widget", namespace: undefined } }).namespace).toBe("default");
    expect(normalized({ involvedObject: { namespace: "shop" } }).namespace).toBe("shop");
  });

  it("takes the reporter and its node where they are", () => {
    expect(normalized({ source: {}, reportingComponent: "kubelet", reportingInstance: "pi-2" })).toMatchObject({
      component: "kubelet",
      host: "pi-2",
    });
    expect(
      normalized({ source: {}, reportingComponent: "job-controller", reportingInstance: "job-controller-1" }),
    ).toMatchObject({
      component: "job-controller",
      host: "",
    });
  });

  it("cuts an enormous message and cleans what no card can carry", () => {
    expect(normalized({ message: "x".repeat(100_000) }).message).toHaveLength(65_536);
    expect(normalized({ message: "a\u0000b\ud800c" }).message).toBe("a\uFFFDb\uFFFDc");
  });

  it("keeps nothing of an enormous message but what it cut from it", () => {
    const raw = JSON.stringify(aRawEvent({ message: "x".repeat(2 ** 20), metadata: { uid: "u" } }));
    const read = (): readonly unknown[] => Array.from({ length: 20 }, () => normalize(JSON.parse(raw)));
    expect(heldBytes(read)).toBeLessThan(5 * 2 ** 20);
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["a text", "Event"],
    ["a list", []],
    ["another kind", { ...NEW_API, kind: "Pod" }],
    ["no metadata", { ...NEW_API, metadata: null }],
    ["no object", { ...NEW_API, regarding: "Pod" }],
    ["no name", { ...NEW_API, metadata: {} }],
  ])("calls %s malformed", (_what, object) => {
    expect(normalize(object)).toBeNull();
  });

  it("never throws, whatever stands in the fields", () => {
    const keys = Object.keys({ ...aRawEvent(), ...NEW_API });
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()), fc.anything(), (fields, anything) => {
        normalize(anything);
        const event = normalize({ ...aRawEvent(), metadata: { uid: "u" }, ...fields });
        if (!event) return;
        expect(event.count).toBeGreaterThanOrEqual(1);
        expect(event.firstSeenAt).toBeLessThanOrEqual(event.lastSeenAt);
        expect(event.message.isWellFormed()).toBe(true);
      }),
    );
  });
});
