import type { Outcome } from "../../model/delivery.ts";
import type { SecretSource } from "../../runtime/secret.ts";
import type { BodyForms } from "../fit.ts";
import { type Address, type Post, type Sealed, destinationOf, httpChannel } from "../http.ts";
import type { Channel, ReceiverKind, World } from "../kind.ts";
import { cardOf, textBody } from "./card.ts";
import { dialect } from "./dialect.ts";
import { bodyWithKeywords } from "./keywords.ts";
import { classifyFeishuResponse } from "./response.ts";
import { signFeishu } from "./signature.ts";
import { parseWebhookUrl } from "./webhook-url.ts";

export interface FeishuSettings {
  /** `https`, or `http` for a host on this machine. */
  readonly url: SecretSource;
  /** Null: the bot is not a signed one. */
  readonly secret: SecretSource | null;
  /** Words the bot insists on. */
  readonly keywords: readonly string[];
}

/** Clocks closer than this are not why a signature failed: the window is an hour. */
const CLOCK_TOLERANCE_MS = 60_000;

/** Feishu and Lark custom bots. They take no id for a repeat, and their messages cannot be changed. */
export const kind: ReceiverKind<FeishuSettings> = {
  takes: "message",
  batch: 1,
  local: false,
  editableMs: 0,
  dialect,
  limits: dialect.limits,
  destination: ({ url }, { redactor }) => destinationOf("feishu", url, redactor),
  open: openFeishu,
};

function openFeishu(receiver: string, { url, secret, keywords }: FeishuSettings, world: World): Channel {
  const address = world.redactor.open(url);
  const key = secret === null ? null : world.redactor.open(secret);
  const attempt = createSignedAttempt(() => key?.reveal() ?? "", world);
  return httpChannel({
    receiver,
    maxBytes: dialect.limits.bytes,
    world,
    address: () => addressOf(address.reveal()),
    forms: formsFor(keywords),
    attempt,
    classify: classifyFeishuResponse,
  });
}

function addressOf(text: string): Address {
  const url = parseWebhookUrl(text);
  return url.kind === "valid" ? url : { kind: "invalid", detail: url.message };
}

/** Bodies of messages and layouts, each with the bot's keywords. */
export function formsFor(keywords: readonly string[]): BodyForms {
  return {
    compose: (message) => cardOf(message, keywords),
    composeLayout: (tree) => bodyWithKeywords(requestBody(tree), keywords),
    plain: (text) => textBody(text, keywords),
  };
}

/** Keeps operators' layouts short: a tree that is only a card is put into a request body. */
function requestBody(tree: unknown): unknown {
  if (typeof tree !== "object" || tree === null || "msg_type" in tree) return tree;
  return { msg_type: "interactive", card: tree };
}

/**
 * Signs at each attempt, because signatures go stale. After a clock mismatch (19021) it signs once more with Feishu's
 * own time, or with ours if that was the correction, and keeps what works.
 */
function createSignedAttempt(keyOf: () => string, { clock }: World): (post: Post) => Promise<Outcome> {
  let keptAheadMs = 0;

  return async (post) => {
    const key = keyOf();
    if (key === "") return (await post((body) => ({ body }))).outcome;
    const sealedAt =
      (aheadMs: number) =>
      (body: string): Sealed => ({ body: signed(body, clock.now() + aheadMs, key) });

    const first = await post(sealedAt(keptAheadMs));
    if (first.outcome.kind === "delivered" || first.outcome.reason !== "sign_mismatch") return first.outcome;
    const aheadMs = [first.aheadMs ?? 0, 0].find((one) => Math.abs(one - keptAheadMs) > CLOCK_TOLERANCE_MS);
    if (aheadMs === undefined) return first.outcome;
    const second = await post(sealedAt(aheadMs));
    if (second.outcome.kind === "delivered") keptAheadMs = aheadMs;
    return second.outcome;
  };
}

/** Puts the sign fields in front of a body, which is always a JSON object. */
function signed(body: string, epochMs: number, key: string): string {
  const parsed: unknown = JSON.parse(body);
  return JSON.stringify({ ...signFeishu(epochMs, key), ...Object(parsed) });
}
