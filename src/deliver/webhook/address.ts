import { isSecureUrl } from "../secure-url.ts";

/** An address to post to, or why it is none. No text of it quotes the address. */
export type WebhookAddress =
  | { readonly kind: "valid"; readonly origin: string; readonly path: string }
  | { readonly kind: "invalid"; readonly message: string; readonly help: string };

const FORM = "it looks like https://alerts.example.com/hook";

/** Reads an address: `https`, or `http` for a host on this machine, because what is sent may hold secrets. */
export function parseAddress(text: string): WebhookAddress {
  const trimmed = text.trim();
  const url = URL.parse(trimmed);
  if (url === null) return invalid(trimmed === "" ? "webhook URL is empty" : "webhook URL is not a URL");
  if (!isSecureUrl(url)) {
    return invalid("webhook URL must be https, or http to this machine");
  }
  if (url.username !== "" || url.password !== "") {
    return invalid("webhook URL must hold no user or password", "use `basic: {user: …, passwordFile: …}`");
  }
  return { kind: "valid", origin: url.origin, path: url.pathname + url.search };
}

function invalid(message: string, help: string = FORM): WebhookAddress {
  return { kind: "invalid", message, help };
}
