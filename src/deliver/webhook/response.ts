import type { Outcome } from "../../model/delivery.ts";
import type { Headers } from "../http.ts";

/** What a status means, and a word for it: a metric label. */
type Meaning = readonly [kind: "retry" | "refused" | "misconfigured", reason: string];

/** Statuses of 400 to 499 that say something certain (RFC 9110, section 15; RFC 6585; RFC 8470). */
const STATUSES: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [401, ["misconfigured", "not_authorised"]],
  [403, ["misconfigured", "not_authorised"]],
  [404, ["misconfigured", "wrong_address"]],
  [405, ["misconfigured", "wrong_address"]],
  [407, ["misconfigured", "not_authorised"]],
  [408, ["retry", "timed_out"]],
  [410, ["misconfigured", "wrong_address"]],
  [413, ["refused", "too_large"]],
  [425, ["retry", "too_early"]],
  [429, ["retry", "rate_limited"]],
]);

/** Gave up waiting for somebody, who may have read the request. */
const PERHAPS: ReadonlySet<number> = new Set([408, 502, 504]);

/**
 * Decides by the status alone: what a receiver we know nothing of writes into its answer has no meaning for us. A 4xx
 * without a meaning of its own may lie in this body or not. `nowMs`, epoch ms, is for a wish without the receiver's own
 * time. `detail` quotes the answer and may hold what was sent: scrub it.
 */
export function classifyAnswer(status: number, body: string, headers: Headers, nowMs: number): Outcome {
  if (status >= 200 && status < 300) return { kind: "delivered" };
  const said = body.trim();
  const detail = said === "" ? `HTTP ${status}` : `HTTP ${status}: ${said}`;
  const arrived = PERHAPS.has(status) ? "perhaps" : "yes";
  const [kind, reason] = meaningOf(status);
  const outcome = { kind, reason, detail, arrived } as const;
  const afterMs = kind === "retry" || kind === "unknown" ? wishedMs(headers, nowMs) : null;
  return afterMs === null ? outcome : { ...outcome, afterMs };
}

function meaningOf(status: number): Meaning | readonly ["unknown", string] {
  if (status < 400) return ["misconfigured", "redirected"];
  if (status >= 500) return ["retry", "server_error"];
  return STATUSES.get(status) ?? ["unknown", "bad_request"];
}

/** `retry-after` in seconds or as a date, which is measured by the receiver's own clock where it tells it. */
function wishedMs(headers: Headers, nowMs: number): number | null {
  const wish = String(headers["retry-after"] ?? "").trim();
  if (/^\d{1,9}$/.test(wish)) return Number(wish) * 1000;
  const until = Date.parse(wish);
  if (Number.isNaN(until)) return null;
  const theirs = Date.parse(String(headers["date"] ?? ""));
  return Math.max(0, until - (Number.isNaN(theirs) ? nowMs : theirs));
}
