import { isSecureUrl } from "../secure-url.ts";

/**
 * A webhook address taken apart, or why it is none. `isSlacks`: it has the form of an incoming webhook's own address;
 * anything else may be a relay in front of one. No text of it quotes the address.
 */
export type WebhookUrl =
  | { readonly kind: "valid"; readonly origin: string; readonly path: string; readonly isSlacks: boolean }
  | { readonly kind: "invalid"; readonly message: string; readonly help: string };

const HOOK_PATH = /^\/services\/[A-Za-z0-9]+\/[A-Za-z0-9]+\/[A-Za-z0-9]+$/;
/** What an address looks like, for people. */
export const URL_HELP = "it looks like https://hooks.slack.com/services/T…/B…/…";

function invalid(message: string, help: string = URL_HELP): WebhookUrl {
  return { kind: "invalid", message, help };
}

/**
 * Reads a webhook address: `https://hooks.slack.com/services/T…/B…/…` (docs.slack.dev, python-slack-sdk/webhook, 2026-11), or a
 * relay's own. The address is the credential, so plain HTTP is for loopback alone.
 */
export function parseWebhookUrl(text: string): WebhookUrl {
  const url = URL.parse(text.trim());
  if (url === null) return invalid(text.trim() === "" ? "webhook URL is empty" : "webhook URL is not a URL");
  if (!isSecureUrl(url)) {
    return invalid("webhook URL must be https");
  }
  if (url.username !== "" || url.password !== "") return invalid("webhook URL must hold no user or password");
  if (/^\/(?:triggers|workflows)\//.test(url.pathname)) {
    const help = "add an incoming webhook to a Slack app and take its address";
    return invalid("this is the URL of a Slack workflow, not of an incoming webhook", help);
  }
  const isSlacks = HOOK_PATH.test(url.pathname) && url.search === "" && url.hash === "";
  return { kind: "valid", origin: url.origin, path: url.pathname + url.search, isSlacks };
}
