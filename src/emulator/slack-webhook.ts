import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Clock } from "../runtime/clock.ts";
import { checkMessage } from "./slack-blocks.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/** Settings of the emulated webhook. All may change while it runs. */
interface SlackWebhookSettings {
  /** A word with which everything is refused, such as `channel_is_archived`; null: it is in order. */
  refusal: keyof typeof REFUSALS | null;
}

/** One request as it came, and what it was answered. */
interface WebhookRequest {
  /** Epoch ms of the emulator's clock. */
  readonly at: number;
  readonly path: string;
  readonly text: string;
  readonly bytes: number;
  /** The answer's HTTP status and word; null where the answer was scripted or none was given. */
  readonly status: number | null;
  readonly word: string | null;
  readonly accepted: boolean;
  readonly mentions: readonly string[];
  readonly links: readonly string[];
  /** Whether an earlier accepted request said the same. */
  readonly duplicate: boolean;
}

export interface SlackWebhookOptions {
  /** For rate windows and arrival times. */
  readonly clock: Clock;
  /** Last segment of the address. */
  readonly token?: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
}

/** A strict stand-in for a Slack incoming webhook on the loopback address. */
export interface SlackWebhook {
  readonly url: string;
  readonly settings: SlackWebhookSettings;
  /** Every request so far, refused ones too. */
  requests(): readonly WebhookRequest[];
  /** Bodies it accepted, parsed. */
  accepted(): readonly JsonObject[];
  /** Answers the next request with this instead of judging it. Scripted answers queue up. */
  answerNext(status: number, body: string, headers?: Readonly<Record<string, string>>): void;
  /** Takes the next request whole, keeps it if it is fine, then breaks the connection. */
  resetNext(): void;
  close(): Promise<void>;
}

type Script = { readonly kind: "answer"; readonly answer: Answer } | { readonly kind: "reset" };

interface Answer {
  readonly status: number;
  readonly word: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Verdict extends Answer {
  readonly mentions: readonly string[];
  readonly links: readonly string[];
  readonly parsed: JsonObject | null;
}

/** Words of a webhook that takes nothing, seen in public code (2026-11); the statuses are the likely ones. */
const REFUSALS = {
  user_not_found: 400,
  channel_not_found: 404,
  channel_is_archived: 410,
  action_prohibited: 403,
  posting_to_general_channel_denied: 403,
  no_service: 404,
  no_service_id: 404,
  no_active_hooks: 404,
  no_team: 404,
  team_disabled: 403,
  invalid_token: 403,
  rollup_error: 500,
} as const;

/** One a second; the short bursts that Slack lets pass are not let pass here (api.slack.com/docs/rate-limits, 2026-11). */
const WINDOW_MS = 1000;

function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function refuse(status: number, word: string, more: Partial<Verdict> = {}): Verdict {
  return { status, word, mentions: [], links: [], parsed: null, ...more };
}

async function readBody(request: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * Starts the webhook. It checks in the order path, rate, state of the hook, JSON, blocks: the order is a reasonable
 * choice, the words are Slack's. It records what it gets, so that tests can count duplicates and prove
 * that no text of an Event mentions anybody.
 */
export async function startSlackWebhook(options: SlackWebhookOptions): Promise<SlackWebhook> {
  const { clock, token = "XXXXXXXXXXXXXXXXXXXXXXXX" } = options;
  const path = `/services/T00000000/B00000000/${token}`;
  const settings: SlackWebhookSettings = { refusal: null };
  const requests: WebhookRequest[] = [];
  const accepted: JsonObject[] = [];
  const said = new Set<string>();
  const scripts: Script[] = [];
  let lastAt: number | null = null;

  const isTooFast = (): boolean => {
    const now = clock.monotonic();
    const tooFast = lastAt !== null && now - lastAt < WINDOW_MS;
    if (!tooFast) lastAt = now;
    return tooFast;
  };

  const judge = (request: IncomingMessage, text: string): Verdict => {
    if (request.method !== "POST") return refuse(400, "invalid_payload");
    if (request.url !== path)
      return refuse(404, request.url?.startsWith("/services/T00000000/") ? "no_service" : "no_team");
    if (isTooFast()) return refuse(429, "rate_limited", { headers: { "retry-after": "1" } });
    const { refusal } = settings;
    if (refusal !== null) return refuse(REFUSALS[refusal], refusal);
    if (!/^application\/json\b/.test(request.headers["content-type"] ?? "")) return refuse(400, "invalid_payload");
    const body = parseObject(text);
    if (body === null) return refuse(400, "invalid_payload");
    const { fault, mentions, links } = checkMessage(body);
    if (fault !== null) return refuse(400, fault, { mentions, links });
    return { status: 200, word: "ok", mentions, links, parsed: body };
  };

  const keep = ({ parsed }: Verdict): boolean => {
    if (parsed === null) return false;
    const what = JSON.stringify(parsed);
    const duplicate = said.has(what);
    said.add(what);
    accepted.push(parsed);
    return duplicate;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const raw = await readBody(request);
    const text = raw.toString("utf8");
    const script = scripts.shift();
    const verdict = script?.kind === "answer" ? null : judge(request, text);
    const duplicate = verdict !== null && keep(verdict);
    requests.push({
      at: clock.now(),
      path: request.url ?? "",
      text,
      bytes: raw.length,
      status: verdict?.status ?? null,
      word: verdict?.word ?? null,
      accepted: verdict?.parsed != null,
      mentions: verdict?.mentions ?? [],
      links: verdict?.links ?? [],
      duplicate,
    });
    if (script?.kind === "reset") {
      request.socket.destroy();
      return;
    }
    const given: Answer = script?.answer ?? verdict ?? refuse(500, "rollup_error");
    response.statusCode = given.status;
    response.setHeader("content-type", "text/html");
    response.setHeader("date", new Date(clock.now()).toUTCString());
    for (const [name, value] of Object.entries(given.headers ?? {})) response.setHeader(name, value);
    response.end(given.word);
  };

  const server = createServer((request, response) => {
    // A client that goes away in the middle is no concern of the webhook's.
    answer(request, response).catch(() => response.destroy());
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
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
    url: `http://127.0.0.1:${port}${path}`,
    settings,
    requests: () => requests,
    accepted: () => accepted,
    answerNext: (status, word, headers = {}) => scripts.push({ kind: "answer", answer: { status, word, headers } }),
    resetNext: () => scripts.push({ kind: "reset" }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
