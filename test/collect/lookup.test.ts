import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLookup, type Lookup } from "../../src/collect/lookup.ts";
import { createMetrics, type Metrics } from "../../src/runtime/metrics.ts";
import { startApi, type TestApi } from "../support/api-server.ts";
import { anEvent } from "../support/events.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";

const POD = "/api/v1/namespaces/shop/pods/web-7d9c5b7f6-x2x2x";

let clock: FakeClock;
let metrics: Metrics;
let test: TestApi;
let lookup: Lookup;

beforeEach(async () => {
  clock = createFakeClock(0);
  metrics = createMetrics();
  test = await startApi(clock);
  lookup = createLookup({ api: test.api, clock, metrics });
});

afterEach(() => test.close());

async function outcomes(): Promise<Record<string, number>> {
  const { values } = await metrics.lookups.get();
  return Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value]));
}

describe("createLookup", () => {
  it("finds labels and annotations and asks once per object", async () => {
    test.server.addObject({ path: POD, labels: { app: "web" }, annotations: { team: "shop" } });
    const { involvedObject } = anEvent();
    expect(lookup.peek(involvedObject)).toBeNull();
    const both = await Promise.all([lookup.find(involvedObject), lookup.find(involvedObject)]);
    expect(both).toEqual([
      { labels: { app: "web" }, annotations: { team: "shop" } },
      { labels: { app: "web" }, annotations: { team: "shop" } },
    ]);
    expect(lookup.peek(involvedObject)).toEqual(both[0]);
    await lookup.find(involvedObject);
    expect(test.server.requests).toHaveLength(1);
    expect(test.server.requests[0]?.accept).toContain("as=PartialObjectMetadata");
    expect(await outcomes()).toEqual({ found: 1 });
  });

  it("remembers for good that an object is gone", async () => {
    const { involvedObject } = anEvent();
    expect(await lookup.find(involvedObject)).toEqual({ labels: {}, annotations: {} });
    await clock.advance(3_600_000);
    expect(lookup.peek(involvedObject)).toEqual({ labels: {}, annotations: {} });
    expect(await outcomes()).toEqual({ missing: 1 });
  });

  it("asks again after a failure, and later after a refusal", async () => {
    test.server.failNext(500);
    test.server.failNext(403);
    test.server.addObject({ path: POD, labels: { app: "web" } });
    const { involvedObject } = anEvent();
    expect((await lookup.find(involvedObject)).labels).toEqual({});
    expect(lookup.peek(involvedObject)).not.toBeNull();
    await clock.advance(31_000);
    expect((await lookup.find(involvedObject)).labels).toEqual({});
    await clock.advance(31_000);
    expect(lookup.peek(involvedObject)).not.toBeNull();
    await clock.advance(300_000);
    expect((await lookup.find(involvedObject)).labels).toEqual({ app: "web" });
    expect(await outcomes()).toEqual({ failed: 1, forbidden: 1, found: 1 });
  });

  it("finds custom resources through discovery, asked for once", async () => {
    test.server.addResources("apps.example/v1", [
      { kind: "Widget", name: "widgets", namespaced: true },
      { kind: "Widget", name: "widgets/status", namespaced: true },
      { kind: "Globe", name: "globes", namespaced: false },
    ]);
    test.server.addObject({ path: "/apis/apps.example/v1/namespaces/shop/widgets/w", labels: { of: "widget" } });
    test.server.addObject({ path: "/apis/apps.example/v1/globes/g", labels: { of: "globe" } });
    const apiVersion = "apps.example/v1";
    const widget = anEvent({ involvedObject: { apiVersion, kind: "Widget", name: "w", uid: "1" } }).involvedObject;
    const globe = anEvent({ involvedObject: { apiVersion, kind: "Globe", name: "g", uid: "2", namespace: "" } });
    expect((await lookup.find(widget)).labels).toEqual({ of: "widget" });
    expect((await lookup.find(globe.involvedObject)).labels).toEqual({ of: "globe" });
    expect(test.server.requests.map(({ path }) => path)).toEqual([
      "/apis/apps.example/v1",
      "/apis/apps.example/v1/namespaces/shop/widgets/w",
      "/apis/apps.example/v1/globes/g",
    ]);
  });

  it("asks for no path that an Event's texts could bend", async () => {
    for (const name of ["..", "", "."]) {
      await lookup.find(anEvent({ involvedObject: { name, uid: name || "empty" } }).involvedObject);
    }
    expect(test.server.requests).toHaveLength(0);
    await lookup.find(anEvent({ involvedObject: { name: "../../secrets/x?y", uid: "bent" } }).involvedObject);
    expect(test.server.requests[0]?.path).toBe("/api/v1/namespaces/shop/pods/..%2F..%2Fsecrets%2Fx%3Fy");
    await lookup.find(anEvent({ involvedObject: { apiVersion: "../v1", kind: "Odd", uid: "odd" } }).involvedObject);
    expect(test.server.requests).toHaveLength(1);
  });

  it("goes without when there is no answer in time, and asks no more than a few at once", async () => {
    for (let i = 0; i < 6; i += 1) test.server.hangNext();
    const finding = Array.from({ length: 6 }, (_, i) =>
      lookup.find(anEvent({ involvedObject: { name: `pod-${i}`, uid: `u${i}` } }).involvedObject),
    );
    // HTTP/1.1 without pipelining: one request is on the wire, the others wait in the client or for their turn.
    await expect.poll(() => test.server.requests.length, { interval: 5 }).toBe(1);
    await clock.advance(5_000);
    expect(await Promise.all(finding)).toEqual(Array.from({ length: 6 }, () => ({ labels: {}, annotations: {} })));
    expect(await outcomes()).toEqual({ failed: 6 });
  });
});
