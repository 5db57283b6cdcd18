import { Pool, errors } from "undici";
import type { DeliveryOutcome, OutboxEntry, Sender } from "../../model/delivery.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Metrics } from "../../runtime/metrics.ts";
import type { Redactor, SecretSource } from "../../runtime/secret.ts";
import { plainerBody } from "./plainer.ts";
import { type Headers, classifyFeishuResponse, isMendable } from "./response.ts";
import { signFeishu } from "./signature.ts";
import { type WebhookUrl, parseWebhookUrl } from "./webhook-url.ts";

/** As much of a receiver's configuration as sending needs. */
interface FeishuReceiver {
  /** Metric label, never part of the request. */
  readonly name: string;
  readonly url: SecretSource;
  /** Null: the bot is not a signed one. */
  readonly secret: SecretSource | null;
}

export interface FeishuSenderOptions {
  readonly receiver: FeishuReceiver;
  readonly redactor: Redactor;
  /** Signs: its wall clock. */
  readonly clock: Clock;
  /** Bounds an attempt. */
  readonly networkClock: Clock;
  readonly metrics: Metrics;
  /** PEM of a further certificate authority to trust, for gateways and tests. */
  readonly ca?: string;
}

const CONNECT_MS = 5000;
/** Bound of one attempt from name look-up to the last byte; a second signature is a second attempt. */
const TOTAL_MS = 10_000;
/** Feishu answers in some 100 bytes; what is longer is somebody else's page, on a metered link. */
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_DETAIL_LENGTH = 300;
/** Clocks closer than this are not why a signature failed: the window is an hour. */
const CLOCK_TOLERANCE_MS = 60_000;

interface Answer {
  readonly outcome: DeliveryOutcome;
  /** How far Feishu's clock is ahead of ours, from its `Date` header; null when it sent none. */
  readonly serverAheadMs: number | null;
}

/*
 * Codes of Node's and undici's errors by what they mean; all are retried. Unknown ones are `network`, so the metric's
 * labels stay a closed set.
 */
const NETWORK_REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: "dns_failed",
  EAI_AGAIN: "dns_failed",
  ECONNREFUSED: "connect_failed",
  EHOSTUNREACH: "connect_failed",
  ENETUNREACH: "connect_failed",
  UND_ERR_CONNECT_TIMEOUT: "timed_out",
  ETIMEDOUT: "timed_out",
  UND_ERR_HEADERS_TIMEOUT: "timed_out",
  UND_ERR_BODY_TIMEOUT: "timed_out",
  ECONNRESET: "connection_lost",
  EPIPE: "connection_lost",
  UND_ERR_SOCKET: "connection_lost",
  UND_ERR_ABORTED: "connection_lost",
};

class AttemptTimeoutError extends Error {
  override readonly name = "AttemptTimeoutError";
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  return codeOf(error.cause);
}

/** Only the error's code is told: messages and causes of HTTP clients quote addresses. */
function networkOutcome(error: unknown): DeliveryOutcome {
  if (error instanceof AttemptTimeoutError) {
    return { kind: "retry", reason: "timed_out", detail: `no complete answer within ${TOTAL_MS / 1000} s` };
  }
  const code = codeOf(error);
  const tls = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code);
  const reason = NETWORK_REASONS[code] ?? (tls ? "tls_failed" : "network");
  return { kind: "retry", reason, detail: code === "" ? "no answer" : `no answer: ${code}` };
}

function dateHeader(headers: Headers): number | null {
  const date = Date.parse(String(headers["date"] ?? ""));
  return Number.isNaN(date) ? null : date;
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && "syscall" in error;
}

/** Puts the sign fields in front of a body, which is always a JSON object. */
function signedBody(body: string, epochMs: number, key: string): string {
  const parsed: unknown = JSON.parse(body);
  return JSON.stringify({ ...signFeishu(epochMs, key), ...Object(parsed) });
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

/**
 * Sends entries to one Feishu or Lark custom bot over one kept connection, one request at a time, following no
 * redirect. Address and secret are read anew at each attempt, so a rotated Secret needs no restart; the body is
 * signed at each attempt, because signatures go stale in the outbox.
 *
 * After a clock mismatch (19021) it signs once more with Feishu's own time and keeps that correction once it works.
 * Answers `refused` with a plainer body where one may get through. Every `detail` is scrubbed.
 */
export function createFeishuSender(options: FeishuSenderOptions): Sender {
  const { redactor, clock, networkClock, metrics } = options;
  const receiver = options.receiver.name;
  const address = redactor.open(options.receiver.url);
  const signSecret = options.receiver.secret === null ? null : redactor.open(options.receiver.secret);
  let pool: { readonly origin: string; readonly pool: Pool } | null = null;
  let aheadMs = 0;

  const poolFor = async (origin: string): Promise<Pool> => {
    if (pool?.origin === origin) return pool.pool;
    await pool?.pool.close();
    const opened = new Pool(origin, {
      connections: 1,
      pipelining: 1,
      allowH2: true,
      connect: { timeout: CONNECT_MS, ...(options.ca === undefined ? {} : { ca: options.ca }) },
      // A new TLS handshake costs more than finding out that a kept socket has gone stale.
      keepAliveTimeout: 60_000,
      // undici pings an idle HTTP/2 session each minute; on a metered link that is the operator's money.
      h2Options: { pingInterval: 0 },
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    pool = { origin, pool: opened };
    return opened;
  };

  /** After trouble the next attempt begins with a fresh connection: a half-open one would time out again and again. */
  const hangUp = async (): Promise<void> => {
    const stale = pool?.pool;
    pool = null;
    await stale?.destroy();
  };

  const post = async (url: WebhookUrl & { kind: "valid" }, body: string, signal: AbortSignal): Promise<Answer> => {
    const done = new AbortController();
    const late = new AbortController();
    const timer = networkClock.sleep(TOTAL_MS, done.signal).then(
      () => late.abort(new AttemptTimeoutError()),
      () => {},
    );
    const sent = Buffer.from(body);
    try {
      const answer = await (
        await poolFor(url.origin)
      ).request({
        method: "POST",
        path: url.path,
        headers: { "content-type": "application/json; charset=utf-8", "user-agent": "kubewhen" },
        body: sent,
        signal: AbortSignal.any([signal, late.signal]),
      });
      metrics.attemptBytes.inc({ receiver, direction: "sent" }, sent.length);
      const received = await readAnswer(answer.body);
      metrics.attemptBytes.inc({ receiver, direction: "received" }, received.length);
      const date = dateHeader(answer.headers);
      return {
        outcome: classifyFeishuResponse(answer.statusCode, received.toString("utf8"), answer.headers),
        serverAheadMs: date === null ? null : date - clock.now(),
      };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      // Our own mistake in calling undici, not the network's.
      if (error instanceof errors.InvalidArgumentError || error instanceof TypeError) throw error;
      await hangUp();
      return { outcome: networkOutcome(late.signal.aborted ? late.signal.reason : error), serverAheadMs: null };
    } finally {
      done.abort();
      await timer;
    }
  };

  const postSigned = async (
    url: WebhookUrl & { kind: "valid" },
    entry: OutboxEntry,
    signal: AbortSignal,
  ): Promise<DeliveryOutcome> => {
    const key = signSecret?.reveal() ?? "";
    if (key === "") return (await post(url, entry.body, signal)).outcome;
    const signed = (offsetMs: number): string => signedBody(entry.body, clock.now() + offsetMs, key);

    const first = await post(url, signed(aheadMs), signal);
    if (first.outcome.kind !== "misconfigured" || first.outcome.reason !== "sign_mismatch") return first.outcome;
    const candidates = [first.serverAheadMs ?? 0, 0];
    const offsetMs = candidates.find((one) => Math.abs(one - aheadMs) > CLOCK_TOLERANCE_MS);
    if (offsetMs === undefined) return first.outcome;
    const second = await post(url, signed(offsetMs), signal);
    if (second.outcome.kind === "delivered") aheadMs = offsetMs;
    return second.outcome;
  };

  /** Takes secrets and control characters out of a detail, adds the fallback to a refusal that may have one. */
  const finish = (outcome: DeliveryOutcome, entry: OutboxEntry): DeliveryOutcome => {
    if (outcome.kind === "delivered") return outcome;
    const printable = outcome.detail.replaceAll(/\p{Cc}+/gu, " ");
    const detail = redactor.scrub(printable).slice(0, MAX_DETAIL_LENGTH);
    if (outcome.kind === "refused" && isMendable(outcome.reason)) {
      const fallback = plainerBody(entry.body, entry.summary, outcome.reason);
      if (fallback !== null) return { ...outcome, detail, fallback };
    }
    return { ...outcome, detail };
  };

  return {
    async send(entry, signal) {
      try {
        const url = parseWebhookUrl(address.reveal());
        if (url.kind === "invalid") return { kind: "misconfigured", reason: "url_invalid", detail: url.detail };
        return finish(await postSigned(url, entry, signal), entry);
      } catch (error) {
        if (!isFileError(error)) throw error;
        const detail = `a secret's file cannot be read: ${error.code}`;
        return { kind: "misconfigured", reason: "secret_unreadable", detail };
      }
    },
    close: hangUp,
  };
}
