import { expect, test } from "vitest";
import { afterNetworkError } from "../../src/deliver/network-error.ts";

function anError(parts: object, cause?: Error): Error {
  return Object.assign(new Error("connect to https://e.test/token failed", { cause }), parts);
}

test.each([
  ["no such host", anError({ code: "ENOTFOUND", syscall: "getaddrinfo" }), "dns_failed", "no"],
  ["a host that refuses", anError({ code: "ECONNREFUSED", syscall: "connect" }), "connect_failed", "no"],
  ["a host that does not answer", anError({ code: "ETIMEDOUT", syscall: "connect" }), "timed_out", "no"],
  ["a connection that falls silent", anError({ code: "ETIMEDOUT", syscall: "read" }), "timed_out", "perhaps"],
  ["a connection that is reset", anError({ code: "ECONNRESET", syscall: "read" }), "connection_lost", "perhaps"],
  ["a certificate nobody knows", anError({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" }), "tls_failed", "no"],
  ["another host's certificate", anError({ code: "ERR_TLS_CERT_ALTNAME_INVALID" }), "tls_failed", "no"],
  [
    "what stands in a cause",
    anError({}, anError({ code: "EHOSTUNREACH", syscall: "connect" })),
    "connect_failed",
    "no",
  ],
  ["what nobody has seen yet", anError({ code: "E_NEW" }), "network", "perhaps"],
  ["a name that every object inherits", anError({ code: "constructor" }), "network", "perhaps"],
  ["nothing at all", anError({}), "network", "perhaps"],
])("tells %s by its code alone", (_what, error, reason, arrived) => {
  const outcome = afterNetworkError(error);
  expect(outcome).toMatchObject({ kind: "retry", reason, arrived });
  expect(JSON.stringify(outcome)).not.toContain("token");
});
