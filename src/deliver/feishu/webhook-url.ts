import { isSecureUrl } from "../secure-url.ts";

/**
 * A webhook address taken apart, or why it is none. `isBots`: it has the form of a custom bot's own address; anything
 * else may be a relay in front of one. No text of it quotes the address.
 */
export type WebhookUrl =
  | { readonly kind: "valid"; readonly origin: string; readonly path: string; readonly isBots: boolean }
  | { readonly kind: "invalid"; readonly message: string; readonly help: string };

/** One path segment of letters, digits and `-._~`: normally a UUID, but nothing promises that. */
const TOKEN_PATH = /^\/open-apis\/bot\/v2\/hook\/[A-Za-z0-9._~-]+$/;
/** What an address looks like, for people. */
export const URL_HELP = "it looks like https://open.feishu.cn/open-apis/bot/v2/hook/<token>";

function invalid(message: string, help: string = URL_HELP): WebhookUrl {
  return { kind: "invalid", message, help };
}

/**
 * Reads a webhook address: `https://<host>/open-apis/bot/v2/hook/<token>` (Feishu custom-bot guide, 2026-11), or a
 * relay's own. The address is the credential, so plain HTTP is for loopback alone. The host is not rewritten or
 * compared: Feishu, Lark and gateways in front of them are different hosts with tokens of their own.
 */
export function parseWebhookUrl(text: string): WebhookUrl {
  const url = URL.parse(text.trim());
  if (url === null) return invalid(text.trim() === "" ? "webhook URL is empty" : "webhook URL is not a URL");
  if (!isSecureUrl(url)) {
    return invalid("webhook URL must be https");
  }
  if (url.username !== "" || url.password !== "") return invalid("webhook URL must hold no user or password");
  if (url.pathname.startsWith("/open-apis/bot/hook/")) {
    const help = "add a new custom bot to the group; its webhook address has `/bot/v2/hook/` in it";
    return invalid("this is the URL of a bot of the old kind, which takes no cards", help);
  }
  if (url.pathname.startsWith("/flow/api/")) {
    const help = "add a custom bot to the group and take its webhook address";
    return invalid("this is the URL of a Feishu flow, not of a custom bot", help);
  }
  const isBots = TOKEN_PATH.test(url.pathname) && url.search === "" && url.hash === "";
  return { kind: "valid", origin: url.origin, path: url.pathname + url.search, isBots };
}
