import { isObject } from "../model/json.ts";
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { Clock } from "../runtime/clock.ts";
import { type Mention, checkCard, textMentions } from "./feishu-card.ts";

/** Settings of the emulated bot. All may change while it runs. */
interface FeishuBotSettings {
  /** Null: the bot is not a signed one. */
  secret: string | null;
  /** At least one must appear in a text, if there are any. */
  keywords: readonly string[];
  disabled: boolean;
  /** False: whoever calls is not on the bot's IP list. */
  ipAllowed: boolean;
  mentionAllAllowed: boolean;
  /** How too many requests are answered; both have been seen on the live service. */
  rateAnswer: "9499" | "11232";
  /** Answers 11232 during minutes 0 and 30 of each hour, as a busy Feishu does. */
  surge: boolean;
}

/** One request as it came, and what it was answered. */
interface BotRequest {
  /** Epoch ms of the emulator's clock. */
  readonly at: number;
  readonly path: string;
  readonly text: string;
  readonly bytes: number;
  /** The answer's HTTP status and Feishu code; null where the answer was scripted or none was given. */
  readonly status: number | null;
  readonly code: number | null;
  readonly accepted: boolean;
  /** Whom the clients would notify. */
  readonly mentions: readonly Mention[];
  /** Whether an earlier accepted request said the same, sign fields aside. */
  readonly duplicate: boolean;
  /** `1.1` or `2.0`. */
  readonly httpVersion: string;
  /** The caller's port: the same while it keeps its connection. */
  readonly port: number;
}

export interface FeishuBotOptions {
  /** For rate windows, signatures and arrival times. */
  readonly clock: Clock;
  readonly token?: string;
  readonly settings?: Partial<FeishuBotSettings>;
  /** PEM key and certificate: HTTPS with HTTP/2 instead of plain HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** 0, the default, takes a free one. */
  readonly port?: number;
}

/** A strict stand-in for a Feishu custom bot on the loopback address. */
export interface FeishuBot {
  /** The webhook address. */
  readonly url: string;
  readonly settings: FeishuBotSettings;
  /** Every request so far, refused ones too. */
  requests(): readonly BotRequest[];
  /** Bodies it accepted, parsed. */
  accepted(): readonly Readonly<Record<string, unknown>>[];
  /** Answers the next request with this instead of judging it. Scripted answers queue up. */
  answerNext(status: number, body: string, headers?: Readonly<Record<string, string>>): void;
  /** Takes the next request and never answers. */
  hangNext(): void;
  /** Takes the next request whole, keeps it if it is fine, then breaks the connection. */
  resetNext(): void;
  close(): Promise<void>;
}

type Script =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly body: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: "hang" }
  | { readonly kind: "reset" };

interface Verdict {
  readonly status: number;
  readonly code: number;
  readonly body: string;
  readonly mentions: readonly Mention[];
  readonly parsed: Readonly<Record<string, unknown>> | null;
}

const PER_SECOND = 5;
const PER_MINUTE = 100;
/** The guide says 20 KB, the code list 30 KB (2026-11): the emulator refuses from the smaller on. */
const MAX_BYTES = 20_480;
const MAX_LIST_BYTES = 30_720;
const SIGN_WINDOW_S = 3600;
const SUCCESS = { StatusCode: 0, StatusMessage: "success", code: 0, data: {}, msg: "success" };
const MSG_TYPES: ReadonlySet<string> = new Set(["text", "post", "image", "share_chat", "interactive"]);

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Texts a keyword may stand in: values of `text`, `title` and of the `content` of text objects, never addresses. */
function shownTexts(node: unknown, key = ""): string[] {
  if (typeof node === "string") return ["text", "title", "content"].includes(key) ? [node] : [];
  if (Array.isArray(node)) return node.flatMap((one) => shownTexts(one, key));
  return isObject(node) ? Object.entries(node).flatMap(([name, value]) => shownTexts(value, name)) : [];
}

function isSigned(body: Readonly<Record<string, unknown>>, secret: string, nowMs: number): boolean {
  const { timestamp, sign } = body;
  if (typeof sign !== "string" || !(typeof timestamp === "string" || typeof timestamp === "number")) return false;
  if (!/^\d+$/.test(String(timestamp))) return false;
  if (Math.abs(Math.floor(nowMs / 1000) - Number(timestamp)) > SIGN_WINDOW_S) return false;
  const wanted = createHmac("sha256", `${timestamp}\n${secret}`).update("").digest("base64");
  return wanted.length === sign.length && timingSafeEqual(Buffer.from(wanted), Buffer.from(sign));
}

function refuse(code: number, msg: string, more: Partial<Verdict> = {}): Verdict {
  return { status: 200, code, body: JSON.stringify({ code, msg, data: {} }), mentions: [], parsed: null, ...more };
}

async function readBody(request: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * Starts the bot. It checks in the order path, token, disabled, rate, size, JSON, IP list, signature, shape, keywords,
 * card: only that a wrong token comes first is known of the live service, the rest is a reasonable choice. It records
 * what it gets, so that tests can count duplicates and prove that no text of an Event mentions anybody.
 */
export async function startFeishuBot(options: FeishuBotOptions): Promise<FeishuBot> {
  const { clock, token = "11111111-2222-3333-4444-555555555555" } = options;
  const path = `/open-apis/bot/v2/hook/${token}`;
  const settings: FeishuBotSettings = {
    secret: null,
    keywords: [],
    disabled: false,
    ipAllowed: true,
    mentionAllAllowed: true,
    rateAnswer: "11232",
    surge: false,
    ...options.settings,
  };
  const requests: BotRequest[] = [];
  const accepted: Readonly<Record<string, unknown>>[] = [];
  const said = new Set<string>();
  const scripts: Script[] = [];
  let arrivals: number[] = [];

  const isTooFast = (): boolean => {
    const now = clock.monotonic();
    arrivals = [...arrivals.filter((one) => one > now - 60_000), now];
    return arrivals.length > PER_MINUTE || arrivals.filter((one) => one > now - 1000).length > PER_SECOND;
  };

  const judgeContent = (body: Readonly<Record<string, unknown>>): Verdict => {
    const { msg_type: type, card, content } = body;
    if (typeof type !== "string" || !MSG_TYPES.has(type)) return refuse(19002, "params error, msg_type need");
    if (type === "interactive" ? !isObject(card) : !isObject(content)) {
      return refuse(19002, `params error, unknown ${type === "interactive" ? "card" : "content"} value`);
    }
    if (type === "text" && !(isObject(content) && typeof content["text"] === "string")) {
      return refuse(19002, "params error, text need");
    }
    const { keywords, mentionAllAllowed } = settings;
    const texts = shownTexts({ card, content });
    if (keywords.length > 0 && !keywords.some((word) => texts.some((text) => text.includes(word)))) {
      return refuse(19024, "Key Words Not Found");
    }
    const report = isObject(card)
      ? checkCard(card)
      : { fault: null, mentions: texts.flatMap((text) => textMentions(text)) };
    const { mentions } = report;
    if (report.fault !== null) return refuse(11246, report.fault, { mentions });
    if (!mentionAllAllowed && mentions.some(({ id }) => id === "all")) {
      return refuse(11235, "the group only lets admins mention all", { mentions });
    }
    return { status: 200, code: 0, body: JSON.stringify(SUCCESS), mentions, parsed: body };
  };

  const judge = (method: string, wantedPath: string, text: string, bytes: number): Verdict => {
    if (method !== "POST" || !wantedPath.startsWith("/open-apis/bot/v2/hook/")) {
      return refuse(404, "not found", { status: 404, body: "404 page not found" });
    }
    if (wantedPath !== path) return refuse(19001, "param invalid: incoming webhook access token invalid");
    if (settings.disabled) return refuse(19007, "Bot Not Enabled");
    const minute = Math.floor(clock.now() / 60_000) % 60;
    const surging = settings.surge && (minute === 0 || minute === 30);
    if (isTooFast() || surging) {
      if (surging || settings.rateAnswer === "11232") {
        return refuse(11232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]");
      }
      return refuse(9499, "too many request", { status: 400 });
    }
    if (bytes > MAX_LIST_BYTES) return refuse(19036, "The message exceeds the size limit of 30KB");
    if (bytes > MAX_BYTES) return refuse(9499, "Bad Request");
    const body = parseObject(text);
    if (body === null) return refuse(9499, "Bad Request: fail to parse content");
    if (!settings.ipAllowed) return refuse(19022, "Ip Not Allowed");
    if (settings.secret !== null && !isSigned(body, settings.secret, clock.now())) {
      return refuse(19021, "sign match fail or timestamp is not within one hour from current time");
    }
    return judgeContent(body);
  };

  const keep = (verdict: Verdict): boolean => {
    if (verdict.parsed === null) return false;
    const { timestamp: _timestamp, sign: _sign, ...rest } = verdict.parsed;
    const what = JSON.stringify(rest);
    const duplicate = said.has(what);
    said.add(what);
    accepted.push(verdict.parsed);
    return duplicate;
  };

  const answer = async (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ): Promise<void> => {
    const raw = await readBody(request);
    const text = raw.toString("utf8");
    const script = scripts.shift();
    const seen = {
      at: clock.now(),
      path: request.url ?? "",
      text,
      bytes: raw.length,
      httpVersion: request.httpVersion,
      port: request.socket?.remotePort ?? 0,
    };
    const judged = script === undefined || script.kind === "reset";
    const verdict = judged ? judge(request.method ?? "", seen.path, text, raw.length) : null;
    const duplicate = verdict !== null && keep(verdict);
    requests.push({
      ...seen,
      status: verdict?.status ?? null,
      code: verdict?.code ?? null,
      accepted: verdict?.parsed != null,
      mentions: verdict?.mentions ?? [],
      duplicate,
    });
    if (script?.kind === "hang") return;
    if (script?.kind === "reset") {
      request.destroy();
      request.socket?.destroy();
      return;
    }
    const status = script?.status ?? verdict?.status ?? 500;
    const date = new Date(clock.now()).toUTCString();
    response.statusCode = status;
    response.setHeader("content-type", "application/json; charset=utf-8");
    response.setHeader("date", date);
    for (const [name, value] of Object.entries(script?.headers ?? {})) response.setHeader(name, value);
    response.end(script?.body ?? verdict?.body ?? "");
  };

  const onRequest = (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ): void => {
    // A client that goes away in the middle is no concern of the bot's.
    answer(request, response).catch(() => response.destroy());
  };
  const server = options.tls
    ? createSecureServer({ ...options.tls, allowHTTP1: true }, onRequest)
    : createServer(onRequest);
  const sockets = new Set<{ destroy(): unknown }>();
  server.on(options.tls ? "secureConnection" : "connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  // A TCP server has an address object once it listens.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { port } = server.address() as AddressInfo;

  return {
    url: `${options.tls ? "https" : "http"}://127.0.0.1:${port}${path}`,
    settings,
    requests: () => requests,
    accepted: () => accepted,
    answerNext: (status, body, headers = {}) => scripts.push({ kind: "answer", status, body, headers }),
    hangNext: () => scripts.push({ kind: "hang" }),
    resetNext: () => scripts.push({ kind: "reset" }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
