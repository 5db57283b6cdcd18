import { expect, test } from "vitest";
import { parseWebhookUrl } from "../../../src/deliver/slack/webhook-url.ts";

test.each([
  ["https://hooks.slack.com/services/T0A/B0B/x1Y2", true],
  ["https://hooks.slack-gov.com/services/T0A/B0B/x1Y2", true],
  ["http://127.0.0.1:9000/services/T0A/B0B/x1Y2", true],
  ["https://relay.example/team/t0ken?key=x", false],
  ["https://hooks.slack.com/services/T0A/B0B", false],
  ["https://hooks.slack.com/services/T0A/B0B/x?y=1", false],
])("%s is an address, and a webhook's own: %s", (text, isSlacks) => {
  const { origin, pathname, search } = new URL(text);
  expect(parseWebhookUrl(` ${text}\n`)).toEqual({ kind: "valid", origin, path: pathname + search, isSlacks });
});

test.each([
  ["", "empty"],
  ["relay.example", "not a URL"],
  ["http://hooks.slack.com/services/T/B/x", "https"],
  ["http://127.0.0.1.evil.example/services/T/B/x", "https"],
  ["https://user:pass@hooks.slack.com/services/T/B/x", "user or password"],
  ["https://hooks.slack.com/triggers/T/1/x", "workflow"],
  ["https://hooks.slack.com/workflows/T/A/1/x", "workflow"],
])("refuses %j and says why without quoting it", (text, why) => {
  const url = parseWebhookUrl(text);
  expect(url).toMatchObject({ kind: "invalid", message: expect.stringContaining(why) as string });
  expect(text !== "" && JSON.stringify(url).includes(text)).toBe(false);
});
