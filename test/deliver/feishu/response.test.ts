import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classifyFeishuResponse } from "../../../src/deliver/feishu/response.ts";

/** Replies as people have quoted them, with what each comes to. */
const REPLIES: readonly (readonly [number, string, string])[] = [
  [200, '{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}', "delivered"],
  [200, '{"Extra":null,"StatusCode":0,"StatusMessage":"success"}', "delivered"],
  [
    200,
    '{"code":19001,"data":{},"msg":"param invalid: incoming webhook access token invalid"}',
    "misconfigured token_invalid",
  ],
  [200, '{"code":19002,"data":{},"msg":"params error, msg_type need"}', "refused bad_request"],
  [
    200,
    '{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}',
    "misconfigured sign_mismatch",
  ],
  [200, '{"code":19022,"msg":"Ip Not Allowed"}', "misconfigured ip_not_allowed"],
  [200, '{"code":19024,"msg":"Key Words Not Found"}', "unknown keywords_missing"],
  [200, '{"code":9499,"msg":"Bad Request","data":{}}', "unknown bad_request"],
  [400, '{"code":9499,"msg":"Bad Request","data":{}}', "unknown bad_request"],
  [200, '{"code":9499,"msg":"upstream is gone"}', "unknown bad_request"],
  [400, '{"code":9499,"msg":"too many request","data":{}}', "retry rate_limited"],
  [200, '{"StatusCode":0,"StatusMessage":"","code":9499,"msg":"too many request"}', "retry rate_limited"],
  [200, '{"StatusCode":0,"StatusMessage":"","code":19007,"msg":"Bot Not Enabled"}', "misconfigured bot_disabled"],
  [
    200,
    '{"code":11232,"data":{},"msg":"frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]"}',
    "retry rate_limited",
  ],
  [
    200,
    '{"code":11246,"data":{},"msg":"path: message->card; err_msg: invalid at user; err_type: validation; "}',
    "refused mention_refused",
  ],
  [
    200,
    '{"code":11246,"msg":"ErrCode: 200410; ErrMsg: action components are not allowed in the column; "}',
    "refused card_refused",
  ],
  [
    200,
    '{"code":11246,"msg":"ErrCode: 11310; ErrMsg: unsupported type of block; ErrorValue: divider"}',
    "refused card_refused",
  ],
  [200, '{"code":11246,"msg":"Service Internal Error"}', "retry internal_error"],
  [200, '{"code":19036,"msg":"The message exceeds the size limit of 30KB"}', "refused too_large"],
  [
    400,
    '{"code":230099,"msg":"Failed to create card content, ext=ErrCode: 11310; ErrMsg: card table number over limit"}',
    "refused card_refused",
  ],
  [429, '{"code":99991400,"msg":"request trigger frequency limit"}', "retry rate_limited"],
  [200, '{"code":11235,"msg":"only admins mention all"}', "refused mention_refused"],
  [200, '{"code":11242,"msg":"chat has been banned"}', "misconfigured chat_banned"],
  [200, '{"code":11248,"msg":"sensitive"}', "refused content_review"],
  [200, '{"code":18121,"msg":"being processed"}', "retry in_flight"],
  [200, '{"code":424242,"msg":"new"}', "unknown unknown_code"],
  [401, '{"code":401,"msg":"unauthorized"}', "retry not_feishu"],
  [400, '{"code":424242,"msg":"new"}', "retry not_feishu"],
  [403, '{"code":99991401,"msg":"ip denied"}', "misconfigured ip_not_allowed"],
  [200, '{"code":99991403,"msg":"monthly quota"}', "misconfigured quota_used"],
  [503, '{"code":424242,"msg":"new"}', "retry server_error"],
  [429, '{"code":424242,"msg":"new"}', "retry rate_limited"],
  [500, '{"code":0,"msg":"success"}', "retry not_feishu"],
  [200, "<html>log in to the network</html>", "retry not_feishu"],
  [200, "{}", "retry not_feishu"],
  [200, '{"code":"0"}', "retry not_feishu"],
  [200, '{"code":"0","StatusCode":0}', "retry not_feishu"],
  [200, '{"code":0,"ms', "retry not_feishu"],
  [200, "null", "retry not_feishu"],
  [200, "", "retry not_feishu"],
  [302, "", "retry not_feishu"],
  [502, "<html>bad gateway</html>", "retry server_error"],
  [504, "", "retry server_error"],
  [429, "slow down", "retry rate_limited"],
  // Digits of a log id are no code.
  [200, '{"code":0,"msg":"success","error":{"log_id":"2026112219021190079499112465"}}', "delivered"],
  [200, '{"code":19024,"msg":"Key Words Not Found","log_id":"0","StatusCode":0}', "unknown keywords_missing"],
  [502, "request 19001 failed, log 11232", "retry server_error"],
];

function said(status: number, body: string): string {
  const outcome = classifyFeishuResponse(status, body, {});
  return outcome.kind === "delivered" ? "delivered" : `${outcome.kind} ${outcome.reason}`;
}

describe("classifyFeishuResponse", () => {
  test.each(REPLIES)("takes HTTP %i %s for %s", (status, body, expected) => {
    expect(said(status, body)).toBe(expected);
  });

  test("waits as long as the gateway asks, and 5 s for an overloaded Feishu", () => {
    const headers = { "x-ogw-ratelimit-reset": "12.5" };
    const limited = '{"code":99991400,"msg":"limit"}';
    expect(classifyFeishuResponse(429, limited, headers)).toMatchObject({ afterMs: 12_500 });
    expect(classifyFeishuResponse(200, '{"code":11232,"msg":"x"}', {})).toMatchObject({ afterMs: 5000 });
    expect(classifyFeishuResponse(503, "", { "retry-after": "7" })).toMatchObject({ afterMs: 7000 });
    expect(classifyFeishuResponse(503, "", { "retry-after": "soon" })).not.toHaveProperty("afterMs");
  });

  test("never takes anything for delivered but a 2xx with code 0", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.json(), fc.string(), (status, json, junk) => {
        for (const body of [json, junk]) {
          if (classifyFeishuResponse(status, body, {}).kind !== "delivered") continue;
          const answer = JSON.parse(body) as { code?: unknown; StatusCode?: unknown };
          expect(status >= 200 && status < 300 && (answer.code ?? answer.StatusCode) === 0).toBe(true);
        }
      }),
    );
  });

  test.each([
    [200, '{"code":11246,"msg":"x"}', "yes"],
    [429, "slow down", "yes"],
    [502, "bad gateway", "yes"],
    [504, "", "perhaps"],
    [200, '{"code":0,"ms', "perhaps"],
    [500, '{"code":0,"msg":"success"}', "perhaps"],
    [200, '{"code":424242,"msg":"new"}', "yes"],
  ])("HTTP %i %s: the card has arrived: %s", (status, body, arrived) => {
    expect(classifyFeishuResponse(status, body, {})).toMatchObject({ arrived });
  });

  test("condemns a body only by a code it knows", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.nat({ max: 9000 }), fc.string(), (status, code, msg) => {
        const outcome = classifyFeishuResponse(status, JSON.stringify({ code, msg }), {});
        expect(["refused", "misconfigured"]).not.toContain(outcome.kind);
      }),
    );
  });
});
