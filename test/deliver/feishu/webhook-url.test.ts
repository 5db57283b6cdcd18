import { expect, test } from "vitest";
import { parseWebhookUrl } from "../../../src/deliver/feishu/webhook-url.ts";

test.each([
  "https://open.feishu.cn/open-apis/bot/v2/hook/0b1c2d3e-aaaa-bbbb-cccc-0123456789ab",
  "https://open.larksuite.com/open-apis/bot/v2/hook/a.b_c~d-e",
  "https://gateway.example:8443/open-apis/bot/v2/hook/x",
  "http://127.0.0.1:9000/open-apis/bot/v2/hook/x",
  "http://[::1]:9000/open-apis/bot/v2/hook/x",
])("takes %s for a bot's", (text) => {
  const { origin, pathname } = new URL(text);
  expect(parseWebhookUrl(` ${text}\n`)).toEqual({ kind: "valid", origin, path: pathname, isBots: true });
});

test.each([
  ["https://relay.example/", "/"],
  ["https://relay.example/team/t0ken?key=x#part", "/team/t0ken?key=x"],
  ["https://open.feishu.cn/open-apis/bot/v2/hook/", "/open-apis/bot/v2/hook/"],
  ["https://open.feishu.cn/open-apis/bot/v2/hook/x/y", "/open-apis/bot/v2/hook/x/y"],
  ["https://open.feishu.cn/open-apis/bot/v2/hook/x?y=1", "/open-apis/bot/v2/hook/x?y=1"],
  ["http://localhost:9000/relay", "/relay"],
])("takes %s for a relay's", (text, path) => {
  expect(parseWebhookUrl(text)).toEqual({ kind: "valid", origin: new URL(text).origin, path, isBots: false });
});

test.each([
  ["", "empty"],
  ["relay.example", "not a URL"],
  ["http://open.feishu.cn/open-apis/bot/v2/hook/x", "https"],
  ["http://relay.example/x", "https"],
  ["http://127.0.0.1.evil.example/open-apis/bot/v2/hook/x", "https"],
  ["ftp://127.0.0.1/open-apis/bot/v2/hook/x", "https"],
  ["https://user:pass@open.feishu.cn/open-apis/bot/v2/hook/x", "user or password"],
  ["https://open.feishu.cn/open-apis/bot/hook/x", "old kind"],
  ["https://www.feishu.cn/flow/api/trigger-webhook/x", "flow"],
])("refuses %j and says why without quoting it", (text, why) => {
  const url = parseWebhookUrl(text);
  expect(url).toMatchObject({ kind: "invalid", message: expect.stringContaining(why) as string });
  expect(text !== "" && JSON.stringify(url).includes(text)).toBe(false);
});
