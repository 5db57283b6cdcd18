import { expect, test } from "vitest";
import { parseWebhookUrl } from "../../../src/deliver/feishu/webhook-url.ts";

test.each([
  "https://open.feishu.cn/open-apis/bot/v2/hook/0b1c2d3e-aaaa-bbbb-cccc-0123456789ab",
  "https://open.larksuite.com/open-apis/bot/v2/hook/a.b_c~d-e",
  "https://gateway.example:8443/open-apis/bot/v2/hook/x",
  "http://127.0.0.1:9000/open-apis/bot/v2/hook/x",
  "http://[::1]:9000/open-apis/bot/v2/hook/x",
])("takes %s", (text) => {
  expect(parseWebhookUrl(text)).toMatchObject({ kind: "valid", origin: new URL(text).origin });
});

test.each([
  ["", "empty"],
  ["open.feishu.cn", "not a URL"],
  ["http://open.feishu.cn/open-apis/bot/v2/hook/x", "https"],
  ["http://127.0.0.1.evil.example/open-apis/bot/v2/hook/x", "https"],
  ["ftp://127.0.0.1/open-apis/bot/v2/hook/x", "https"],
  ["https://user:pass@open.feishu.cn/open-apis/bot/v2/hook/x", "user name"],
  ["https://open.feishu.cn/open-apis/bot/hook/x", "v1"],
  ["https://www.feishu.cn/flow/api/trigger-webhook/x", "flow"],
  ["https://open.feishu.cn/open-apis/bot/v2/hook/", "must end in"],
  ["https://open.feishu.cn/open-apis/bot/v2/hook/x/y", "must end in"],
  ["https://open.feishu.cn/open-apis/bot/v2/hook/x?y=1", "query"],
  ["https://open.feishu.cn/open-apis/bot/v2/hook/x#y", "fragment"],
])("refuses %j and says why without quoting it", (text, why) => {
  const url = parseWebhookUrl(text);
  expect(url).toMatchObject({ kind: "invalid", detail: expect.stringContaining(why) as string });
  expect(text !== "" && JSON.stringify(url).includes(text)).toBe(false);
});
