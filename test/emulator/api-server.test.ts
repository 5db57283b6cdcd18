import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createApiServer, type ApiServer } from "../../src/emulator/api-server.ts";
import { parseFieldSelector } from "../../src/emulator/event-store.ts";
import { aRawEvent } from "../support/raw-events.ts";

let server: ApiServer;

beforeEach(async () => {
  server = await createApiServer();
});

afterEach(() => server.close());

interface Listed {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly { readonly reason: string; readonly kind?: string }[];
}

async function ask(path: string): Promise<{ status: number; body: Listed & { reason?: string; message?: string } }> {
  const answer = await fetch(`${server.url}${path}`);
  return { status: answer.status, body: (await answer.json()) as Listed };
}

/** The lines of a watch until the server ends it. */
async function watch(query: string, meanwhile: () => void = () => {}): Promise<string[]> {
  const answer = await fetch(`${server.url}/api/v1/events?watch=1&${query}`);
  if (answer.status !== 200) return [`${answer.status}`];
  meanwhile();
  server.endWatches();
  const lines = (await answer.text()).split("\n").filter(Boolean);
  return lines.map((text) => {
    const { type, object } = JSON.parse(text) as { type: string; object: { reason?: string } };
    return `${type} ${object.reason ?? ""}`.trim();
  });
}

describe("createApiServer", () => {
  it("lists in pages of one revision, items without a kind of their own", async () => {
    for (const reason of ["A", "B", "C"]) server.events.create(aRawEvent({ reason }));
    const first = await ask("/api/v1/events?limit=2");
    server.events.create(aRawEvent({ reason: "D" }));
    const second = await ask(`/api/v1/events?limit=2&continue=${first.body.metadata.continue ?? ""}`);
    expect([...first.body.items, ...second.body.items].map(({ reason }) => reason)).toEqual(["A", "B", "C"]);
    expect(second.body.metadata).toEqual({ resourceVersion: first.body.metadata.resourceVersion });
    expect(first.body.items[0]?.kind).toBeUndefined();
  });

  it("streams the initial events, the bookmark that ends them, and what follows", async () => {
    server.events.create(aRawEvent({ metadata: { name: "a" }, reason: "A" }));
    const query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    const lines = await watch(query, () => {
      server.events.patch("a", { count: 2 });
      server.events.delete("a");
    });
    expect(lines).toEqual(["ADDED A", "BOOKMARK", "MODIFIED A", "DELETED A"]);
    expect(await watch("sendInitialEvents=true")).toEqual(["422"]);
  });

  it("resumes after a version, and says 410 in the stream once it is compacted away", async () => {
    server.events.create(aRawEvent({ reason: "A" }));
    server.events.create(aRawEvent({ reason: "B" }));
    expect(await watch("resourceVersion=101")).toEqual(["ADDED B"]);
    server.events.compact();
    expect(await watch("resourceVersion=101")).toEqual(["ERROR Expired"]);
  });

  it("stays silent for a version from the future", async () => {
    const lines = await watch("resourceVersion=9999", () => server.events.create(aRawEvent()));
    expect(lines).toEqual([]);
  });

  it("shows an Event that stops to fit a selector as deleted", async () => {
    server.events.create(aRawEvent({ metadata: { name: "a" } }));
    const lines = await watch("resourceVersion=101&fieldSelector=type%3DWarning", () => {
      server.events.patch("a", { type: "Normal" });
      server.events.patch("a", { count: 2 });
      server.events.patch("a", { type: "Warning" });
    });
    expect(lines).toEqual(["DELETED BackOff", "ADDED BackOff"]);
  });

  it("refuses a field it cannot select by", async () => {
    expect(await ask("/api/v1/events?fieldSelector=message%3Dx")).toMatchObject({
      status: 400,
      body: { message: "field label not supported: message" },
    });
  });
});

describe("parseFieldSelector", () => {
  it.each<[string, boolean]>([
    ["", true],
    ["type=Warning", true],
    ["type==Warning,reason!=Killing", true],
    ["type!=Warning", false],
    ["source=kubelet", true],
    ["involvedObject.name=a\\,b\\=c\\\\d", true],
    ["involvedObject.name=", false],
  ])("reads %j", (selector, selects) => {
    const event = server.events.create(aRawEvent({ involvedObject: { name: "a,b=c\\d" } }));
    const parsed = parseFieldSelector(selector);
    expect(typeof parsed === "string" ? parsed : parsed(event)).toBe(selects);
  });

  it("falls back to the reporting component for a source without one", () => {
    const event = server.events.create(aRawEvent({ source: {}, reportingComponent: "default-scheduler" }));
    const parsed = parseFieldSelector("source=default-scheduler");
    expect(typeof parsed === "string" ? parsed : parsed(event)).toBe(true);
  });
});
