import type { Dispatcher } from "undici";
import type { Clock } from "./clock.ts";
import { createConnection, type Connection } from "./kube-connection.ts";
import { KubeConfigError, openCredentials, type Credentials } from "./kube-credentials.ts";
import type { Logger } from "./logger.ts";
import { createWaitLimit } from "./wait-limit.ts";

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
  /**
   * How long to wait in all: for the connection, the answer's head and every byte of its body; default 30 s. Time in
   * which the caller does not ask for more is not counted. Of a stream only the head is waited for so.
   */
  readonly timeoutMs?: number;
  /** Default `application/json`. */
  readonly accept?: string;
  /** A watch: runs on a connection of its own, which is watched for its life. */
  readonly stream?: boolean;
  /** Called at each sign that the stream's connection works: bytes, or an answered HTTP/2 ping. */
  readonly onActivity?: () => void;
}

export interface KubeResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Throws KubeUnreachable when the connection breaks, the signal's reason when aborted. To be read once. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The whole body, instead of `body`. Throws KubeUnreachable when it is longer than 4 MiB. */
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

const TIMEOUT_MS = 30_000;
const PING_INTERVAL_MS = 15_000;

/**
 * undici sends pings but never misses an answer, and unanswered pings switch TCP keep-alive off, so a dead path
 * would go unnoticed (undici 8.12, measured 2026-11). Three lost pings are a dead path.
 */
const PING_WATCHDOG_MS = 45_000;

/** etcd refuses objects above 1.5 MiB; lists are not read as one text. */
const MAX_TEXT_BYTES = 4 * 1024 * 1024;

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
  const connections: { stream: Connection | null; short: Connection | null } = { stream: null, short: null };
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

  const discard = (use: "stream" | "short", connection: Connection): void => {
    if (connections[use] === connection) connections[use] = null;
    void connection.dispatcher.destroy();
  };

  const connectionFor = (use: "stream" | "short", current: Credentials): Connection => {
    const known = connections[use];
    if (known?.fingerprint === current.fingerprint) return known;
    if (known) options.logger?.info("credentials or CA changed, connecting anew");
    // What still runs on the old one may end in its own time: it was let in with what was right then.
    void known?.dispatcher.close();
    const made = createConnection(current, pingIntervalMs);
    connections[use] = made;
    return made;
  };

  const send = async (path: string, request: KubeRequest, current: Credentials): Promise<KubeResponse> => {
    const use = request.stream === true ? "stream" : "short";
    const connection = connectionFor(use, current);
    const timeoutMs = request.timeoutMs ?? TIMEOUT_MS;
    const limit = createWaitLimit(
      clock,
      timeoutMs,
      () => new KubeUnreachable(`no answer within ${timeoutMs / 1000} s`, { silent: true }),
    );
    const dead = new AbortController();
    const signal = AbortSignal.any([request.signal, limit.signal, dead.signal]);
    // A stream's connection serves nothing else. On a short one others may be under way, whom one caller's change of
    // mind must not touch.
    const giveUp = (): void => {
      if (use === "stream" || !request.signal.aborted) discard(use, connection);
    };
    const failure = (error: unknown): Error => {
      limit.stop();
      giveUp();
      for (const { aborted, reason } of [request.signal, limit.signal, dead.signal]) {
        if (aborted) return reason instanceof Error ? reason : new Error(String(reason));
      }
      return new KubeUnreachable(describe(error), { cause: error });
    };

    const server = new URL(current.server);
    let answer: Dispatcher.ResponseData;
    limit.begin();
    try {
      answer = await connection.dispatcher.request({
        origin: server.origin,
        path: server.pathname.replace(/\/$/, "") + path,
        method: "GET",
        headers: { "user-agent": "kubewhen", accept: request.accept ?? "application/json", ...current.headers },
        signal,
      });
    } catch (error) {
      throw failure(error);
    }
    limit.pause();
    // How long a watch may last is its caller's matter.
    if (use === "stream" && answer.statusCode === 200) limit.stop();

    const readBody = async function* (): AsyncGenerator<Uint8Array> {
      let activeAt = clock.monotonic();
      const noteActivity = (): void => {
        activeAt = clock.monotonic();
        request.onActivity?.();
      };
      const bodyEnded = new AbortController();
      const awaitPings = async (): Promise<void> => {
        for (;;) {
          await clock.sleep(PING_WATCHDOG_MS / 3, bodyEnded.signal);
          if (connection.isHttp2() && clock.monotonic() - activeAt >= PING_WATCHDOG_MS) {
            dead.abort(new KubeUnreachable(`no sign of life for ${PING_WATCHDOG_MS / 1000} s`, { silent: true }));
            return;
          }
        }
      };
      connection.pingListeners.add(noteActivity);
      if (use === "stream") awaitPings().catch(() => {});
      let ended = false;
      try {
        limit.begin();
        for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
          limit.pause();
          noteActivity();
          yield chunk;
          limit.begin();
        }
        ended = true;
      } catch (error) {
        throw failure(error);
      } finally {
        limit.stop();
        bodyEnded.abort();
        connection.pingListeners.delete(noteActivity);
        // A consumer that stops in the middle leaves bytes under way that nobody will read.
        if (!ended && use === "stream") discard(use, connection);
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
      await Promise.all([connections.stream?.dispatcher.destroy(), connections.short?.dispatcher.destroy()]);
      connections.stream = null;
      connections.short = null;
    },
  };
}
