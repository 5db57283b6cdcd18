/** A name of a header (RFC 9110, section 5.6.2), at most 64 characters. */
export const HEADER_NAME: RegExp = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/;

/** A value that cannot begin another header: printable ASCII, spaces inside. */
export const HEADER_VALUE: RegExp = /^[!-~](?:[ -~]*[!-~])?$/;

/**
 * Headers that say how the one connection is used or how the body is read (RFC 9110, sections 7.6 and 8; RFC 9113,
 * section 8.2.2), and the key of the delivery.
 */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
  "http2-settings",
  "idempotency-key",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Whether a name, in lower case, is not the configuration's to set. */
export function isOwnHeader(name: string): boolean {
  return OWN_HEADERS.has(name);
}
