import { createHmac } from "node:crypto";

/** Header that bears the time of a signature, by the header that bears the signature; both in lower case. */
export function timestampHeader(header: string): string {
  return `${header}-timestamp`;
}

/**
 * Headers that sign one attempt: `<header>: sha256=<hex>` of HMAC-SHA256 over `<timestamp>.<body>`, where the body is
 * every byte as sent, and `<header>-timestamp: <timestamp>` in Unix seconds. A receiver refuses what it has not signed
 * itself in the same way, or what is older than it likes.
 */
export function signatureHeaders(
  header: string,
  epochMs: number,
  body: string,
  secret: string,
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(epochMs / 1000));
  const signature = createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
  return { [header]: `sha256=${signature}`, [timestampHeader(header)]: timestamp };
}
