import { rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type HttpChannelOptions, destinationOf, httpChannel } from "../../src/deliver/http.ts";
import type { Channel, World } from "../../src/deliver/kind.ts";
import { type FeishuBot, type FeishuBotOptions, startFeishuBot } from "../../src/emulator/feishu-bot.ts";
import type { Outcome } from "../../src/model/delivery.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { aFolder } from "../support/delivery.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";
import { expectNoSecret } from "../support/no-secret.ts";
import { testCertificate } from "../support/test-certificates.ts";
import { anItem, aWorld } from "../support/world.ts";

const TOKEN = "b7d2c9e4-5f60-4a1b-9c8d-7e6f5a4b3c2d";

let clock: FakeClock;
let world: World;
let outcomes: Outcome[] = [];

beforeEach(() => {
  clock = createFakeClock(Date.UTC(2026, 10, 22, 12));
  world = aWorld({ clock, networkClock: clock });
  outcomes = [];
});

afterEach(async () => {
  expectNoSecret([TOKEN, "/open-apis/bot"], { outcomes, metrics: await world.metrics.registry.metrics() });
});

async function aBot(options: Partial<FeishuBotOptions> = {}): Promise<FeishuBot> {
  const bot = await startFeishuBot({ clock, token: TOKEN, ...options });
  onTestFinished(() => bot.close());
  return bot;
}

/** Answers its origin. */
async function aServer(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => server.closeAllConnections());
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function aChannel(url: string, over: Partial<HttpChannelOptions> = {}): Channel {
  const secret = world.redactor.open({ kind: "value", value: url });
  const channel = httpChannel({
    receiver: "team",
    maxBytes: 18_000,
    world,
    address: () => {
      const { origin, pathname } = new URL(secret.reveal());
      return { kind: "valid", origin, path: pathname };
    },
    forms: {
      compose: ({ lead }) => ({ msg_type: "text", content: { text: lead } }),
      composeLayout: (tree) => tree,
      plain: (text) => ({ msg_type: "text", content: { text } }),
    },
    classify: (status, body) =>
      status === 200 && body.includes('"code":0')
        ? { kind: "delivered" }
        : { kind: "retry", reason: "server_error", detail: `HTTP ${status}: ${body}`, arrived: "yes" },
    ...over,
  });
  onTestFinished(() => channel.close());
  return channel;
}

const signal = new AbortController().signal;

async function send(channel: Channel, item = anItem(), stop = signal): Promise<Outcome> {
  const answered = await channel.send([item], stop);
  expect(answered).toHaveLength(1);
  outcomes.push(...answered);
  return answered[0] as Outcome;
}

test("keeps one connection and counts the bytes of bodies", async () => {
  const bot = await aBot();
  const channel = aChannel(bot.url);
  expect(await channel.send([anItem(), anItem(), anItem()], signal)).toEqual([
    { kind: "delivered" },
    { kind: "delivered" },
    { kind: "delivered" },
  ]);
  const bytes = (await world.metrics.attemptBytes.get()).values;
  const sent = bot.requests().reduce((sum, one) => sum + one.bytes, 0);
  expect(bytes.find(({ labels }) => labels.direction === "sent")).toMatchObject({
    value: sent,
    labels: { receiver: "team" },
  });
  expect(bytes.find(({ labels }) => labels.direction === "received")?.value).toBe(3 * 77);
  expect(new Set(bot.requests().map(({ port }) => port)).size).toBe(1);
});

test("keeps a body under the limit", async () => {
  const bot = await aBot();
  const channel = aChannel(bot.url, { maxBytes: 60 });
  await send(channel, anItem({ message: { lead: "x".repeat(100) } }));
  expect(bot.accepted()).toEqual([{ msg_type: "text", content: { text: "plain words" } }]);
});

test("sends what a kind seals anew at each attempt, and its headers", async () => {
  const seen: unknown[] = [];
  const origin = await aServer((request, response) => {
    seen.push(request.headers["x-key"], request.headers["content-type"]);
    response.end('{"code":0}');
  });
  const channel = aChannel(`${origin}/x`, {
    contentType: "application/x-test",
    attempt: async (post) => (await post((body, { key }) => ({ body, headers: { "x-key": key } }))).outcome,
  });
  const item = anItem();
  expect(await send(channel, item)).toEqual({ kind: "delivered" });
  expect(seen).toEqual([item.delivery.key, "application/x-test"]);
});

describe("an attempt that gets no answer", () => {
  test("and no connection has not arrived", async () => {
    const bot = await aBot();
    await bot.close();
    expect(await send(aChannel(bot.url))).toEqual({
      kind: "retry",
      reason: "connect_failed",
      detail: "no answer: ECONNREFUSED",
      arrived: "no",
    });
    expect((await world.metrics.attemptBytes.get()).values).toEqual([]);
  });

  test("and no address of its host has not arrived", async () => {
    expect(await send(aChannel("http://nowhere.invalid/x"))).toMatchObject({ reason: "dns_failed", arrived: "no" });
  });

  test("is given up after ten seconds and may have arrived; the next attempt has a new connection", async () => {
    const bot = await aBot();
    const channel = aChannel(bot.url);
    bot.hangNext();
    const sending = send(channel);
    await expect.poll(() => bot.requests().length).toBe(1);
    await clock.advance(9_999);
    expect(outcomes).toEqual([]);
    await clock.advance(1);
    expect(await sending).toMatchObject({ kind: "retry", reason: "timed_out", arrived: "perhaps" });
    expect((await world.metrics.attemptBytes.get()).values[0]?.value).toBe(bot.requests()[0]?.bytes);
    expect(await send(channel)).toEqual({ kind: "delivered" });
    const [first, second] = bot.requests();
    expect(first?.port).not.toBe(second?.port);
    expect(clock.sleepers()).toBe(0);
  });

  test("is given up after ten seconds even where a kind posts twice", async () => {
    const bot = await aBot();
    const channel = aChannel(bot.url, {
      async attempt(post) {
        await post((body) => ({ body }));
        bot.hangNext();
        return (await post((body) => ({ body }))).outcome;
      },
    });
    bot.hangNext();
    const sending = send(channel);
    await expect.poll(() => bot.requests().length).toBe(1);
    await clock.advance(10_000);
    expect(await sending).toMatchObject({ reason: "timed_out" });
  });

  test("because it broke after the body was read may have arrived", async () => {
    const bot = await aBot();
    const channel = aChannel(bot.url);
    bot.resetNext();
    expect(await send(channel)).toMatchObject({ kind: "retry", reason: "connection_lost", arrived: "perhaps" });
    expect(await send(channel)).toEqual({ kind: "delivered" });
    expect(bot.requests().map(({ duplicate }) => duplicate)).toEqual([false, true]);
  });

  test("because the engine stops may have arrived, and ends at once", async () => {
    const bot = await aBot();
    bot.hangNext();
    const stopping = new AbortController();
    const sending = send(aChannel(bot.url), anItem(), stopping.signal);
    await expect.poll(() => bot.requests().length).toBe(1);
    stopping.abort();
    expect(await sending).toMatchObject({ kind: "retry", arrived: "perhaps" });
  });
});

describe("an answer", () => {
  test("that redirects is not followed", async () => {
    const bot = await aBot();
    const elsewhere = await aBot();
    bot.answerNext(307, "", { location: elsewhere.url });
    expect(await send(aChannel(bot.url))).toMatchObject({ kind: "retry", detail: expect.stringContaining("307") });
    expect(elsewhere.requests()).toEqual([]);
  });

  test("of megabytes is cut off at 64 KiB", async () => {
    const origin = await aServer((_request, response) => response.end(Buffer.alloc(8 * 1024 * 1024, "a")));
    expect(await send(aChannel(`${origin}/x`))).toMatchObject({ kind: "retry" });
    const received = (await world.metrics.attemptBytes.get()).values.find(
      ({ labels }) => labels.direction === "received",
    );
    expect(received?.value).toBe(65_536);
  });

  test("without end is cut off there too", async () => {
    const origin = await aServer((_request, response) => {
      const page = Buffer.alloc(100_000, "a");
      const more = (error?: Error | null): void => {
        if (!error) response.write(page, more);
      };
      more();
    });
    expect(await send(aChannel(`${origin}/x`))).toMatchObject({ kind: "retry", reason: "server_error" });
  });

  test("is told without secrets, controls and length", async () => {
    const bot = await aBot();
    bot.answerNext(400, `at ${bot.url} \u{1b}[31m\n${"x".repeat(1000)}`);
    const outcome = await send(aChannel(bot.url));
    const detail = outcome.kind === "delivered" ? "" : outcome.detail;
    expect(detail).toMatch(/^HTTP 400: at \[redacted\]/);
    expect(detail).not.toMatch(/\p{Cc}/u);
    expect(detail.length).toBeLessThanOrEqual(300);
  });
});

describe("secrets in files", () => {
  test("are read again at each attempt, and a missing one is a matter of configuration", async () => {
    const [bot, other] = [await aBot(), await aBot()];
    const file = join(aFolder(), "url");
    const secret = world.redactor.open({ kind: "file", path: file });
    const channel = aChannel("", {
      address: () => {
        const { origin, pathname } = new URL(secret.reveal());
        return { kind: "valid", origin, path: pathname };
      },
    });
    expect(await send(channel)).toEqual({
      kind: "misconfigured",
      reason: "secret_unreadable",
      detail: "a secret's file cannot be read: ENOENT",
      arrived: "no",
    });
    writeFileSync(file, `${bot.url}\n`);
    expect(await send(channel)).toEqual({ kind: "delivered" });
    rmSync(file);
    await new Promise((resolve) => setTimeout(resolve, 20));
    writeFileSync(file, other.url);
    expect(await send(channel)).toEqual({ kind: "delivered" });
    expect([bot.requests().length, other.requests().length]).toEqual([1, 1]);
  });

  test("that hold no address send nothing", async () => {
    const channel = aChannel("", { address: () => ({ kind: "invalid", detail: "no URL" }) });
    expect(await send(channel)).toMatchObject({ kind: "misconfigured", reason: "url_invalid", detail: "no URL" });
  });
});

test("two receivers of one address are one destination, whose name gives nothing away", () => {
  const file = join(aFolder(), "url");
  const url = `https://open.feishu.cn/open-apis/bot/v2/hook/${TOKEN}`;
  const inFile = { kind: "file", path: file } as const;
  const before = destinationOf("feishu", inFile, world.redactor);
  writeFileSync(file, `${url}\n`);
  const name = destinationOf("feishu", inFile, world.redactor);
  expect(name).toBe(destinationOf("feishu", { kind: "value", value: url }, world.redactor));
  expect(name).not.toBe(before);
  expect(name).not.toBe(destinationOf("slack", inFile, world.redactor));
  expectNoSecret([TOKEN, url], { name });
});

test("leaves a connection of HTTP/2 on which nothing came back", async () => {
  const tls = testCertificate("a");
  const bot = await aBot({ tls });
  const channel = aChannel(bot.url, { tls: () => ({ ca: tls.cert }) });
  bot.hangNext();
  const sending = send(channel);
  await expect.poll(() => bot.requests().length).toBe(1);
  await clock.advance(10_000);
  expect(await sending).toMatchObject({ reason: "timed_out" });
  expect(await send(channel)).toEqual({ kind: "delivered" });
  const [first, second] = bot.requests();
  expect(first?.port).not.toBe(second?.port);
});

test("speaks HTTP/2 over TLS to a receiver it trusts, and does not arrive at one it does not", async () => {
  const tls = testCertificate("a");
  const bot = await aBot({ tls });
  world = aWorld({ clock, networkClock: systemClock });
  let trusted = tls.cert;
  const trusting = aChannel(bot.url, { tls: () => ({ ca: trusted }) });
  expect(await send(trusting)).toEqual({ kind: "delivered" });
  expect(await send(trusting)).toEqual({ kind: "delivered" });
  expect(bot.requests().map(({ httpVersion }) => httpVersion)).toEqual(["2.0", "2.0"]);
  expect(new Set(bot.requests().map(({ port }) => port)).size).toBe(1);
  trusted = testCertificate("b").cert;
  expect(await send(trusting)).toMatchObject({ reason: "tls_failed" });
  expect(await send(aChannel(bot.url))).toMatchObject({ kind: "retry", reason: "tls_failed", arrived: "no" });
});
