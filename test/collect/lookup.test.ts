import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLookup, type Lookup, type ObjectKind } from "../../src/collect/lookup.ts";
import type { ApiServerOptions } from "../../src/emulator/api-server.ts";
import type { InvolvedObject } from "../../src/model/event.ts";
import { createMetrics, type Metrics } from "../../src/runtime/metrics.ts";
import { startApi, type TestApi } from "../support/api-server.ts";
import { anEvent } from "../support/events.ts";
import { until } from "../support/reflector.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";
import { testCertificate } from "../support/test-certificates.ts";

const POD = "/api/v1/namespaces/shop/pods/web-7d9c5b7f6-x2x2x";
const NONE = { labels: {}, annotations: {} };
const MINUTE = 60_000;

let clock: FakeClock;
let metrics: Metrics;
let test: TestApi;
let lookup: Lookup;
let forbidden: ObjectKind[];

async function start(options: ApiServerOptions = {}): Promise<void> {
  test = await startApi(clock, options);
  lookup = createLookup({ api: test.api, clock, metrics, onForbidden: (kind) => forbidden.push(kind) });
}

beforeEach(async () => {
  clock = createFakeClock(0);
  metrics = createMetrics();
  forbidden = [];
  await start();
});

afterEach(() => test.close());

function anObject(parts: Partial<InvolvedObject> = {}): InvolvedObject {
  return anEvent({ involvedObject: parts }).involvedObject;
}

async function outcomes(): Promise<Record<string, number>> {
  const { values } = await metrics.lookups.get();
  return Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value]));
}

const paths = (): readonly string[] => test.server.requests.map(({ path }) => path);

describe("createLookup", () => {
  it("finds labels and annotations and asks once per object", async () => {
    test.server.addObject({ path: POD, labels: { app: "web" }, annotations: { team: "shop" } });
    expect(lookup.peek(anObject())).toBeNull();
    const both = await Promise.all([lookup.find(anObject()), lookup.find(anObject())]);
    expect(both).toEqual([
      { labels: { app: "web" }, annotations: { team: "shop" } },
      { labels: { app: "web" }, annotations: { team: "shop" } },
    ]);
    expect(lookup.peek(anObject())).toEqual(both[0]);
    await lookup.find(anObject());
    expect(test.server.requests).toHaveLength(1);
    expect(test.server.requests[0]?.accept).toContain("as=PartialObjectMetadata");
    expect(await outcomes()).toEqual({ found: 1 });
    expect(clock.sleepers()).toBe(0);
  });

  it("leaves out what no rule can mean", async () => {
    const annotations = { team: "shop", "kubectl.kubernetes.io/last-applied-configuration": "{}" };
    test.server.addObject({ path: POD, annotations });
    expect(await lookup.find(anObject())).toEqual({ labels: {}, annotations: { team: "shop" } });
  });

  it("gives nobody the labels of another object, whatever uid an Event's author writes", async () => {
    test.server.addObject({ path: POD, labels: { team: "shop" } });
    await lookup.find(anObject());
    for (const parts of [{ name: "other" }, { namespace: "bank" }, { kind: "Service" }, { apiVersion: "evil/v1" }]) {
      expect(lookup.peek(anObject(parts))).toBeNull();
      expect(await lookup.find(anObject(parts))).toEqual(NONE);
    }
  });

  it("knows an object again, whatever its uid and the version of its API", async () => {
    await lookup.find(anObject());
    expect(lookup.peek(anObject({ uid: "forged" }))).toEqual(NONE);
    expect(lookup.peek(anObject({ apiVersion: "" }))).toEqual(NONE);
    await lookup.find(anObject({ kind: "Deployment", apiVersion: "apps/v1" }));
    expect(lookup.peek(anObject({ kind: "Deployment", apiVersion: "apps/v1beta2" }))).toEqual(NONE);
    expect(lookup.peek(anObject({ kind: "Deployment", apiVersion: "" }))).toEqual(NONE);
  });

  it("remembers labels for ten minutes", async () => {
    test.server.addObject({ path: POD, labels: { app: "web" } });
    await lookup.find(anObject());
    test.server.addObject({ path: POD, labels: { app: "shop" } });
    await clock.advance(10 * MINUTE - 1);
    expect(lookup.peek(anObject())).toMatchObject({ labels: { app: "web" } });
    await clock.advance(1);
    expect(lookup.peek(anObject())).toBeNull();
    expect(await lookup.find(anObject())).toMatchObject({ labels: { app: "shop" } });
  });

  it("remembers for a minute that an object does not exist: it may come yet", async () => {
    expect(await lookup.find(anObject())).toEqual(NONE);
    await clock.advance(MINUTE - 1);
    expect(lookup.peek(anObject())).toEqual(NONE);
    test.server.addObject({ path: POD, labels: { app: "web" } });
    await clock.advance(1);
    expect(await lookup.find(anObject())).toMatchObject({ labels: { app: "web" } });
    expect(await outcomes()).toEqual({ missing: 1, found: 1 });
  });

  it.each<[string, number, "failed" | "forbidden", number]>([
    ["after half a minute when the server failed", 500, "failed", 30_000],
    ["after half a minute when the token was refused", 401, "failed", 30_000],
    ["after five minutes when RBAC forbids it", 403, "forbidden", 5 * MINUTE],
  ])("knows nothing of an object it could not read, and asks again %s", async (_when, status, unknown, holdsMs) => {
    test.server.addObject({ path: POD, labels: { app: "web" } });
    test.server.failNext(status);
    expect(await lookup.find(anObject())).toEqual({ unknown });
    await clock.advance(holdsMs - 1);
    expect(lookup.peek(anObject())).toEqual({ unknown });
    await clock.advance(1);
    expect(lookup.peek(anObject())).toBeNull();
    expect(await lookup.find(anObject())).toMatchObject({ labels: { app: "web" } });
    expect(await outcomes()).toEqual({ [unknown]: 1, found: 1 });
  });

  it("takes an answer that is no object for a failure", async () => {
    test.server.failNext(200, {}, "<html>please log in</html>");
    expect(await lookup.find(anObject())).toEqual({ unknown: "failed" });
  });

  describe("tells which kinds RBAC forbids", () => {
    const pods = { kind: "Pod", apiVersion: "v1" };

    it("once as it happens, and until an object of that kind can be read", async () => {
      test.server.addObject({ path: POD });
      test.server.failNext(403);
      test.server.failNext(403);
      await lookup.find(anObject({ name: "a" }));
      await lookup.find(anObject({ name: "b" }));
      expect(lookup.troubles()).toEqual([pods]);
      await lookup.find(anObject({ kind: "Service" }));
      expect(lookup.troubles()).toEqual([pods]);
      await lookup.find(anObject());
      expect(lookup.troubles()).toEqual([]);
      test.server.failNext(403);
      await lookup.find(anObject({ name: "c" }));
      expect(lookup.troubles()).toEqual([pods]);
      expect(forbidden).toEqual([pods]);
    });

    it("for an hour after the last refusal", async () => {
      test.server.failNext(403);
      await lookup.find(anObject());
      await clock.advance(60 * MINUTE - 1);
      expect(lookup.troubles()).toEqual([pods]);
      await clock.advance(1);
      expect(lookup.troubles()).toEqual([]);
    });

    it("but no more than 64, and only what can be a kind", async () => {
      const kinds = ["No kind\n", ...Array.from({ length: 70 }, (_, i) => `Kind${i}`)];
      for (const kind of kinds) {
        test.server.failNext(403);
        await lookup.find(anObject({ kind, apiVersion: "odd.example/v1" }));
      }
      expect(forbidden).toHaveLength(64);
      expect(forbidden[0]?.kind).toBe("Kind0");
      expect(lookup.troubles()).toHaveLength(64);
    });
  });

  describe("finds custom resources through discovery", () => {
    const apiVersion = "apps.example/v1";
    const widget = (name: string): InvolvedObject => anObject({ apiVersion, kind: "Widget", name });

    it("asked for once a minute", async () => {
      test.server.addResources(apiVersion, [
        { kind: "Widget", name: "widgets", namespaced: true },
        { kind: "Widget", name: "widgets/status", namespaced: true },
        { kind: "Globe", name: "globes", namespaced: false },
      ]);
      test.server.addObject({ path: "/apis/apps.example/v1/namespaces/shop/widgets/w", labels: { of: "widget" } });
      test.server.addObject({ path: "/apis/apps.example/v1/globes/g", labels: { of: "globe" } });
      const globe = anObject({ apiVersion, kind: "Globe", name: "g", namespace: "" });
      expect(await lookup.find(widget("w"))).toMatchObject({ labels: { of: "widget" } });
      await clock.advance(MINUTE - 1);
      expect(await lookup.find(globe)).toMatchObject({ labels: { of: "globe" } });
      await clock.advance(1);
      await lookup.find(widget("other"));
      expect(paths()).toEqual([
        "/apis/apps.example/v1",
        "/apis/apps.example/v1/namespaces/shop/widgets/w",
        "/apis/apps.example/v1/globes/g",
        "/apis/apps.example/v1",
        "/apis/apps.example/v1/namespaces/shop/widgets/other",
      ]);
    });

    it("also of a kind that was added since", async () => {
      test.server.addResources(apiVersion, []);
      test.server.addObject({ path: "/apis/apps.example/v1/namespaces/shop/widgets/w", labels: { of: "widget" } });
      expect(await lookup.find(widget("w"))).toEqual(NONE);
      test.server.addResources(apiVersion, [{ kind: "Widget", name: "widgets", namespaced: true }]);
      await clock.advance(MINUTE);
      expect(await lookup.find(widget("w"))).toMatchObject({ labels: { of: "widget" } });
    });
  });

  it("asks for no path that an Event's texts could bend", async () => {
    for (const name of ["..", "", ".", "x".repeat(254)]) await lookup.find(anObject({ name }));
    await lookup.find(anObject({ apiVersion: "../v1", kind: "Odd" }));
    await lookup.find(anObject({ apiVersion: `${"x".repeat(400)}/v1`, kind: "Odd" }));
    expect(test.server.requests).toHaveLength(0);
    await lookup.find(anObject({ name: "../../secrets/x?y" }));
    expect(paths()).toEqual(["/api/v1/namespaces/shop/pods/..%2F..%2Fsecrets%2Fx%3Fy"]);
  });

  it("goes without when there is no answer in time, and asks no more than a few at once", async () => {
    for (let i = 0; i < 6; i += 1) test.server.hangNext();
    const finding = Array.from({ length: 6 }, (_, i) => lookup.find(anObject({ name: `pod-${i}` })));
    // HTTP/1.1 without pipelining: one request is on the wire, the others wait in the client or for their turn.
    await expect.poll(() => test.server.requests.length, { interval: 5 }).toBe(1);
    await clock.advance(5_000);
    expect(await Promise.all(finding)).toEqual(Array.from({ length: 6 }, () => ({ unknown: "failed" })));
    expect(await outcomes()).toEqual({ failed: 6 });
    expect(clock.sleepers()).toBe(0);
  });

  it("does not ask for an object that has waited too long for its turn", async () => {
    await test.close();
    await start({ tls: testCertificate("a") });
    lookup = createLookup({ api: test.api, clock, metrics, concurrency: 1 });
    for (let i = 0; i < 3; i += 1) test.server.hangNext();
    const first = lookup.find(anObject({ name: "a" }));
    await until(() => paths().length === 1);
    await clock.advance(1_000);
    const later = ["b", "c"].map((name) => lookup.find(anObject({ name })));
    await clock.advance(4_000);
    expect(await first).toEqual({ unknown: "failed" });
    await until(() => paths().length === 2);
    await clock.advance(1_000);
    expect(await later[1]).toEqual({ unknown: "failed" });
    await clock.advance(4_000);
    expect(await later[0]).toEqual({ unknown: "failed" });
    expect(paths().map((path) => path.at(-1))).toEqual(["a", "b"]);
  });

  it("lets no more than 2,000 wait", async () => {
    lookup = createLookup({ api: test.api, clock, metrics, concurrency: 1 });
    test.server.hangNext();
    const waiting = Array.from({ length: 2_001 }, (_, i) => lookup.find(anObject({ name: `pod-${i}` })));
    expect(await lookup.find(anObject({ name: "one too many" }))).toEqual({ unknown: "failed" });
    await clock.advance(5_000);
    await Promise.all(waiting);
    expect(await outcomes()).toMatchObject({ failed: 2_002 });
  });

  it("finds again once the server answers on new connections, though the old one stays half open", async () => {
    await test.close();
    await start({ tls: testCertificate("a") });
    test.server.addObject({ path: POD, labels: { app: "web" } });
    await lookup.find(anObject({ name: "first" }));
    test.server.hang(true);
    const finding = lookup.find(anObject());
    await clock.advance(5_000);
    expect(await finding).toEqual({ unknown: "failed" });
    test.server.hang(false);
    await clock.advance(30_000);
    expect(await lookup.find(anObject())).toMatchObject({ labels: { app: "web" } });
    expect(test.server.requests.map(({ httpVersion }) => httpVersion)).toContain("2.0");
  });
});
