import { expect, test } from "vitest";
import { classifyAnswer } from "../../../src/deliver/webhook/response.ts";

const NOW = Date.UTC(2026, 10, 22, 12);

test.each([200, 201, 202, 204, 299])("%i is delivered", (status) => {
  expect(classifyAnswer(status, "", {}, NOW)).toEqual({ kind: "delivered" });
});

test.each([
  [301, "misconfigured", "redirected", "yes"],
  [304, "misconfigured", "redirected", "yes"],
  [307, "misconfigured", "redirected", "yes"],
  [400, "unknown", "bad_request", "yes"],
  [401, "misconfigured", "not_authorised", "yes"],
  [403, "misconfigured", "not_authorised", "yes"],
  [404, "misconfigured", "wrong_address", "yes"],
  [405, "misconfigured", "wrong_address", "yes"],
  [407, "misconfigured", "not_authorised", "yes"],
  [408, "retry", "timed_out", "perhaps"],
  [409, "unknown", "bad_request", "yes"],
  [410, "misconfigured", "wrong_address", "yes"],
  [413, "refused", "too_large", "yes"],
  [415, "unknown", "bad_request", "yes"],
  [422, "unknown", "bad_request", "yes"],
  [425, "retry", "too_early", "yes"],
  [429, "retry", "rate_limited", "yes"],
  [500, "retry", "server_error", "yes"],
  [502, "retry", "server_error", "perhaps"],
  [503, "retry", "server_error", "yes"],
  [504, "retry", "server_error", "perhaps"],
  [599, "retry", "server_error", "yes"],
])("%i is %s", (status, kind, reason, arrived) => {
  expect(classifyAnswer(status, " why\n", {}, NOW)).toEqual({ kind, reason, detail: `HTTP ${status}: why`, arrived });
  expect(classifyAnswer(status, "\n", {}, NOW)).toMatchObject({ detail: `HTTP ${status}` });
});

const IN_A_MINUTE = new Date(NOW + 60_000).toUTCString();

test.each<[string, number, Readonly<Record<string, string>>, number | undefined]>([
  ["in seconds", 429, { "retry-after": "7" }, 7000],
  ["in no time", 503, { "retry-after": "0" }, 0],
  ["as a date", 503, { "retry-after": IN_A_MINUTE }, 60_000],
  [
    "as a date of a clock that is wrong",
    503,
    { "retry-after": "Thu, 01 Jan 1970 00:00:10 GMT", date: "Thu, 01 Jan 1970 00:00:00 GMT" },
    10_000,
  ],
  ["that is over", 503, { "retry-after": "Thu, 01 Jan 1970 00:00:10 GMT" }, 0],
  ["of an answer without meaning", 422, { "retry-after": "7" }, 7000],
  ["that is none", 429, { "retry-after": "soon" }, undefined],
  ["that is below nothing", 429, { "retry-after": "-1x" }, undefined],
  ["of what a person must mend", 401, { "retry-after": "7" }, undefined],
  ["of a body that is refused", 413, { "retry-after": "7" }, undefined],
])("a wish %s is heeded", (_what, status, headers, afterMs) => {
  const outcome = classifyAnswer(status, "", headers, NOW);
  expect("afterMs" in outcome ? outcome.afterMs : undefined).toBe(afterMs);
});
