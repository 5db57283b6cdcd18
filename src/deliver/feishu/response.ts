import type { Arrived, Outcome } from "../../model/delivery.ts";
import type { Headers } from "../http.ts";

/** One code of Feishu's and what it means for a delivery. */
interface AnswerRow {
  readonly code: number;
  /** Narrows a code that Feishu uses for two things; the first row that fits wins. */
  readonly messageLike?: RegExp;
  readonly kind: "retry" | "refused" | "misconfigured" | "unknown";
  /** Closed set: a metric label. */
  readonly reason: string;
  readonly afterMs?: number;
}

/*
 * Custom-bot webhook and the gateway before it. Sources, all read 2026-11:
 * F1 custom-bot guide, F8 reply-message API (sub-errors), F9 server error-code list,
 * (all open.feishu.cn); P: replies quoted in public issues and code.
 * Back-offs: 11232 is also what an overloaded Feishu says, so it starts at 5 s.
 */
const ANSWERS: readonly AnswerRow[] = [
  { code: 9499, messageLike: /too many request/i, kind: "retry", reason: "rate_limited", afterMs: 1000 }, // P
  // Also what a gateway in trouble says, so it does not condemn this body.
  { code: 9499, kind: "unknown", reason: "bad_request" }, // F1, F9
  { code: 11232, kind: "retry", reason: "rate_limited", afterMs: 5000 }, // F1, F9
  { code: 11233, kind: "retry", reason: "rate_limited", afterMs: 5000 }, // F9
  { code: 11247, kind: "retry", reason: "rate_limited", afterMs: 5000 }, // F9
  { code: 11235, kind: "refused", reason: "mention_refused" }, // F9
  { code: 11242, kind: "misconfigured", reason: "chat_banned" }, // F9
  { code: 11246, messageLike: /Service Internal Error/i, kind: "retry", reason: "internal_error" }, // F9
  { code: 11246, messageLike: /invalid at user|\b100290\b/i, kind: "refused", reason: "mention_refused" }, // F8, P
  { code: 11246, kind: "refused", reason: "card_refused" }, // F9
  { code: 11248, kind: "refused", reason: "content_review" }, // F9
  { code: 11310, kind: "refused", reason: "card_refused" }, // P
  { code: 11312, kind: "refused", reason: "content_review" }, // F9
  { code: 18054, kind: "refused", reason: "content_review" }, // F9
  { code: 18121, kind: "retry", reason: "in_flight", afterMs: 1000 }, // F9
  { code: 19001, kind: "misconfigured", reason: "token_invalid" }, // P
  { code: 19002, kind: "refused", reason: "bad_request" }, // F9
  { code: 19007, kind: "misconfigured", reason: "bot_disabled" }, // P
  { code: 19021, kind: "misconfigured", reason: "sign_mismatch" }, // F1
  { code: 19022, kind: "misconfigured", reason: "ip_not_allowed" }, // F1
  // We put the keywords in wherever we can, so the cause may lie in this one body.
  { code: 19024, kind: "unknown", reason: "keywords_missing" }, // F1
  { code: 19036, kind: "refused", reason: "too_large" }, // F9
  { code: 99991300, kind: "refused", reason: "bad_request" }, // P
  { code: 99991400, kind: "retry", reason: "rate_limited", afterMs: 1000 }, // F9
  { code: 99991401, kind: "misconfigured", reason: "ip_not_allowed" }, // F9
  { code: 99991403, kind: "misconfigured", reason: "quota_used" }, // F9: of the month
  // Not of the webhook, but of the same services behind it; a row costs less than a lost notification.
  { code: 230020, kind: "retry", reason: "rate_limited", afterMs: 1000 }, // F8
  { code: 230022, kind: "refused", reason: "content_review" }, // F8
  { code: 230025, kind: "refused", reason: "too_large" }, // F8
  { code: 230028, kind: "refused", reason: "content_review" }, // F8
  { code: 230049, kind: "retry", reason: "in_flight", afterMs: 1000 }, // F8
  { code: 230099, kind: "refused", reason: "card_refused" }, // F8
];

interface Answer {
  readonly code: number;
  readonly msg: string;
}

/** The answer's code and text: `code` where there is one, else the `StatusCode` of old replies, else null. */
function parseAnswer(body: string): Answer | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
  if (typeof parsed !== "object" || parsed === null) return null;
  const fields: Readonly<Record<string, unknown>> = { ...parsed };
  const code = "code" in fields ? fields["code"] : fields["StatusCode"];
  const msg = "msg" in fields ? fields["msg"] : fields["StatusMessage"];
  if (typeof code !== "number" || !Number.isInteger(code)) return null;
  return { code, msg: typeof msg === "string" ? msg : "" };
}

/** The gateway's wish (`x-ogw-ratelimit-reset`, seconds, perhaps fractional) or HTTP's own `retry-after` in seconds. */
function wishedMs(headers: Headers): number | null {
  for (const name of ["x-ogw-ratelimit-reset", "retry-after"]) {
    const seconds = Number.parseFloat(String(headers[name] ?? ""));
    if (Number.isFinite(seconds) && seconds >= 0) return Math.ceil(seconds * 1000);
  }
  return null;
}

function retry(reason: string, detail: string, afterMs: number | null, arrived: Arrived): Outcome {
  const outcome = { kind: "retry", reason, detail, arrived } as const;
  return afterMs === null ? outcome : { ...outcome, afterMs };
}

/**
 * Decides what one answer of Feishu means for the delivery.
 *
 * Feishu reports most failures with HTTP 200, so `code` in the body decides and the status alone never means
 * delivered. Only the parsed fields are looked at: log ids hold digits that look like codes. Only a known code
 * condemns a body: a code nobody knows is `unknown`, and with an HTTP status of 400 or more it may be a gateway's, which
 * says nothing about the body and is `retry`, as is an answer that is not Feishu's at all (HTML, half a reply, a
 * redirect).
 *
 * `detail` quotes Feishu's own text and may hold what we sent: scrub it.
 */
export function classifyFeishuResponse(status: number, body: string, headers: Headers): Outcome {
  const answer = parseAnswer(body);
  const wish = wishedMs(headers);
  if (answer === null) {
    // A success cut short, or a gateway that gave up waiting: the card may be in the chat all the same.
    const arrived = status === 504 || (status >= 200 && status < 300) ? "perhaps" : "yes";
    return ofStatus(status, `HTTP ${status} without a Feishu answer`, wish, arrived);
  }
  const detail = `HTTP ${status}, code ${answer.code}: ${answer.msg}`;
  if (answer.code === 0) {
    return status >= 200 && status < 300 ? { kind: "delivered" } : retry("not_feishu", detail, wish, "perhaps");
  }
  const row = ANSWERS.find((one) => one.code === answer.code && (one.messageLike?.test(answer.msg) ?? true));
  if (row === undefined) {
    if (status >= 400) return ofStatus(status, detail, wish, "yes");
    return { kind: "unknown", reason: "unknown_code", detail, arrived: "yes" };
  }
  if (row.kind === "retry") return retry(row.reason, detail, Math.max(wish ?? 0, row.afterMs ?? 0) || null, "yes");
  return { kind: row.kind, reason: row.reason, detail, arrived: "yes" };
}

/** What is left to go by without a code of Feishu's. */
function ofStatus(status: number, detail: string, wish: number | null, arrived: Arrived): Outcome {
  if (status === 429) return retry("rate_limited", detail, wish ?? 1000, arrived);
  return retry(status >= 500 ? "server_error" : "not_feishu", detail, wish, arrived);
}
