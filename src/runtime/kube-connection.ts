import { EventEmitter } from "node:events";
import { buildConnector, Client, ProxyAgent, type Dispatcher } from "undici";
import type { Credentials } from "./kube-credentials.ts";

/** One connection to the API server, made when the first request is sent over it. */
export interface Connection {
  readonly dispatcher: Dispatcher;
  /** Of the credentials it was made with. */
  readonly fingerprint: string;
  /** False until it is known. */
  isHttp2(): boolean;
  /** Each is called whenever the other side answers an HTTP/2 ping. */
  readonly pingListeners: Set<() => void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_DELAY_MS = 15_000;

/** Takes HTTP/2 where the server offers it. The time limits are the caller's, but for the one on connecting. */
export function createConnection(credentials: Credentials, pingIntervalMs: number): Connection {
  const { server, proxyUrl, fingerprint } = credentials;
  const pingListeners = new Set<() => void>();
  let http2 = false;

  const listenForPings = (client: Client): Client => {
    // undici emits it and does not declare it (8.12).
    EventEmitter.prototype.on.call(client, "ping", () => {
      http2 = true;
      for (const listener of pingListeners) listener();
    });
    return client;
  };

  const base = { bodyTimeout: 0, headersTimeout: 0, allowH2: true, h2Options: { pingInterval: pingIntervalMs } };
  const tls = {
    ...credentials.tls,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    timeout: CONNECT_TIMEOUT_MS,
  };

  const direct = (): Dispatcher => {
    const connector = buildConnector({ ...tls, allowH2: true });
    const connect: buildConnector.connector = (to, callback) =>
      connector(to, (...result) => {
        const socket = result[1];
        if (socket && "alpnProtocol" in socket) http2 = socket.alpnProtocol === "h2";
        callback(...result);
      });
    return listenForPings(new Client(new URL(server).origin, { ...base, connect }));
  };

  const factory = (origin: URL, inner: object): Client => listenForPings(new Client(origin, inner));
  const throughProxy = (uri: string): Dispatcher => new ProxyAgent({ ...base, uri, requestTls: tls, factory });

  return {
    dispatcher: proxyUrl === null ? direct() : throughProxy(proxyUrl),
    fingerprint,
    isHttp2: () => http2,
    pingListeners,
  };
}
