/** A webhook address taken apart, or why it is none. `detail` is for people and quotes nothing of the address. */
export type WebhookUrl =
  | { readonly kind: "valid"; readonly origin: string; readonly path: string }
  | { readonly kind: "invalid"; readonly detail: string };

/** One path segment of letters, digits and `-._~`: normally a UUID, but nothing promises that. */
const TOKEN_PATH = /^\/open-apis\/bot\/v2\/hook\/[A-Za-z0-9._~-]+$/;
const LEGACY_PATH = /^\/open-apis\/bot\/hook\//;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

function invalid(detail: string): WebhookUrl {
  return { kind: "invalid", detail };
}

/**
 * Reads a custom bot's webhook address: `https://<host>/open-apis/bot/v2/hook/<token>` (Feishu custom-bot guide,
 * 2026-11). The address is the credential, so plain HTTP is for loopback alone. The host is not rewritten or
 * compared: Feishu, Lark and gateways in front of them are different hosts with tokens of their own.
 */
export function parseWebhookUrl(text: string): WebhookUrl {
  if (text === "") return invalid("the webhook address is empty");
  if (!URL.canParse(text)) return invalid("the webhook address is not a URL");
  const url = new URL(text);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && LOOPBACK.test(url.hostname))) {
    return invalid("the webhook address must begin with https://");
  }
  if (url.username !== "" || url.password !== "") return invalid("the webhook address must not hold a user name");
  if (LEGACY_PATH.test(url.pathname)) {
    return invalid("this is an address of the old bot API (v1): make a custom bot and take its /bot/v2/hook/ address");
  }
  if (url.pathname.startsWith("/flow/")) {
    return invalid("this is an address of a Feishu flow: take the /bot/v2/hook/ address of a custom bot");
  }
  if (!TOKEN_PATH.test(url.pathname)) return invalid("the webhook address must end in /open-apis/bot/v2/hook/<token>");
  if (url.search !== "" || url.hash !== "") return invalid("the webhook address must not have a query or a fragment");
  return { kind: "valid", origin: url.origin, path: url.pathname };
}
