import { createSecureServer, type Http2ServerResponse } from "node:http2";
import type { AddressInfo } from "node:net";
import { aRawEvent } from "../support/raw-events.ts";
import { testCertificate } from "../support/test-certificates.ts";
import { MANAGED_FIELDS } from "./cluster-event.ts";

/*
 * The other end of the watch bench, in a process of its own: lists nothing and streams so many Events as fast as the
 * client takes them. Told by its arguments, tells its port on standard output.
 */

const EVENTS = Number(process.argv[2]);
/** What a busy API server coalesces into one write: it flushes only when its channel is empty. */
const WRITE_BYTES = 16 * 1024;

const REASONS = ["BackOff", "Unhealthy", "FailedMount", "FailedScheduling", "Failed", "Evicted", "Pulled", "Created"];

function eventLine(i: number): string {
  const type = i % 10 < 7 ? "Normal" : "Warning";
  const reason = REASONS[i % REASONS.length];
  const name = `web-${i % 500}-7d4b9c6f5-x2x8z`;
  const namespace = `team-${i % 20}`;
  const {
    kind,
    apiVersion,
    metadata: _replaced,
    ...rest
  } = aRawEvent({
    involvedObject: { kind: "Pod", namespace, name, uid: `pod-${i % 500}`, apiVersion: "v1" },
    reason,
    type,
    message: `Back-off restarting failed container web in pod ${name}_${namespace}(7c1a2f0e-6f0d-4b0e-9d4b-3f0a5f0a5f0a)`,
  });
  const metadata = {
    name: `${name}.${i.toString(16).padStart(16, "0")}`,
    namespace,
    uid: `7c1a2f0e-6f0d-4b0e-9d4b-${String(i).padStart(12, "0")}`,
    resourceVersion: String(1000 + i),
    creationTimestamp: "2026-11-22T10:00:00Z",
    managedFields: [{ ...MANAGED_FIELDS, time: "2026-11-22T10:00:00Z" }],
  };
  return `${JSON.stringify({ type: "ADDED", object: { kind, apiVersion, metadata, ...rest } })}\n`;
}

function buildWrites(): Buffer[] {
  const writes: Buffer[] = [];
  let pending = "";
  for (let i = 0; i < EVENTS; i += 1) {
    pending += eventLine(i);
    if (pending.length < WRITE_BYTES && i < EVENTS - 1) continue;
    writes.push(Buffer.from(pending));
    pending = "";
  }
  return writes;
}

const writes = buildWrites();

/** Ends the initial events before the first: all Events of the bench happen while the client watches. */
const BOOKMARK = `${JSON.stringify({
  type: "BOOKMARK",
  object: {
    kind: "Event",
    apiVersion: "v1",
    metadata: { resourceVersion: "999", annotations: { "k8s.io/initial-events-end": "true" } },
  },
})}\n`;

async function stream(response: Http2ServerResponse, startsWithList: boolean): Promise<void> {
  if (startsWithList) response.write(BOOKMARK);
  for (const bytes of writes) {
    if (response.destroyed) return;
    if (!response.write(bytes)) await new Promise((resolve) => response.once("drain", resolve));
  }
}

const { cert, key } = testCertificate("a");
const server = createSecureServer({ allowHTTP1: true, cert, key }, (request, response) => {
  response.writeHead(200, { "content-type": "application/json" });
  if (request.url.includes("watch=")) void stream(response, request.url.includes("sendInitialEvents"));
  else response.end('{"kind":"EventList","apiVersion":"v1","metadata":{"resourceVersion":"9999999"},"items":[]}');
});
server.on("sessionError", () => {});
server.listen(0, "127.0.0.1", () => {
  const bytes = writes.reduce((sum, write) => sum + write.length, 0);
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port, bytes }));
});
