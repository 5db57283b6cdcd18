import { createServer } from "node:http";
import { createSecureServer } from "node:http2";
import type { Socket } from "node:net";
import type { Clock } from "../runtime/clock.ts";
import { createEventStore, parseFieldSelector, type Change, type EventStore, type StoredEvent } from "./event-store.ts";

/** What `node:http` and `node:http2` requests have in common. */
interface Request {
  readonly url?: string | undefined;
  readonly httpVersion: string;
  readonly headers: { readonly authorization?: string | undefined; readonly accept?: string | undefined };
}

interface Response {
  setHeader(name: string, value: string): unknown;
  writeHead(status: number, headers: Record<string, string>): unknown;
  flushHeaders?(): void;
  write(bytes: string | Buffer): unknown;
  end(): unknown;
  end(body: string): unknown;
  on(event: "close", listener: () => void): unknown;
}

/** How the next request is not answered as it should be. */
type Failure =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  | { readonly kind: "hang" }
  | { readonly kind: "stall"; readonly bytes: number };

/** One request as it came in, for assertions. */
interface SeenRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly httpVersion: string;
  readonly authorization: string;
  readonly accept: string;
}

/** An object whose labels and annotations may be looked up. `path` as the API server has it. */
interface ObjectFixture {
  readonly path: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ApiServerOptions {
  /** Absent: plain HTTP/1.1 on loopback. Present: TLS with HTTP/2 and HTTP/1.1. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
  /** Absent: everybody is let in. */
  readonly token?: string;
  /** What the `Date` header of each answer says; absent: the machine's time. */
  readonly clock?: Pick<Clock, "now">;
  /**
   * False: a server without the WatchList feature, which refuses `sendInitialEvents`. `unknown`: one so old that it
   * ignores the word, and sends the initial events without an end. Default true.
   */
  readonly watchList?: boolean | "unknown";
}

/** A small Kubernetes API server on loopback that knows Events, a few objects, and how to misbehave. */
export interface ApiServer {
  readonly url: string;
  readonly port: number;
  readonly events: EventStore;
  /** A kubeconfig for this server, as YAML's subset JSON. */
  kubeconfig(): string;
  setToken(token: string): void;
  addObject(fixture: ObjectFixture): void;
  /** Custom resources for discovery, by group version, as `{ "apps.example/v1": [{ kind, name, namespaced }] }`. */
  addResources(groupVersion: string, resources: readonly { kind: string; name: string; namespaced: boolean }[]): void;

  /** Answers the next request so; several calls queue up. */
  failNext(status: number, headers?: Readonly<Record<string, string>>, body?: string): void;
  /** Accepts the next request and never answers it. */
  hangNext(): void;
  /** Answers the next request truly, but stops after so many bytes of the body and leaves it open. */
  stallNext(bytes: number): void;
  /** Writes an ERROR event into every open watch; `close` ends them after it. */
  sendError(status: Readonly<Record<string, unknown>>, close?: boolean): void;
  /** Writes raw bytes into every open watch. */
  sendRaw(bytes: string | Buffer): void;
  garbageLine(): void;
  oversizedLine(bytes: number): void;
  /** Ends every open watch as a timeout does. */
  endWatches(): void;
  /** Resets every connection. */
  cut(): void;
  /** From now on, open connections get no more bytes, and new requests no answer; false ends it for new ones. */
  hang(on: boolean): void;

  readonly requests: readonly SeenRequest[];
  /** All that were ever made. */
  connections(): number;
  openConnections(): number;
  openWatches(): number;
  close(): Promise<void>;
}

interface Watch {
  readonly response: Response;
  /** A watch from the future stays silent until the revision catches up. */
  readonly from: number;
  readonly matches: (event: StoredEvent) => boolean;
}

function statusBody(code: number, reason: string, message: string): string {
  return JSON.stringify({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code });
}

const EXPIRED = {
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  message: "The resourceVersion for the provided watch is too old.",
  reason: "Expired",
  code: 410,
};

function answer(
  response: Response,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(body);
}

/** Sends that much of a body and then leaves it open. */
function stalledAfter(bytes: number, response: Response): Response {
  return {
    setHeader: (name, value) => response.setHeader(name, value),
    writeHead: (status, headers) => response.writeHead(status, headers),
    write: (part) => response.write(part),
    end: (body?: string) => response.write((body ?? "").slice(0, bytes)),
    on: (event, listener) => response.on(event, listener),
  };
}

/**
 * Listens on a free loopback port. What it answers follows Kubernetes 1.36 as far as a client of Events can tell
 * (api-concepts and apiserver/pkg/storage, 2026-11): no bookmarks but the one that ends the initial events,
 * `sendInitialEvents` only with `resourceVersionMatch=NotOlderThan`, 410 inside a 200 stream after compaction,
 * paged lists of one revision, and silence for a watch from the future.
 */
export async function createApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const store = createEventStore();
  const objects = new Map<string, ObjectFixture>();
  const resources = new Map<string, readonly { kind: string; name: string; namespaced: boolean }[]>();
  const failures: Failure[] = [];
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  const watches = new Set<Watch>();
  const pages = new Map<string, { items: StoredEvent[]; revision: number }>();
  let connections = 0;
  let token = options.token ?? null;
  let hanging = false;

  const write = (response: Response, bytes: string | Buffer): void => {
    if (!hanging) response.write(bytes);
  };
  const line = (response: Response, type: string, object: unknown): void =>
    write(response, `${JSON.stringify({ type, object })}\n`);
  const sendChange = (watch: Watch, change: Change): void => {
    if (change.revision <= watch.from) return;
    const now = watch.matches(change.object);
    const before = change.before !== null && watch.matches(change.before);
    // With a selector, an Event that starts or stops to fit appears or disappears.
    if (change.type === "DELETED") {
      if (before) line(watch.response, "DELETED", change.object);
    } else if (now) line(watch.response, before ? "MODIFIED" : "ADDED", change.object);
    else if (before) line(watch.response, "DELETED", change.object);
  };
  store.subscribe((change) => {
    for (const watch of watches) sendChange(watch, change);
  });

  const finish = (watch: Watch): void => {
    watches.delete(watch);
    if (!hanging) watch.response.end();
  };

  const watchEvents = (query: URLSearchParams, matches: Watch["matches"], response: Response): void => {
    const version = query.get("resourceVersion") ?? "";
    const initial = query.get("sendInitialEvents") === "true";
    if (initial && (options.watchList === false || query.get("resourceVersionMatch") !== "NotOlderThan")) {
      return answer(
        response,
        422,
        statusBody(
          422,
          "Invalid",
          "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
        ),
      );
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders?.();
    const watch: Watch = { response, matches, from: Number(version) };
    if (initial) {
      for (const event of store.all().filter(matches)) line(response, "ADDED", event);
      const annotations = { "k8s.io/initial-events-end": "true" };
      const metadata = { resourceVersion: String(store.revision()), annotations };
      if (options.watchList !== "unknown") line(response, "BOOKMARK", { kind: "Event", apiVersion: "v1", metadata });
    } else {
      const changes = store.since(Number(version));
      if (!changes) {
        line(response, "ERROR", EXPIRED);
        response.end();
        return;
      }
      for (const change of changes) sendChange(watch, change);
    }
    watches.add(watch);
    const timer = setTimeout(() => finish(watch), Number(query.get("timeoutSeconds") ?? "1800") * 1000);
    response.on("close", () => {
      clearTimeout(timer);
      watches.delete(watch);
    });
  };

  const listEvents = (query: URLSearchParams, matches: Watch["matches"], response: Response): void => {
    const from = query.get("continue");
    const page = from === null ? { items: store.all().filter(matches), revision: store.revision() } : pages.get(from);
    if (!page) return answer(response, 410, statusBody(410, "Expired", "The provided continue parameter is too old."));
    const limit = Number(query.get("limit") ?? "0") || page.items.length;
    const rest = page.items.slice(limit);
    const metadata: Record<string, unknown> = { resourceVersion: String(page.revision) };
    if (rest.length > 0) {
      const next = `page-${pages.size + 1}`;
      pages.set(next, { items: rest, revision: page.revision });
      metadata["continue"] = next;
      metadata["remainingItemCount"] = rest.length;
    }
    // Items of a list carry no kind and apiVersion of their own.
    const items = page.items.slice(0, limit).map(({ kind: _kind, apiVersion: _version, ...item }) => item);
    answer(response, 200, JSON.stringify({ kind: "EventList", apiVersion: "v1", metadata, items }));
  };

  const serve = (request: Request, response: Response): void => {
    const url = new URL(request.url ?? "/", "http://loopback");
    const authorization = request.headers.authorization ?? "";
    const accept = request.headers.accept ?? "";
    requests.push({
      path: url.pathname,
      query: url.searchParams,
      httpVersion: request.httpVersion,
      authorization,
      accept,
    });
    if (hanging) return;
    if (options.clock) response.setHeader("date", new Date(options.clock.now()).toUTCString());
    const failure = failures.shift();
    switch (failure?.kind) {
      case "hang":
        return;
      case "status":
        return answer(response, failure.status, failure.body, failure.headers);
      case "stall":
        return serveTruth(url, authorization, stalledAfter(failure.bytes, response));
      case undefined:
        return serveTruth(url, authorization, response);
    }
  };

  const serveTruth = (url: URL, authorization: string, response: Response): void => {
    if (token !== null && authorization !== `Bearer ${token}`) {
      return answer(response, 401, statusBody(401, "Unauthorized", "Unauthorized"));
    }
    if (url.pathname === "/api/v1/events") {
      const matches = parseFieldSelector(url.searchParams.get("fieldSelector") ?? "");
      if (typeof matches === "string") return answer(response, 400, statusBody(400, "BadRequest", matches));
      const isWatch = url.searchParams.has("watch");
      return isWatch
        ? watchEvents(url.searchParams, matches, response)
        : listEvents(url.searchParams, matches, response);
    }
    const group = resources.get(url.pathname.replace(/^\/apis\//u, ""));
    if (group) return answer(response, 200, JSON.stringify({ kind: "APIResourceList", resources: group }));
    const object = objects.get(url.pathname);
    if (!object) return answer(response, 404, statusBody(404, "NotFound", "not found"));
    const { labels = {}, annotations = {} } = object;
    const metadata = { name: url.pathname.split("/").at(-1), labels, annotations };
    return answer(
      response,
      200,
      JSON.stringify({ kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata }),
    );
  };

  const server = options.tls
    ? createSecureServer({ allowHTTP1: true, cert: options.tls.cert, key: options.tls.key }, serve)
        .on("secureConnection", () => (connections += 1))
        .on("sessionError", () => {})
    : createServer(serve).on("connection", () => (connections += 1));
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening on TCP");
  const { port } = address;
  const url = `${options.tls ? "https" : "http"}://127.0.0.1:${port}`;

  const toWatches = (act: (watch: Watch) => void): void => {
    for (const watch of watches) act(watch);
  };

  return {
    url,
    port,
    events: store,
    kubeconfig() {
      const authority = options.tls?.ca ?? options.tls?.cert;
      const trust = authority
        ? { "certificate-authority-data": Buffer.from(authority).toString("base64") }
        : { "insecure-skip-tls-verify": true };
      return JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "emulator", cluster: { server: url, ...trust } }],
        users: [{ name: "tester", user: token === null ? {} : { token } }],
        contexts: [{ name: "emulator", context: { cluster: "emulator", user: "tester" } }],
        "current-context": "emulator",
      });
    },
    setToken: (next) => void (token = next),
    addObject: (fixture) => void objects.set(fixture.path, fixture),
    addResources: (groupVersion, list) => void resources.set(groupVersion, list),
    failNext: (status, headers = {}, body = statusBody(status, "", `made to fail with ${status}`)) =>
      void failures.push({ kind: "status", status, headers, body }),
    hangNext: () => void failures.push({ kind: "hang" }),
    stallNext: (bytes) => void failures.push({ kind: "stall", bytes }),
    sendError: (status, close = true) =>
      toWatches((watch) => {
        line(watch.response, "ERROR", { kind: "Status", apiVersion: "v1", status: "Failure", ...status });
        if (close) finish(watch);
      }),
    sendRaw: (bytes) => toWatches(({ response }) => write(response, bytes)),
    garbageLine: () => toWatches(({ response }) => write(response, '{"type":"ADDED","object":{"kind":"Ev\n')),
    oversizedLine: (bytes) => toWatches(({ response }) => write(response, `${"x".repeat(bytes)}\n`)),
    endWatches: () => toWatches(finish),
    cut() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    hang(on) {
      hanging = on;
      if (on) for (const socket of sockets) socket.pause();
    },
    requests,
    connections: () => connections,
    openConnections: () => sockets.size,
    openWatches: () => watches.size,
    async close() {
      const done = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await done;
    },
  };
}
