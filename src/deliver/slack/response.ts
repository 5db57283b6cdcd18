import type { Arrived, Outcome } from "../../model/delivery.ts";
import type { Headers } from "../http.ts";

/** What one of Slack's words means for a delivery. */
interface AnswerRow {
  readonly kind: "retry" | "refused" | "misconfigured";
  /** Closed set: a metric label. */
  readonly reason: string;
}

/*
 * Incoming webhooks answer in one plain word. Success is HTTP 200 and `ok` (docs.slack.dev, python-slack-sdk/webhook,
 * 2026-11). The others: S seen in public code and issues, 2026-11; G guessed from what the Web API answers, not seen of
 * a webhook: a row costs less than a lost notification. No status is documented, so the word decides.
 */
const ANSWERS: ReadonlyMap<string, AnswerRow> = new Map<string, AnswerRow>([
  ["invalid_payload", { kind: "refused", reason: "bad_request" }], // S
  ["missing_text_or_fallback_or_attachments", { kind: "refused", reason: "bad_request" }], // G
  ["no_text", { kind: "refused", reason: "bad_request" }], // S
  ["too_many_attachments", { kind: "refused", reason: "too_large" }], // S: 100
  ["invalid_attachments", { kind: "refused", reason: "blocks_refused" }], // G
  ["invalid_blocks", { kind: "refused", reason: "blocks_refused" }], // S
  ["invalid_blocks_format", { kind: "refused", reason: "blocks_refused" }], // G
  ["msg_blocks_too_long", { kind: "refused", reason: "too_large" }], // G
  ["msg_too_long", { kind: "refused", reason: "too_large" }], // G
  ["user_not_found", { kind: "misconfigured", reason: "channel_invalid" }], // S
  ["channel_not_found", { kind: "misconfigured", reason: "channel_invalid" }], // S
  ["channel_is_archived", { kind: "misconfigured", reason: "channel_archived" }], // S
  ["action_prohibited", { kind: "misconfigured", reason: "prohibited" }], // S
  ["posting_to_general_channel_denied", { kind: "misconfigured", reason: "prohibited" }], // S
  ["no_service", { kind: "misconfigured", reason: "hook_invalid" }], // S
  ["no_service_id", { kind: "misconfigured", reason: "hook_invalid" }], // S
  ["no_active_hooks", { kind: "misconfigured", reason: "hook_disabled" }], // S
  ["no_team", { kind: "misconfigured", reason: "team_invalid" }], // S
  ["team_disabled", { kind: "misconfigured", reason: "team_invalid" }], // S
  ["invalid_token", { kind: "misconfigured", reason: "token_invalid" }], // S
  ["rate_limited", { kind: "retry", reason: "rate_limited" }], // G
  ["ratelimited", { kind: "retry", reason: "rate_limited" }], // G
  ["rollup_error", { kind: "retry", reason: "internal_error" }], // S: the one that passes
]);

function retry(reason: string, detail: string, afterMs: number | null, arrived: Arrived): Outcome {
  const outcome = { kind: "retry", reason, detail, arrived } as const;
  return afterMs === null ? outcome : { ...outcome, afterMs };
}

/** `Retry-After` in whole or broken seconds. */
function wishedMs(headers: Headers): number | null {
  const seconds = Number.parseFloat(String(headers["retry-after"] ?? ""));
  return Number.isFinite(seconds) && seconds >= 0 ? Math.ceil(seconds * 1000) : null;
}

/**
 * Decides what one answer of Slack means for the delivery. Only `ok` with a status of success is delivered: a relay's or
 * a proxy's page is not. Statuses of 429 and of 500 and more say nothing about the body, whatever word comes with them.
 * Only a known word condemns a body or a configuration; any other with HTTP 400 is `unknown`, else `retry`.
 *
 * `detail` quotes the whole answer, which may hold what we sent: scrub it, and cut it only then.
 */
export function classifySlackResponse(status: number, body: string, headers: Headers): Outcome {
  const word = body.trim();
  const success = status >= 200 && status < 300;
  if (success && word === "ok") return { kind: "delivered" };
  const detail = `HTTP ${status}: ${word}`;
  const wish = wishedMs(headers);
  const row = ANSWERS.get(word);
  if (status === 429 || row?.reason === "rate_limited") return retry("rate_limited", detail, wish ?? 1000, "yes");
  if (status >= 500) {
    const reason = row?.kind === "retry" ? row.reason : "server_error";
    return retry(reason, detail, wish, status === 504 ? "perhaps" : "yes");
  }
  if (row !== undefined) {
    if (row.kind === "retry") return retry(row.reason, detail, wish, "yes");
    return { kind: row.kind, reason: row.reason, detail, arrived: "yes" };
  }
  if (status === 400) return { kind: "unknown", reason: "unknown_code", detail, arrived: "yes" };
  return retry("not_slack", detail, wish, success ? "perhaps" : "yes");
}
