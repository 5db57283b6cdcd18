import type { Arrived, Outcome } from "../model/delivery.ts";

/*
 * Codes of Node's and undici's errors by what they mean, and whether the request may have been read. All are retried.
 * Unknown ones are `network`, so the metric's labels stay a closed set.
 */
const CODES: Readonly<Record<string, readonly [reason: string, arrived: Arrived]>> = {
  ENOTFOUND: ["dns_failed", "no"],
  EAI_AGAIN: ["dns_failed", "no"],
  ECONNREFUSED: ["connect_failed", "no"],
  EHOSTUNREACH: ["connect_failed", "no"],
  ENETUNREACH: ["connect_failed", "no"],
  UND_ERR_CONNECT_TIMEOUT: ["timed_out", "no"],
  ETIMEDOUT: ["timed_out", "perhaps"],
  UND_ERR_HEADERS_TIMEOUT: ["timed_out", "perhaps"],
  UND_ERR_BODY_TIMEOUT: ["timed_out", "perhaps"],
  ECONNRESET: ["connection_lost", "perhaps"],
  EPIPE: ["connection_lost", "perhaps"],
  UND_ERR_SOCKET: ["connection_lost", "perhaps"],
  UND_ERR_ABORTED: ["connection_lost", "perhaps"],
};

/** A certificate that is not trusted, or a handshake that fails: before anything is sent. */
const TLS_CODES = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH)/;

/** What a request without an answer came to. Only the code is told: messages of HTTP clients quote addresses. */
export function afterNetworkError(error: Error): Outcome {
  const failed = causeOf(error);
  const { code } = failed;
  const tls = TLS_CODES.test(code);
  const [reason, arrived] = Object.hasOwn(CODES, code)
    ? (CODES[code] ?? UNKNOWN)
    : tls
      ? (["tls_failed", "no"] as const)
      : UNKNOWN;
  return {
    kind: "retry",
    reason,
    detail: code === "" ? "no answer" : `no answer: ${code}`,
    arrived: failed.connecting ? "no" : arrived,
  };
}

const UNKNOWN: readonly [string, Arrived] = ["network", "perhaps"];

/** The innermost error with a code; `connecting`: there was no connection yet. */
function causeOf(error: unknown): { readonly code: string; readonly connecting: boolean } {
  if (!(error instanceof Error)) return { code: "", connecting: false };
  if ("code" in error && typeof error.code === "string") {
    return { code: error.code, connecting: "syscall" in error && error.syscall === "connect" };
  }
  return causeOf(error.cause);
}
