import { isObject } from "../model/json.ts";
import { createHmac, timingSafeEqual } from "node:crypto";
import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../runtime/clock.ts";

/** What the server insists on. All may change while it runs. */
interface WebhookServerSettings {
  /** Value of `authorization`; null: anybody may post. */
  authorization: string | null;
  /** Headers that must be there, names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** Null: nothing is signed. `header` in lower case. */
  hmac: { readonly header: string; readonly secret: string } | null;
  cloudEvents: "structured" | "binary" | null;
  /** Longer bodies are answered with 413. */
  maxBytes: number;
}

/** One request as it came, and what it was answered. */
interface WebhookRequest {
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  readonly path: string;
  readonly text: string;
  readonly bytes: number;
  readonly status: number;
  /** Whether an accepted request had the same `idempotency-key`. */
  readonly duplicate: boolean;
  /** Common name of the client's certificate; null where it showed none. */
  readonly client: string | null;
  readonly httpVersion: string;
  /** The caller's port: the same while it keeps its connection. */
  readonly port: number;
}

export interface WebhookServerOptions {
  /** For the age of signatures. */
  readonly clock: Clock;
  readonly settings?: Partial<WebhookServerSettings>;
  /** PEM key and certificate: HTTPS with HTTP/2. `clientCa`: clients must show a certificate of this authority. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly clientCa?: string };
}

/** A strict server of JSON notifications on the loopback address. */
export interface WebhookServer {
  readonly url: string;
  readonly settings: WebhookServerSettings;
  /** Every request so far, refused ones too. */
  requests(): readonly WebhookRequest[];
  /** What it accepted, parsed; of CloudEvents the data. */
  accepted(): readonly unknown[];
  /** Answers the next request with this instead of judging it. Scripted answers queue up. */
  answerNext(status: number, body: string, headers?: Readonly<Record<string, string>>): void;
  close(): Promise<void>;
}

interface Script {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** `data` where it is accepted; `why` for whoever reads a failing test. */
type Verdict =
  | { readonly status: 200; readonly data: unknown }
  | { readonly status: 400 | 401 | 404 | 405 | 413 | 415; readonly why: string };

const PATH = "/hooks/kubewhen-t0k3n";
/** Signatures older or younger are replayed ones. */
const SIGN_WINDOW_S = 300;
const JSON_TYPE = /^application\/json(?:; ?charset=utf-8)?$/i;
const STRUCTURED_TYPE = /^application\/cloudevents\+json(?:; ?charset=utf-8)?$/i;
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

function refuse(status: Exclude<Verdict["status"], 200>, why: string): Verdict {
  return { status, why };
}

function parse(text: string): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function isSame(given: string, wanted: string): boolean {
  return given.length === wanted.length && timingSafeEqual(Buffer.from(given), Buffer.from(wanted));
}

/** Signs by itself, as the description of the setting tells receivers to: not with what sends. */
function isSigned(
  headers: IncomingHttpHeaders,
  raw: Buffer,
  { header, secret }: NonNullable<WebhookServerSettings["hmac"]>,
  nowMs: number,
): boolean {
  const timestamp = String(headers[`${header}-timestamp`] ?? "");
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(nowMs / 1000 - Number(timestamp)) > SIGN_WINDOW_S) return false;
  const wanted = createHmac("sha256", secret).update(timestamp).update(".").update(raw).digest("hex");
  return isSame(String(headers[header] ?? ""), `sha256=${wanted}`);
}

/** What is wrong with the attributes of a CloudEvent 1.0, decoded; null: nothing. */
function attributeFault(attributes: Readonly<Record<string, unknown>>): string | null {
  for (const name of ["id", "source", "type"]) {
    if (typeof attributes[name] !== "string" || attributes[name] === "") return `${name} is missing`;
  }
  if (attributes["specversion"] !== "1.0") return "specversion is not 1.0";
  const badName = Object.keys(attributes).find((name) => !/^[a-z0-9]{1,20}$/.test(name));
  if (badName !== undefined) return "an attribute's name is none";
  if (!/^[\w\-.~:/?#[\]@!$&'()*+,;=%]+$/.test(String(attributes["source"]))) return "source is no URI reference";
  const { time, subject } = attributes;
  if (time !== undefined && !(typeof time === "string" && RFC_3339.test(time))) return "time is no RFC 3339 time";
  if (subject === "") return "subject is empty";
  const bad = Object.values(attributes).some((value) =>
    /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u.test(String(value)),
  );
  return bad ? "an attribute holds a character that no text has" : null;
}

/** The attributes of the `ce-` headers; null where one is not encoded as the HTTP binding says. */
function headerAttributes(headers: IncomingHttpHeaders): Readonly<Record<string, string>> | null {
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith("ce-")) continue;
    if (typeof value !== "string" || !/^(?:[!#$&-~]|%[0-9A-F]{2})+$/.test(value)) return null;
    try {
      attributes[name.slice(3)] = decodeURIComponent(value);
    } catch (error) {
      if (error instanceof URIError) return null;
      throw error;
    }
  }
  return attributes;
}

/** Judges a body that is JSON. */
function judgeEvent(value: unknown, headers: IncomingHttpHeaders, mode: WebhookServerSettings["cloudEvents"]): Verdict {
  switch (mode) {
    case null:
      return { status: 200, data: value };
    case "structured": {
      if (!isObject(value)) return refuse(400, "an event is an object");
      const { data, ...attributes } = value;
      const fault = attributeFault(attributes);
      if (fault !== null) return refuse(400, fault);
      if (attributes["datacontenttype"] !== "application/json") return refuse(400, "datacontenttype");
      return data === undefined ? refuse(400, "an event without data") : { status: 200, data };
    }
    case "binary": {
      const attributes = headerAttributes(headers);
      const fault = attributes === null ? "a header is not percent-encoded" : attributeFault(attributes);
      return fault === null ? { status: 200, data: value } : refuse(400, fault);
    }
  }
}

async function readBody(request: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Starts the server. It checks path, method, authorization, size, content type, signature, JSON, then the event. */
export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const { clock, tls } = options;
  const settings: WebhookServerSettings = {
    authorization: null,
    headers: {},
    hmac: null,
    cloudEvents: null,
    maxBytes: 65_536,
    ...options.settings,
  };
  const requests: WebhookRequest[] = [];
  const accepted: unknown[] = [];
  const keys = new Set<string>();
  const scripts: Script[] = [];

  const judge = (method: string, path: string, headers: IncomingHttpHeaders, raw: Buffer): Verdict => {
    if (path !== PATH) return refuse(404, "no such path");
    if (method !== "POST") return refuse(405, "post only");
    const { authorization } = settings;
    if (authorization !== null && !isSame(headers.authorization ?? "", authorization)) return refuse(401, "who is it");
    const absent = Object.entries(settings.headers).find(([name, value]) => headers[name] !== value);
    if (absent !== undefined) return refuse(401, `header ${absent[0]}`);
    if (raw.length > settings.maxBytes) return refuse(413, "too much");
    const type = settings.cloudEvents === "structured" ? STRUCTURED_TYPE : JSON_TYPE;
    if (!type.test(headers["content-type"] ?? "")) return refuse(415, "content type");
    if (settings.hmac !== null && !isSigned(headers, raw, settings.hmac, clock.now())) return refuse(401, "signature");
    if (!/^[a-z2-7]{26}$/.test(String(headers["idempotency-key"] ?? ""))) return refuse(400, "no key");
    const text = raw.toString("utf8");
    const parsed = Buffer.from(text).equals(raw) ? parse(text) : null;
    return parsed === null ? refuse(400, "no JSON") : judgeEvent(parsed.value, headers, settings.cloudEvents);
  };

  const answer = async (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ): Promise<void> => {
    const { headers, method = "", url: path = "", httpVersion, socket } = request;
    const raw = await readBody(request);
    const script = scripts.shift();
    const verdict = script === undefined ? judge(method, path, headers, raw) : null;
    const key = String(headers["idempotency-key"] ?? "");
    const duplicate = keys.has(key);
    if (verdict?.status === 200) {
      accepted.push(verdict.data);
      keys.add(key);
    }
    const status = script?.status ?? verdict?.status ?? 500;
    const client = tls?.clientCa === undefined ? null : clientOf(request);
    const seen = { headers, method, path, text: raw.toString("utf8"), bytes: raw.length, httpVersion };
    requests.push({ ...seen, status, duplicate, client, port: socket?.remotePort ?? 0 });
    response.statusCode = status;
    response.setHeader("date", new Date(clock.now()).toUTCString());
    for (const [name, value] of Object.entries(script?.headers ?? {})) response.setHeader(name, value);
    response.end(script?.body ?? (verdict?.status === 200 ? "" : (verdict?.why ?? "")));
  };

  const onRequest = (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ): void => {
    // A client that goes away in the middle is no concern of the server's.
    answer(request, response).catch(() => response.destroy());
  };
  const mutual = tls?.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true };
  const server = tls
    ? createSecureServer({ key: tls.key, cert: tls.cert, ...mutual, allowHTTP1: true }, onRequest)
    : createServer(onRequest);
  const sockets = new Set<{ destroy(): unknown }>();
  server.on(tls ? "secureConnection" : "connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  // A TCP server has an address object once it listens.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { port } = server.address() as AddressInfo;

  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}${PATH}`,
    settings,
    requests: () => requests,
    accepted: () => accepted,
    answerNext: (status, body, headers = {}) => scripts.push({ status, body, headers }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Name on the certificate that TLS has checked. */
function clientOf(request: IncomingMessage | Http2ServerRequest): string | null {
  // Only asked of a TLS server.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const name = (request.socket as TLSSocket).getPeerCertificate().subject?.CN;
  return typeof name === "string" ? name : null;
}
