import { createHash } from "node:crypto";

/** RFC 4648 base32 in lower case, without padding. */
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const ID_LENGTH = 26;
/** Changes when the parts of an id change their meaning. */
const FORMAT = "1";

/**
 * The stable name of a decision: 26 characters of base32, equal exactly when all parts are equal. Parts of an Event's
 * alert: cluster, rule key, group, Event uid, count, kind. The resourceVersion is not among them: a list read again or
 * a changed label would give the same occurrence another id.
 */
export function alertId(...parts: readonly (string | number)[]): string {
  const hash = createHash("sha256").update(FORMAT);
  // The length in front keeps parts apart, whatever they hold.
  for (const part of parts) hash.update(`${String(part).length}:${part}`);
  const bytes = hash.digest();
  let id = "";
  for (let bit = 0; id.length < ID_LENGTH; bit += 5) {
    const at = bit >> 3;
    const pair = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    id += ALPHABET.charAt((pair >> (11 - (bit & 7))) & 31);
  }
  return id;
}

/** The key a receiver may use to recognise a repeated attempt; 26 characters, equal at every attempt. */
export function deliveryKey(alert: string, receiver: string): string {
  return alertId(alert, receiver);
}
