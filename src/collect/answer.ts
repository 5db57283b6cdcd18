import type { KubeResponse } from "../runtime/kube.ts";
import { fieldsOf, parseJson, textOf } from "./fields.ts";
import { parseStatus, type ApiStatus } from "./watch-line.ts";

/** Why the API server gave no Events. Closed: the reflector switches over it. */
export type Trouble =
  /** The resourceVersion is compacted away or in the future: only a list can help. */
  | { readonly kind: "gone"; readonly message: string }
  /** The server does not let us, and will not until a person changes something. */
  | { readonly kind: "refused"; readonly status: number; readonly message: string }
  /** The request itself is not understood: a parameter or selector this server does not know. */
  | { readonly kind: "invalid"; readonly message: string }
  /** Worth another try. `timeout` is the same for our own deadlines. */
  | { readonly kind: "failed"; readonly message: string; readonly retryAfterMs: number | null }
  | { readonly kind: "timeout"; readonly message: string };

/** What an ERROR line or the `Status` of a failed request means. API conventions, "Response Status Kind" (2026-11). */
export function troubleOf(status: ApiStatus): Trouble {
  const message = status.message || status.reason || `status ${status.code}`;
  if (status.tooLarge) return { kind: "gone", message };
  if (status.code === 410 || status.reason === "Expired" || status.reason === "Gone") return { kind: "gone", message };
  switch (status.code) {
    case 401:
    case 403:
      return { kind: "refused", status: status.code, message };
    case 400:
    case 422:
      return { kind: "invalid", message };
    default:
      return { kind: "failed", message, retryAfterMs: status.retryAfterMs };
  }
}

/** Reads the body of an answer that is not 200. `Retry-After` in seconds is heard, and so is the body's own wish. */
export async function readTrouble(answer: KubeResponse): Promise<{ trouble: Trouble; continueFrom: string | null }> {
  const body = parseJson(await answer.text());
  // A proxy's error page is no Status: then the HTTP status alone counts, and nothing of the page is repeated.
  const status: ApiStatus = { ...parseStatus(body), code: answer.status };
  const seconds = Number(answer.headers["retry-after"] ?? "");
  const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : status.retryAfterMs;
  return { trouble: troubleOf({ ...status, retryAfterMs }), continueFrom: continueOf(body) };
}

/** `metadata.continue` of a list or of the 410 that breaks one off; null where there is none. */
export function continueOf(body: unknown): string | null {
  return textOf(fieldsOf(fieldsOf(body)["metadata"])["continue"]) || null;
}
