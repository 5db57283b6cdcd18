import { rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { createFeishuSender, type FeishuSenderOptions } from "../../../src/deliver/feishu/sender.ts";
import { type FeishuBot, type FeishuBotOptions, startFeishuBot } from "../../../src/emulator/feishu-bot.ts";
import type { DeliveryOutcome, Sender } from "../../../src/model/delivery.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { createMetrics, type Metrics } from "../../../src/runtime/metrics.ts";
import { createRedactor } from "../../../src/runtime/secret.ts";
import { aFolder, anEntry } from "../../support/delivery.ts";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import { expectNoSecret } from "../../support/no-secret.ts";
import { testCertificate } from "../../support/test-certificates.ts";

const TOKEN = "b7d2c9e4-5f60-4a1b-9c8d-7e6f5a4b3c2d";
const SECRET = "xQ7pZ0mRk3LwN8vT2yB5cD";
const NOW = Date.UTC(2026, 10, 22, 12);
const CARD = JSON.stringify({
  msg_type: "interactive",
  card: { elements: [{ tag: "div", text: { tag: "lark_md", content: "hi <at id=all></at>" } }] },
});

let clock: FakeClock;
let metrics: Metrics;
let outcomes: DeliveryOutcome[] = [];

beforeEach(() => {
  clock = createFakeClock(NOW);
  metrics = createMetrics();
  outcomes = [];
});

// Every test of this file: nothing a sender answers or counts holds the address, the token or the secret.
afterEach(async () => {
  expectNoSecret([TOKEN, SECRET, "/open-apis/bot"], { outcomes, metrics: await metrics.registry.metrics() });
});

async function aBot(options: Partial<FeishuBotOptions> = {}): Promise<FeishuBot> {
  const bot = await startFeishuBot({ clock, token: TOKEN, ...options });
  onTestFinished(() => bot.close());
  return bot;
}

function aSender(url: string, over: Partial<FeishuSenderOptions> & { secret?: string } = {}): Sender {
  const { secret, ...rest } = over;
  const sender = createFeishuSender({
    receiver: {
      name: "feishu",
      url: { kind: "value", value: url },
      secret: secret === undefined ? null : { kind: "value", value: secret },
    },
    redactor: createRedactor(),
    clock,
    networkClock: clock,
    metrics,
    ...rest,
  });
  onTestFinished(() => sender.close());
  return sender;
}

const signal = new AbortController().signal;

async function send(sender: Sender, body = '{"msg_type":"text","content":{"text":"hello"}}'): Promise<DeliveryOutcome> {
  const outcome = await sender.send(anEntry({ body, summary: "plain words" }), signal);
  outcomes.push(outcome);
  return outcome;
}

describe("a signed bot", () => {
  test("takes what is signed now, however long it lay in the outbox", async () => {
    const bot = await aBot({ settings: { secret: SECRET } });
    const sender = aSender(bot.url, { secret: ` ${SECRET}\n` });
    expect(await send(sender)).toEqual({ kind: "delivered" });
    await clock.advance(3 * 3_600_000);
    expect(await send(sender)).toEqual({ kind: "delivered" });
    expect(bot.requests().map(({ bytes }) => bytes)).toHaveLength(2);
    expect(bot.accepted()[0]).toMatchObject({ timestamp: String(NOW / 1000), msg_type: "text" });
  });

  test("is answered with its own time once when our clock is wrong, and that time is kept", async () => {
    const botClock = createFakeClock(NOW);
    const bot = await aBot({ clock: botClock, settings: { secret: SECRET } });
    clock.setWall(10_000);
    const sender = aSender(bot.url, { secret: SECRET });
    expect(await send(sender)).toEqual({ kind: "delivered" });
    expect(await send(sender)).toEqual({ kind: "delivered" });
    expect(bot.requests().map(({ code }) => code)).toEqual([19021, 0, 0]);
    // NTP answers: the correction is now the mistake.
    clock.setWall(NOW);
    expect(await send(sender)).toEqual({ kind: "delivered" });
    expect(bot.requests().map(({ code }) => code)).toEqual([19021, 0, 0, 19021, 0]);
  });

  test("is misconfigured when the secret is wrong, after one attempt", async () => {
    const bot = await aBot({ settings: { secret: "another secret" } });
    expect(await send(aSender(bot.url, { secret: SECRET }))).toMatchObject({
      kind: "misconfigured",
      reason: "sign_mismatch",
    });
    expect(bot.requests()).toHaveLength(1);
  });
});

describe("secrets in files", () => {
  test("are read again at each attempt, and a missing one is a matter of configuration", async () => {
    const bot = await aBot();
    const other = await aBot();
    const file = join(aFolder(), "url");
    const sender = aSender("", { receiver: { name: "feishu", url: { kind: "file", path: file }, secret: null } });
    expect(await send(sender)).toEqual({
      kind: "misconfigured",
      reason: "secret_unreadable",
      detail: "a secret's file cannot be read: ENOENT",
    });
    writeFileSync(file, `${bot.url}\n`);
    expect(await send(sender)).toEqual({ kind: "delivered" });
    rmSync(file);
    await new Promise((resolve) => setTimeout(resolve, 20));
    writeFileSync(file, other.url);
    expect(await send(sender)).toEqual({ kind: "delivered" });
    expect([bot.requests().length, other.requests().length]).toEqual([1, 1]);
  });

  test.each([
    "http://open.feishu.cn/open-apis/bot/v2/hook/x",
    "https://open.feishu.cn/open-apis/bot/hook/x",
    "nonsense",
  ])("that are no webhook address send nothing: %s", async (url) => {
    expect(await send(aSender(url))).toMatchObject({ kind: "misconfigured", reason: "url_invalid" });
  });
});

describe("refusals", () => {
  test("of a card come with the summary as a text", async () => {
    const bot = await aBot();
    bot.answerNext(200, '{"code":11246,"msg":"ErrCode: 11310; ErrMsg: unsupported type of block"}');
    const outcome = await send(aSender(bot.url), CARD);
    expect(outcome).toMatchObject({
      kind: "refused",
      reason: "card_refused",
      fallback: '{"msg_type":"text","content":{"text":"plain words"}}',
    });
  });

  test("of a mention come with the same card without mentions, then with a text, then with nothing", async () => {
    const bot = await aBot({ settings: { mentionAllAllowed: false } });
    const sender = aSender(bot.url);
    const first = await send(sender, CARD);
    const bare = first.kind === "refused" ? (first.fallback ?? "") : "";
    expect(JSON.parse(bare)).toMatchObject({ card: { elements: [{ text: { content: "hi " } }] } });
    expect(await send(sender, bare)).toEqual({ kind: "delivered" });
    bot.answerNext(200, '{"code":11235,"msg":"no"}');
    const second = await send(sender, bare);
    const text = second.kind === "refused" ? (second.fallback ?? "") : "";
    expect(text).toContain("plain words");
    bot.answerNext(200, '{"code":11235,"msg":"no"}');
    expect(await send(sender, text)).not.toHaveProperty("fallback");
  });

  test("for their content come with nothing", async () => {
    const bot = await aBot();
    bot.answerNext(200, '{"code":11248,"msg":"sensitive"}');
    expect(await send(aSender(bot.url), CARD)).toMatchObject({ kind: "refused", reason: "content_review" });
    expect(outcomes[0]).not.toHaveProperty("fallback");
  });
});

describe("the network", () => {
  test("keeps one connection and counts the bytes of bodies", async () => {
    const bot = await aBot();
    const sender = aSender(bot.url);
    for (let n = 0; n < 3; n += 1) await send(sender);
    const bytes = (await metrics.attemptBytes.get()).values;
    const sent = bot.requests().reduce((sum, one) => sum + one.bytes, 0);
    expect(bytes.find(({ labels }) => labels.direction === "sent")?.value).toBe(sent);
    expect(bytes.find(({ labels }) => labels.direction === "received")?.value).toBe(3 * 77);
    expect(new Set(bot.requests().map(({ port }) => port)).size).toBe(1);
  });

  test("that refuses the connection is a retry", async () => {
    const bot = await aBot();
    await bot.close();
    expect(await send(aSender(bot.url))).toEqual({
      kind: "retry",
      reason: "connect_failed",
      detail: "no answer: ECONNREFUSED",
    });
  });

  test("that never answers is given up after ten seconds, and the next attempt has a new connection", async () => {
    const bot = await aBot();
    const sender = aSender(bot.url);
    bot.hangNext();
    const sending = send(sender);
    await expect.poll(() => bot.requests().length).toBe(1);
    await clock.advance(10_000);
    expect(await sending).toMatchObject({ kind: "retry", reason: "timed_out" });
    expect(await send(sender)).toEqual({ kind: "delivered" });
    const ports = bot.requests().map(({ port }) => port);
    expect(ports[0]).not.toBe(ports[1]);
    expect(clock.sleepers()).toBe(0);
  });

  test("that breaks after the bot took it is a retry, and the bot sees a duplicate", async () => {
    const bot = await aBot();
    const sender = aSender(bot.url);
    bot.resetNext();
    expect(await send(sender)).toMatchObject({ kind: "retry", reason: "connection_lost" });
    expect(await send(sender)).toEqual({ kind: "delivered" });
    expect(bot.requests().map(({ duplicate }) => duplicate)).toEqual([false, true]);
  });

  test.each([
    [200, "<html>please log in</html>", "not_feishu"],
    [200, '{"code":0,"ms', "not_feishu"],
    [502, "bad gateway", "server_error"],
    [504, "", "server_error"],
    [200, "{}", "not_feishu"],
  ])("that answers HTTP %i %s is a retry", async (status, body, reason) => {
    const bot = await aBot();
    bot.answerNext(status, body);
    expect(await send(aSender(bot.url))).toMatchObject({ kind: "retry", reason });
  });

  test("that redirects is not followed", async () => {
    const bot = await aBot();
    const elsewhere = await aBot();
    bot.answerNext(307, "", { location: elsewhere.url });
    expect(await send(aSender(bot.url))).toMatchObject({ kind: "retry", reason: "not_feishu" });
    expect(elsewhere.requests()).toEqual([]);
  });

  test("that sends a page of megabytes is cut off at 64 KiB", async () => {
    const server = createServer((_request, response) => response.end(Buffer.alloc(8 * 1024 * 1024, "a")));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => server.closeAllConnections());
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const sender = aSender(`http://127.0.0.1:${port}/open-apis/bot/v2/hook/${TOKEN}`);
    expect(await send(sender)).toMatchObject({ kind: "retry", reason: "not_feishu" });
    const received = (await metrics.attemptBytes.get()).values.find(({ labels }) => labels.direction === "received");
    expect(received?.value).toBe(65_536);
  });

  test("scrubs secrets, controls and length out of what an answer says", async () => {
    const bot = await aBot();
    const msg = `at ${bot.url} with ${SECRET} \u{1b}[31m\n${"x".repeat(1000)}`;
    bot.answerNext(200, JSON.stringify({ code: 77, msg }));
    const outcome = await send(aSender(bot.url, { secret: SECRET }));
    const detail = outcome.kind === "delivered" ? "" : outcome.detail;
    expect(detail).toMatch(/^HTTP 200, code 77: at \[redacted\] with \[redacted\]/);
    expect(detail).not.toMatch(/\p{Cc}/u);
    expect(detail.length).toBeLessThanOrEqual(300);
  });
});

describe("over TLS", () => {
  test("speaks HTTP/2 to a bot it trusts, and retries with one it does not", async () => {
    const tls = testCertificate("a");
    const bot = await aBot({ tls });
    const trusting = aSender(bot.url, { ca: tls.cert, networkClock: systemClock });
    expect(await send(trusting)).toEqual({ kind: "delivered" });
    expect(await send(trusting)).toEqual({ kind: "delivered" });
    expect(bot.requests().map(({ httpVersion }) => httpVersion)).toEqual(["2.0", "2.0"]);
    expect(await send(aSender(bot.url, { networkClock: systemClock }))).toMatchObject({
      kind: "retry",
      reason: "tls_failed",
    });
  });
});
