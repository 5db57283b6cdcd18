import { createServer as createHttpServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Metrics } from "./metrics.ts";

/** An answer to "how are you": true, or not and why. `details` is shown to people either way; no secrets. */
export interface Condition {
  readonly ok: boolean;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface ServerOptions {
  /** Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Should the process go on? False makes the kubelet restart it. */
  readonly health: () => Condition;
  /** Is it doing its work right now? */
  readonly readiness: () => Condition;
  readonly metrics: Metrics;
}

export interface Server {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves `/healthz`, `/readyz` (200 or 503, a JSON body) and `/metrics` (Prometheus text). Read only, no other path.
 * Rejects with the system's error when the address cannot be had.
 */
export async function startServer({ listen, health, readiness, metrics }: ServerOptions): Promise<Server> {
  const http = createHttpServer((request, response) => {
    const path = (request.url ?? "/").split("?", 1)[0];
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
    } else if (path === "/healthz") answer(response, health());
    else if (path === "/readyz") answer(response, readiness());
    else if (path === "/metrics") void answerMetrics(response, metrics);
    else response.writeHead(404).end();
  });
  // Probes come every few seconds on fresh connections; nobody keeps one open.
  http.keepAliveTimeout = 5_000;

  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(listen.port, listen.host, () => {
      http.off("error", reject);
      resolve();
    });
  });
  const address = http.address();
  return {
    port: isAddressInfo(address) ? address.port : listen.port,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

function isAddressInfo(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === "object" && address !== null;
}

function answer(response: ServerResponse, { ok, details }: Condition): void {
  response
    .writeHead(ok ? 200 : 503, { "content-type": "application/json" })
    .end(`${JSON.stringify({ ok, ...details })}\n`);
}

async function answerMetrics(response: ServerResponse, { registry }: Metrics): Promise<void> {
  const text = await registry.metrics();
  response.writeHead(200, { "content-type": registry.contentType }).end(text);
}
