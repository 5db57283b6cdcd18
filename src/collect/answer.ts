import type { KubeResponse } from "../runtime/kube.ts";
import { cutText, fieldsOf, parseJson, textOf } from "./fields.ts";

/** Why the API server gave no Events. Closed: the reflector switches over it. */
export type Trouble =
  /** The version is compacted away or in the future: only a list can help. In the middle of one, it may go on. */
  | { readonly kind: "gone"; readonly message: string; readonly continueFrom: string | null }
  /** The server does not let us, and will not until a person changes something. */
  | { readonly kind: "refused"; readonly status: number; readonly message: string }
  /** The request itself is not understood: a parameter or selector this server does not know. */
  | { readonly kind: "invalid"; readonly status: number; readonly message: string }
  /** Worth another try. `timeout` is the same for our own limits. */
  | { readonly kind: "failed"; readonly message: string; readonly retryAfterMs: number | null }
  | { readonly kind: "timeout"; readonly message: string };

/** Names users and resources, never credentials, and is shown to people. */
const MAX_MESSAGE_LENGTH = 300;

/** What a `Status` in an ERROR line means. API conventions, "Response Status Kind" (2026-11). */
export function troubleOf(object: unknown): Trouble {
  const status = fieldsOf(object);
  return readStatus(object, typeof status["code"] === "number" ? status["code"] : 0, null);
}

/** Reads the body of an answer that is not 200. `Retry-After` in seconds is heard, and so is the body's own wish. */
export async function readTrouble(answer: KubeResponse): Promise<Trouble> {
  // A proxy's error page is no Status: then the HTTP status alone counts, and nothing of the page is repeated.
  const body = parseJson(await answer.text());
  const seconds = Number(answer.headers["retry-after"] ?? "");
  return readStatus(body, answer.status, Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null);
}

function readStatus(object: unknown, code: number, wishMs: number | null): Trouble {
  const status = fieldsOf(object);
  const reason = textOf(status["reason"]);
  const details = fieldsOf(status["details"]);
  const message = cutText(textOf(status["message"]) || reason || `status ${code}`, MAX_MESSAGE_LENGTH);
  if (code === 410 || reason === "Expired" || reason === "Gone" || isTooLarge(message, details["causes"])) {
    return { kind: "gone", message, continueFrom: continueOf(object) };
  }
  switch (code) {
    case 401:
    case 403:
      return { kind: "refused", status: code, message };
    case 400:
    case 422:
      return { kind: "invalid", status: code, message };
    default: {
      const seconds = details["retryAfterSeconds"];
      const ownWishMs = typeof seconds === "number" && seconds > 0 ? seconds * 1000 : null;
      return { kind: "failed", message, retryAfterMs: wishMs ?? ownWishMs };
    }
  }
}

/** The version asked for lies in the server's future. */
function isTooLarge(message: string, causes: unknown): boolean {
  return (
    message.startsWith("Too large resource version") ||
    (Array.isArray(causes) && causes.some((cause) => fieldsOf(cause)["reason"] === "ResourceVersionTooLarge"))
  );
}

/** `metadata.continue` of a list or of the 410 that breaks one off; null where there is none. */
export function continueOf(body: unknown): string | null {
  return textOf(fieldsOf(fieldsOf(body)["metadata"])["continue"]) || null;
}
