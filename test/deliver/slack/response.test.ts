import * as fc from "fast-check";
import { expect, test } from "vitest";
import { classifySlackResponse } from "../../../src/deliver/slack/response.ts";

test.each([
  [200, "ok", "delivered"],
  [200, "ok\n", "delivered"],
  [400, "invalid_payload", "refused bad_request"],
  [400, "missing_text_or_fallback_or_attachments", "refused bad_request"],
  [400, "no_text", "refused bad_request"],
  [400, "too_many_attachments", "refused too_large"],
  [400, "invalid_attachments", "refused blocks_refused"],
  [400, "invalid_blocks", "refused blocks_refused"],
  [400, "invalid_blocks_format", "refused blocks_refused"],
  [400, "msg_blocks_too_long", "refused too_large"],
  [400, "msg_too_long", "refused too_large"],
  [400, "user_not_found", "misconfigured channel_invalid"],
  [404, "channel_not_found", "misconfigured channel_invalid"],
  [410, "channel_is_archived", "misconfigured channel_archived"],
  [403, "action_prohibited", "misconfigured prohibited"],
  [403, "posting_to_general_channel_denied", "misconfigured prohibited"],
  [404, "no_service", "misconfigured hook_invalid"],
  [404, "no_service_id", "misconfigured hook_invalid"],
  [404, "no_active_hooks", "misconfigured hook_disabled"],
  [404, "no_team", "misconfigured team_invalid"],
  [403, "team_disabled", "misconfigured team_invalid"],
  [403, "invalid_token", "misconfigured token_invalid"],
  [429, "rate_limited", "retry rate_limited"],
  [429, "<html>", "retry rate_limited"],
  [400, "ratelimited", "retry rate_limited"],
  [200, "rate_limited", "retry rate_limited"],
  [500, "rollup_error", "retry internal_error"],
  [400, "rollup_error", "retry internal_error"],
  [500, "invalid_payload", "retry server_error"],
  [503, "<html>", "retry server_error"],
  [400, "something_new", "unknown unknown_code"],
  [400, "", "unknown unknown_code"],
  [404, "<html>no_service</html>", "retry not_slack"],
  [302, "", "retry not_slack"],
  [200, "<html>ok</html>", "retry not_slack"],
  [404, "ok", "retry not_slack"],
])("HTTP %i %j comes to %s", (status, body, expected) => {
  const outcome = classifySlackResponse(status, body, {});
  expect(outcome.kind === "delivered" ? "delivered" : `${outcome.kind} ${outcome.reason}`).toBe(expected);
});

test.each([
  [429, { "retry-after": "30" }, 30_000],
  [429, {}, 1000],
  [503, { "retry-after": "2" }, 2000],
  [503, {}, undefined],
  [503, { "retry-after": "soon" }, undefined],
])("HTTP %i with %j is tried again after %s ms", (status, headers, afterMs) => {
  const outcome = classifySlackResponse(status, "", headers);
  expect("afterMs" in outcome ? outcome.afterMs : undefined).toBe(afterMs);
});

test.each([
  [200, "o", "perhaps"],
  [504, "", "perhaps"],
  [500, "", "yes"],
  [302, "", "yes"],
])("HTTP %i %j: the message arrived %s", (status, body, arrived) => {
  expect(classifySlackResponse(status, body, {})).toMatchObject({ arrived });
});

test("no answer but ok means delivered, and none condemns a body by a word nobody knows", () => {
  const status = fc.integer({ min: 100, max: 599 });
  fc.assert(
    fc.property(status, fc.string(), (code, body) => {
      fc.pre(body.trim() !== "ok");
      expect(["retry", "unknown"]).toContain(classifySlackResponse(code, `x ${body}`, {}).kind);
    }),
  );
});
