import { Pool, errors } from "undici";
import { alertId } from "../model/alert-id.ts";
import type { Delivery, Outcome } from "../model/delivery.ts";
import type { Redactor, SecretSource } from "../runtime/secret.ts";
import { type BodyForms, fitBody } from "./fit.ts";
import type { Channel, Item, World } from "./kind.ts";
import { afterNetworkError } from "./network-error.ts";

/** An HTTP header as undici gives it. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Where to post, or why there is nowhere to; `detail` quotes nothing of the address. */
export type Address =
  | { readonly kind: "valid"; readonly origin: string; readonly path: string }
  | { readonly kind: "invalid"; readonly detail: string };

/** PEM texts: a further authority to trust, and a certificate of our own. */
interface Tls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** What must be made anew at each attempt: a signature in the body or in headers. */
export interface Sealed {
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One answer and what the kind makes of it. */
interface Answered {
  readonly outcome: Outcome;
  /** How far the receiver's clock is ahead of ours, from its `Date` header; null when it sent none. */
  readonly aheadMs: number | null;
}

/** Posts the body once more, sealed for now; 10 seconds bound all posts of one attempt. */
export type Post = (seal: (body: string, delivery: Delivery) => Sealed) => Promise<Answered>;

export interface HttpChannelOptions {
  /** Metric label, never part of a request. */
  readonly receiver: string;
  /** Largest body aimed at, in UTF-8 bytes. */
  readonly maxBytes: number;
  readonly world: World;
  /** Asked at each attempt, so that a rotated secret needs no restart. May throw what the file system throws. */
  readonly address: () => Address;
  readonly forms: BodyForms;
  readonly contentType?: string;
  /** What one attempt is: posts at least once. Posts the body as it is if not given. May throw as `address` may. */
  readonly attempt?: (post: Post) => Promise<Outcome>;
  /** `body` is cut at 64 KiB. `detail` may quote what was answered: it is scrubbed and shortened afterwards. */
  readonly classify: (status: number, body: string, headers: Headers) => Outcome;
  /** Asked at each attempt as `address` is; what has changed makes a new connection. */
  readonly tls?: () => Tls;
}

/**
 * Name of the other side, the same for all receivers of one address and free of secrets. Of an address whose file
 * cannot be read, the name of the file stands for it.
 */
export function destinationOf(kind: string, url: SecretSource, redactor: Redactor): string {
  try {
    return alertId(kind, redactor.open(url).reveal());
  } catch (error) {
    if (!isFileError(error) || url.kind === "value") throw error;
    return alertId(kind, "file", url.path);
  }
}

type Target = Extract<Address, { kind: "valid" }> & { readonly tls: Tls };

const CONNECT_MS = 5000;
/** Bound of one attempt from name look-up to the last byte. */
const ATTEMPT_MS = 10_000;
/** Receivers answer in some 100 bytes; what is longer is somebody else's page, on a metered link. */
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_DETAIL_LENGTH = 300;

class AttemptTimeoutError extends Error {
  override readonly name = "AttemptTimeoutError";
}

/**
 * Posts items to one address over one kept connection, one request at a time, following no redirect. An attempt ends
 * within 10 seconds. Every `detail` is scrubbed.
 */
export function httpChannel(options: HttpChannelOptions): Channel {
  const { receiver, world, forms, classify } = options;
  const { clock, networkClock, metrics, redactor } = world;
  let pool: { readonly key: string; readonly pool: Pool } | null = null;

  const poolFor = async (origin: string, tls: Tls): Promise<Pool> => {
    const key = JSON.stringify([origin, tls]);
    if (pool?.key === key) return pool.pool;
    await pool?.pool.close();
    const opened = new Pool(origin, {
      connections: 1,
      pipelining: 1,
      allowH2: true,
      connect: { timeout: CONNECT_MS, ...tls },
      // A new TLS handshake costs more than finding out that a kept socket has gone stale.
      keepAliveTimeout: 60_000,
      // undici pings an idle HTTP/2 session each minute; on a metered link that is the operator's money.
      h2Options: { pingInterval: 0 },
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    pool = { key, pool: opened };
    return opened;
  };

  /** After trouble the next attempt begins with a fresh connection: a half-open one would time out again and again. */
  const hangUp = async (): Promise<void> => {
    const stale = pool?.pool;
    pool = null;
    await stale?.destroy();
  };

  const count = (direction: "sent" | "received", bytes: number): void =>
    metrics.attemptBytes.inc({ receiver, direction }, bytes);

  const post = async (
    { origin, path, tls }: Target,
    { body, headers }: Sealed,
    signal: AbortSignal,
  ): Promise<Answered> => {
    const bytes = Buffer.from(body);
    try {
      const answer = await (
        await poolFor(origin, tls)
      ).request({
        method: "POST",
        path,
        headers: {
          "content-type": options.contentType ?? "application/json; charset=utf-8",
          "user-agent": "kubewhen",
          ...headers,
        },
        body: bytes,
        signal,
      });
      count("sent", bytes.length);
      const received = await readAnswer(answer.body);
      count("received", received.length);
      const date = Date.parse(String(answer.headers["date"] ?? ""));
      return {
        outcome: classify(answer.statusCode, received.toString("utf8"), answer.headers),
        aheadMs: Number.isNaN(date) ? null : date - clock.now(),
      };
    } catch (error) {
      // Our own mistake in calling undici, not the network's.
      if (!(error instanceof Error) || error instanceof errors.InvalidArgumentError || error instanceof TypeError) {
        throw error;
      }
      await hangUp();
      const outcome = signal.reason instanceof AttemptTimeoutError ? timedOut() : afterNetworkError(error);
      if (outcome.kind !== "delivered" && outcome.arrived === "perhaps") count("sent", bytes.length);
      return { outcome, aheadMs: null };
    }
  };

  const attempt = async (item: Item, stop: AbortSignal): Promise<Outcome> => {
    const address = options.address();
    if (address.kind === "invalid") return misconfigured("url_invalid", address.detail);
    const target = { ...address, tls: options.tls?.() ?? {} };
    const body = fitBody(item, forms, options.maxBytes);
    const done = new AbortController();
    const late = new AbortController();
    const timer = networkClock.sleep(ATTEMPT_MS, done.signal).then(
      () => late.abort(new AttemptTimeoutError()),
      () => {},
    );
    const signal = AbortSignal.any([stop, late.signal]);
    const postOnce: Post = (seal) => post(target, seal(body, item.delivery), signal);
    try {
      if (options.attempt !== undefined) return await options.attempt(postOnce);
      return (await postOnce((plain) => ({ body: plain }))).outcome;
    } finally {
      done.abort();
      await timer;
    }
  };

  const send = async (item: Item, signal: AbortSignal): Promise<Outcome> => {
    try {
      const outcome = await attempt(item, signal);
      if (outcome.kind === "delivered") return outcome;
      const printable = redactor.scrub(outcome.detail.replaceAll(/\p{Cc}+/gu, " "));
      return { ...outcome, detail: printable.slice(0, MAX_DETAIL_LENGTH) };
    } catch (error) {
      if (!isFileError(error)) throw error;
      return misconfigured("secret_unreadable", `a secret's file cannot be read: ${error.code}`);
    }
  };

  return {
    async send(items, signal) {
      const outcomes: Outcome[] = [];
      for (const item of items) outcomes.push(await send(item, signal));
      return outcomes;
    },
    close: hangUp,
  };
}

/** Reads at most `MAX_ANSWER_BYTES`; leaving the loop early destroys the rest. Shorter answers free the connection. */
async function readAnswer(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES);
}

function timedOut(): Outcome {
  const detail = `no complete answer within ${ATTEMPT_MS / 1000} s`;
  return { kind: "retry", reason: "timed_out", detail, arrived: "perhaps" };
}

function misconfigured(reason: string, detail: string): Outcome {
  return { kind: "misconfigured", reason, detail, arrived: "no" };
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && "syscall" in error;
}
