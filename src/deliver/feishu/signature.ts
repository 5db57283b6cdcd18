import { createHmac } from "node:crypto";

/** The two top-level body fields a signed bot wants. */
export interface Signature {
  /** Unix seconds. A string, as in the guide's example. */
  readonly timestamp: string;
  readonly sign: string;
}

/**
 * Signs one attempt: `base64(HMAC-SHA256(key = "<timestamp>\n<secret>", message = ""))` (Feishu custom-bot guide,
 * 2026-11). Key and message are the other way round than DingTalk's.
 *
 * Good for an hour either side of Feishu's clock, and covers neither body nor URL: sign at each attempt, never store.
 */
export function signFeishu(epochMs: number, secret: string): Signature {
  const timestamp = String(Math.floor(epochMs / 1000));
  const sign = createHmac("sha256", `${timestamp}\n${secret}`).update("").digest("base64");
  return { timestamp, sign };
}
