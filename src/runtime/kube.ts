import { EventEmitter } from "node:events";
import { buildConnector, Client, ProxyAgent, type Dispatcher } from "undici";
import type { Clock } from "./clock.ts";
import { KubeConfigError, openCredentials, type Credentials } from "./kube-credentials.ts";
import type { Logger } from "./logger.ts";

export { KubeConfigError };

/** The API server gave no answer, or stopped in the middle of one. Its message is free of secrets. */
export class KubeUnreachable extends Error {
  override readonly name = "KubeUnreachable";
  /** One of our own deadlines ended it, nothing came from the other side. */
  readonly silent: boolean;

  constructor(message: string, options: { readonly cause?: unknown; readonly silent?: boolean } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.silent = options.silent ?? false;
  }
}

interface KubeRequest {
  readonly signal: AbortSignal;
  /** How long to wait for the answer's head, the connection included; default 30 s. */
  readonly headersTimeoutMs?: number;
  /** Default `application/json`. */
  readonly accept?: string;
  /** A watch: runs on a connection of its own, which is watched for its life. */
  readonly stream?: boolean;
  /** Called at each sign that the stream's connection lives: bytes, or an answered HTTP/2 ping. */
  readonly alive?: () => void;
}

export interface KubeResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Throws KubeUnreachable when the connection breaks, the signal's reason when aborted. To be read once. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The whole body, instead of `body`. Cut at 32 MiB. */
  text(): Promise<string>;
}

/** GET requests to one API server with the credentials of the moment. */
export interface KubeApi {
  /** Base URL, without a slash at its end. */
  readonly server: string;
  /**
   * `path` starts with a slash. Any status is an answer; a 401 has been tried again with freshly read credentials
   * before it is one. Throws KubeUnreachable when there is none, the signal's reason when aborted.
   */
  request(path: string, request: KubeRequest): Promise<KubeResponse>;
  /** Ends all requests at once. */
  close(): Promise<void>;
}

export interface KubeApiOptions {
  /** Path of a kubeconfig; null looks at `$KUBECONFIG`, `~/.kube/config` and the Pod's service account, in this order. */
  readonly kubeconfig: string | null;
  readonly clock: Clock;
  readonly logger?: Pick<Logger, "info">;
  /** Between HTTP/2 pings; default 15 s. */
  readonly pingIntervalMs?: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
const HEADERS_TIMEOUT_MS = 30_000;
const PING_INTERVAL_MS = 15_000;

/**
 * undici sends pings but never misses an answer, and unanswered pings switch TCP keep-alive off, so a dead path
 * would go unnoticed (undici 8.12, measured 2026-11). Three lost pings are a dead path.
 */
const PING_WATCHDOG_MS = 45_000;

const MAX_TEXT_BYTES = 32 * 1024 * 1024;

/** One connection and what is known about it. */
interface Line {
  readonly dispatcher: Dispatcher;
  readonly fingerprint: string;
  http2: boolean;
  readonly listeners: Set<() => void>;
}

/** What broke, in a word fit for a log. undici's and Node's errors name hosts and codes, never credentials. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return `${error.message}${cause}`;
}

/**
 * Opens nothing until the first request. Throws KubeConfigError when there is no usable configuration.
 *
 * Streams and short requests have a connection each, so that on HTTP/1.1 a list never waits behind a watch. HTTP/2 is
 * taken where the server offers it. A connection on which anything went wrong is thrown away: the next request must
 * not inherit a dead path.
 */
export function createKubeApi(options: KubeApiOptions): KubeApi {
  const { kubeconfig, clock } = options;
  const pingIntervalMs = options.pingIntervalMs ?? PING_INTERVAL_MS;

  const source = openCredentials(kubeconfig);
  const lines: { stream: Line | null; short: Line | null } = { stream: null, short: null };
  let closed = false;

  const credentials = async (): Promise<Credentials> => {
    try {
      return await source.read();
    } catch (error) {
      if (error instanceof KubeConfigError) throw new KubeUnreachable(error.message, { cause: error });
      // A token file that is gone for a moment, or a plug-in that fails. A plug-in's own words may hold a token.
      const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
      throw new KubeUnreachable(`cannot get credentials${code}`);
    }
  };

  const connect = (current: Credentials): Line => {
    const listeners = new Set<() => void>();
    const line = { fingerprint: current.fingerprint, http2: false, listeners };
    const base = { bodyTimeout: 0, headersTimeout: 0, allowH2: true, h2Options: { pingInterval: pingIntervalMs } };
    const tls = { ...current.tls, keepAlive: true, keepAliveInitialDelay: 15_000, timeout: CONNECT_TIMEOUT_MS };
    const hear = (client: Client): Client => {
      // undici emits it and does not declare it (8.12).
      EventEmitter.prototype.on.call(client, "ping", () => {
        line.http2 = true;
        for (const listener of listeners) listener();
      });
      return client;
    };
    if (current.proxyUrl !== null) {
      const factory = (origin: URL, inner: object): Client => hear(new Client(origin, inner));
      return Object.assign(line, {
        dispatcher: new ProxyAgent({ ...base, uri: current.proxyUrl, requestTls: tls, factory }),
      });
    }
    const connector = buildConnector({ ...tls, allowH2: true });
    const noticing: buildConnector.connector = (to, callback) =>
      connector(to, (...result) => {
        const socket = result[1];
        if (socket && "alpnProtocol" in socket) line.http2 = socket.alpnProtocol === "h2";
        callback(...result);
      });
    return Object.assign(line, {
      dispatcher: hear(new Client(new URL(current.server).origin, { ...base, connect: noticing })),
    });
  };

  const discard = (use: "stream" | "short", line: Line): void => {
    if (lines[use] === line) lines[use] = null;
    void line.dispatcher.destroy();
  };

  const lineFor = (use: "stream" | "short", current: Credentials): Line => {
    const known = lines[use];
    if (known?.fingerprint === current.fingerprint) return known;
    if (known) options.logger?.info("credentials or CA changed, connecting anew");
    // What still runs on the old one may end in its own time: it was let in with what was right then.
    void known?.dispatcher.close();
    const made = connect(current);
    lines[use] = made;
    return made;
  };

  const send = async (path: string, request: KubeRequest, current: Credentials): Promise<KubeResponse> => {
    const use = request.stream === true ? "stream" : "short";
    const line = lineFor(use, current);
    const patience = new AbortController();
    const stopTimer = new AbortController();
    const timeoutMs = request.headersTimeoutMs ?? HEADERS_TIMEOUT_MS;
    clock.sleep(timeoutMs, stopTimer.signal).then(
      () => patience.abort(new KubeUnreachable(`no answer within ${timeoutMs / 1000} s`, { silent: true })),
      () => {},
    );
    const signal = AbortSignal.any([request.signal, patience.signal]);
    // A stream's connection serves nothing else. On a short one others may be under way, whom one caller's change of
    // mind must not touch.
    const giveUp = (): void => {
      if (use === "stream" || !request.signal.aborted) discard(use, line);
    };
    const failure = (error: unknown): Error => {
      giveUp();
      for (const { aborted, reason } of [request.signal, patience.signal]) {
        if (aborted) return reason instanceof Error ? reason : new Error(String(reason));
      }
      return new KubeUnreachable(describe(error), { cause: error });
    };

    let answer: Dispatcher.ResponseData;
    try {
      answer = await line.dispatcher.request({
        origin: new URL(current.server).origin,
        path: new URL(current.server).pathname.replace(/\/$/, "") + path,
        method: "GET",
        headers: { "user-agent": "kubewhen", accept: request.accept ?? "application/json", ...current.headers },
        signal,
      });
    } catch (error) {
      throw failure(error);
    } finally {
      stopTimer.abort();
    }

    const readBody = async function* (): AsyncGenerator<Uint8Array> {
      let aliveAt = clock.monotonic();
      const alive = (): void => {
        aliveAt = clock.monotonic();
        request.alive?.();
      };
      const stopWatchdog = new AbortController();
      const guard = async (): Promise<void> => {
        for (;;) {
          await clock.sleep(PING_WATCHDOG_MS / 3, stopWatchdog.signal);
          if (line.http2 && clock.monotonic() - aliveAt >= PING_WATCHDOG_MS) {
            patience.abort(new KubeUnreachable(`no sign of life for ${PING_WATCHDOG_MS / 1000} s`, { silent: true }));
            return;
          }
        }
      };
      line.listeners.add(alive);
      if (use === "stream") guard().catch(() => {});
      let ended = false;
      try {
        for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
          alive();
          yield chunk;
        }
        ended = true;
      } catch (error) {
        throw failure(error);
      } finally {
        stopWatchdog.abort();
        line.listeners.delete(alive);
        // A consumer that stops in the middle leaves bytes under way that nobody will read.
        if (!ended && use === "stream") discard(use, line);
      }
    };

    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(answer.headers)) headers[name.toLowerCase()] = String(value);
    const body = readBody();
    return {
      status: answer.statusCode,
      headers,
      body,
      async text() {
        const chunks: Uint8Array[] = [];
        let bytes = 0;
        for await (const chunk of body) {
          bytes += chunk.length;
          if (bytes > MAX_TEXT_BYTES) throw new KubeUnreachable("answer too long");
          chunks.push(chunk);
        }
        return Buffer.concat(chunks).toString("utf8");
      },
    };
  };

  return {
    server: source.server,
    async request(path, request) {
      if (closed) throw new KubeUnreachable("closed");
      const current = await credentials();
      request.signal.throwIfAborted();
      const answer = await send(path, request, current);
      if (answer.status !== 401) return answer;
      // A rotated token is on disk already.
      source.forget();
      const renewed = await credentials();
      if (
        renewed.headers["authorization"] === current.headers["authorization"] &&
        renewed.fingerprint === current.fingerprint
      ) {
        return answer;
      }
      await answer.text();
      return send(path, request, renewed);
    },
    async close() {
      closed = true;
      await Promise.all([lines.stream?.dispatcher.destroy(), lines.short?.dispatcher.destroy()]);
      lines.stream = null;
      lines.short = null;
    },
  };
}
