import { readFileSync, statSync } from "node:fs";
import { inspect } from "node:util";

/** Where a secret comes from. Plain data: the value itself only where the configuration or the environment gave it. */
export type SecretSource =
  | { readonly kind: "value"; readonly value: string }
  | { readonly kind: "file"; readonly path: string };

/** A secret that prints as `[redacted]` whatever prints it. */
interface Secret {
  /** The current value, white space around it removed. Throws what the file system throws when its file is gone. */
  reveal(): string;
}

const REDACTED = "[redacted]";

/**
 * Replaces secrets in text. Every value a `Secret` ever revealed is known to it, and so is each path segment of a
 * revealed URL that is long enough to be a token, and its path as a whole.
 */
export interface Redactor {
  open(source: SecretSource): Secret;
  scrub(text: string): string;
}

/** One redactor serves one engine. */
export function createRedactor(): Redactor {
  const known = new Set<string>();

  const remember = (value: string): void => {
    if (value.length < 4) return;
    const quoted = JSON.stringify(value).slice(1, -1);
    // As it is, in a URL, in a JSON text, and in a JSON text that is itself quoted in one.
    for (const form of [value, encodeURIComponent(value), quoted, JSON.stringify(quoted).slice(1, -1)]) known.add(form);
    if (URL.canParse(value)) {
      const url = new URL(value);
      for (const part of [...url.pathname.split("/"), ...url.searchParams.values(), url.username, url.password]) {
        if (part.length >= 8) known.add(part);
      }
      // Its parts may each be too short to be told from a word.
      const path = url.pathname + url.search;
      if (path.length >= 8) known.add(path);
    }
  };

  return {
    open(source) {
      let readAt = -1;
      let value = "";
      const reveal = (): string => {
        if (source.kind === "file") {
          // A mounted Secret is swapped as a whole, so a changed modification time is a changed value.
          const changedAt = statSync(source.path).mtimeMs;
          if (changedAt === readAt) return value;
          value = readFileSync(source.path, "utf8").trim();
          readAt = changedAt;
        } else if (readAt < 0) {
          value = source.value.trim();
          readAt = 0;
        } else return value;
        remember(value);
        return value;
      };
      return {
        reveal,
        toString: () => REDACTED,
        toJSON: () => REDACTED,
        [inspect.custom]: () => REDACTED,
      } as Secret;
    },
    scrub(text) {
      let scrubbed = text;
      for (const value of [...known].toSorted((a, b) => b.length - a.length)) {
        if (scrubbed.includes(value)) scrubbed = scrubbed.replaceAll(value, REDACTED);
      }
      return scrubbed;
    },
  };
}
