import { createHmac } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { type WebhookServer, type WebhookServerOptions, startWebhookServer } from "../../src/emulator/webhook.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const NOW = 1_760_000_000_000;
const KEY = "a".repeat(26);
const JSON_TYPE = { "content-type": "application/json", "idempotency-key": KEY };
const EVENT = {
  specversion: "1.0",
  id: "1",
  source: "/kubewhen/home",
  type: "dev.kubewhen.alert.event",
  time: "2026-11-22T12:00:00Z",
  datacontenttype: "application/json",
};

async function aServer(settings: WebhookServerOptions["settings"] = {}): Promise<WebhookServer> {
  const server = await startWebhookServer({ clock: createFakeClock(NOW), settings });
  onTestFinished(() => server.close());
  return server;
}

/** The status, and why. */
async function post(
  url: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = JSON_TYPE,
  method = "POST",
): Promise<string> {
  const response = await fetch(url, { method, body, headers });
  return `${response.status} ${await response.text()}`.trim();
}

test("takes JSON, and knows what was there before", async () => {
  const server = await aServer();
  expect([await post(server.url, "[1]"), await post(server.url, "[1]")]).toEqual(["200", "200"]);
  expect(server.accepted()).toEqual([[1], [1]]);
  expect(server.requests().map(({ duplicate }) => duplicate)).toEqual([false, true]);
});

test("refuses what is no JSON of a kind it was told of", async () => {
  const server = await aServer({ maxBytes: 20 });
  expect(await post(`${server.url}/x`, "{}")).toBe("404 no such path");
  expect(await post(server.url, "{}", JSON_TYPE, "PUT")).toBe("405 post only");
  expect(await post(server.url, "{}", { ...JSON_TYPE, "content-type": "text/plain" })).toBe("415 content type");
  expect(await post(server.url, "{}", { "content-type": "application/json" })).toBe("400 no key");
  expect(await post(server.url, "{")).toBe("400 no JSON");
  expect(await post(server.url, Buffer.from([0x22, 0xff, 0x22]))).toBe("400 no JSON");
  expect(await post(server.url, `"${"x".repeat(20)}"`)).toBe("413 too much");
  expect(server.accepted()).toEqual([]);
});

test("lets in whom it knows", async () => {
  const server = await aServer({ authorization: "Bearer abc", headers: { "x-team": "ops" } });
  expect(await post(server.url, "1")).toBe("401 who is it");
  expect(await post(server.url, "1", { ...JSON_TYPE, authorization: "Bearer abd" })).toBe("401 who is it");
  expect(await post(server.url, "1", { ...JSON_TYPE, authorization: "Bearer abc" })).toBe("401 header x-team");
  expect(await post(server.url, "1", { ...JSON_TYPE, authorization: "Bearer abc", "x-team": "ops" })).toBe("200");
});

const signed = (at: number, body: string): Readonly<Record<string, string>> => ({
  ...JSON_TYPE,
  "x-signature": `sha256=${createHmac("sha256", "s").update(`${at}.${body}`).digest("hex")}`,
  "x-signature-timestamp": String(at),
});

test("takes what was signed in the last five minutes, byte for byte", async () => {
  const server = await aServer({ hmac: { header: "x-signature", secret: "s" } });
  const now = NOW / 1000;
  expect(await post(server.url, "[1]", signed(now - 300, "[1]"))).toBe("200");
  expect(await post(server.url, "[1]", signed(now - 301, "[1]"))).toBe("401 signature");
  expect(await post(server.url, "[1]", signed(now + 301, "[1]"))).toBe("401 signature");
  expect(await post(server.url, "[1] ", signed(now, "[1]"))).toBe("401 signature");
  expect(await post(server.url, "[1]", { ...signed(now, "[1]"), "x-signature-timestamp": String(now - 1) })).toBe(
    "401 signature",
  );
  expect(await post(server.url, "[1]")).toBe("401 signature");
});

test.each<[string, object, string]>([
  ["with all", { ...EVENT, data: 1 }, "200"],
  ["with no data", EVENT, "400 an event without data"],
  ["without id", { ...EVENT, id: "", data: 1 }, "400 id is missing"],
  ["without source", { ...EVENT, source: undefined, data: 1 }, "400 source is missing"],
  ["without type", { ...EVENT, type: 1, data: 1 }, "400 type is missing"],
  ["of another version", { ...EVENT, specversion: "0.3", data: 1 }, "400 specversion is not 1.0"],
  ["with a name that is none", { ...EVENT, Sub_ject: "x", data: 1 }, "400 an attribute's name is none"],
  ["with a source that is none", { ...EVENT, source: "家", data: 1 }, "400 source is no URI reference"],
  ["with a time that is none", { ...EVENT, time: "noon", data: 1 }, "400 time is no RFC 3339 time"],
  ["with an empty subject", { ...EVENT, subject: "", data: 1 }, "400 subject is empty"],
  [
    "with a control in it",
    { ...EVENT, subject: "a\nb", data: 1 },
    "400 an attribute holds a character that no text has",
  ],
  ["of another content", { ...EVENT, datacontenttype: "text/plain", data: 1 }, "400 datacontenttype"],
  ["that is a list", [EVENT], "400 an event is an object"],
])("judges a structured event %s", async (_what, event, wanted) => {
  const server = await aServer({ cloudEvents: "structured" });
  const headers = { ...JSON_TYPE, "content-type": "application/cloudevents+json; charset=utf-8" };
  expect(await post(server.url, JSON.stringify(event), headers)).toBe(wanted);
  expect(await post(server.url, JSON.stringify(event))).toBe("415 content type");
});

test.each<[string, Readonly<Record<string, string>>, string]>([
  ["with all", {}, "200"],
  ["with a subject in bytes of UTF-8", { "ce-subject": "%E5%A5%BD" }, "200"],
  ["with a space", { "ce-subject": "a b" }, "400 a header is not percent-encoded"],
  ["with a quote", { "ce-subject": '"' }, "400 a header is not percent-encoded"],
  ["with half a character", { "ce-subject": "%E5%A5" }, "400 a header is not percent-encoded"],
  ["with a line end", { "ce-subject": "%0A" }, "400 an attribute holds a character that no text has"],
  ["of another version", { "ce-specversion": "1.1" }, "400 specversion is not 1.0"],
])("judges a binary event %s", async (_what, over, wanted) => {
  const server = await aServer({ cloudEvents: "binary" });
  const { datacontenttype: _type, ...attributes } = EVENT;
  const named = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]));
  expect(await post(server.url, "[1]", { ...JSON_TYPE, ...named, ...over })).toBe(wanted);
  expect(server.accepted()).toEqual(wanted === "200" ? [[1]] : []);
});

test("answers what it is told to", async () => {
  const server = await aServer();
  server.answerNext(503, "later", { "retry-after": "7" });
  expect(await post(server.url, "1")).toBe("503 later");
  expect(await post(server.url, "1")).toBe("200");
  expect(server.requests().map(({ status }) => status)).toEqual([503, 200]);
});
