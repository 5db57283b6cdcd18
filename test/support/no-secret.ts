import { expect } from "vitest";

/** Places a secret could have leaked into: logs, errors, metrics, outbox rows. */
export interface Places {
  readonly [place: string]: unknown;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.stack ?? ""} ${JSON.stringify(value)} ${textOf(value.cause)}`;
  return JSON.stringify(value) ?? "";
}

/** Fails when any of the secrets stands anywhere in the places, as it is, URL-encoded or JSON-escaped. */
export function expectNoSecret(secrets: readonly string[], places: Places): void {
  for (const [place, value] of Object.entries(places)) {
    const text = textOf(value);
    for (const secret of secrets) {
      for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]) {
        expect(text.includes(form), `a secret stands in ${place}`).toBe(false);
      }
    }
  }
}
