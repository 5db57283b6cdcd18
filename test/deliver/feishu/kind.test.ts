import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { createComposer } from "../../../src/deliver/compose.ts";
import { kind } from "../../../src/deliver/feishu/kind.ts";
import type { Channel, World } from "../../../src/deliver/kind.ts";
import { type FeishuBot, type FeishuBotOptions, startFeishuBot } from "../../../src/emulator/feishu-bot.ts";
import type { Outcome } from "../../../src/model/delivery.ts";
import { aDelivery, anEventAlert, aReadyAlert } from "../../support/alerts.ts";
import { aLogger } from "../../support/delivery.ts";
import { anEvent } from "../../support/events.ts";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import { expectNoSecret } from "../../support/no-secret.ts";
import { anItem, aWorld } from "../../support/world.ts";

const TOKEN = "b7d2c9e4-5f60-4a1b-9c8d-7e6f5a4b3c2d";
const SECRET = "xQ7pZ0mRk3LwN8vT2yB5cD";
const NOW = Date.UTC(2026, 10, 22, 12);

let clock: FakeClock;
let world: World;
let outcomes: Outcome[] = [];

beforeEach(() => {
  clock = createFakeClock(NOW);
  world = aWorld({ clock, networkClock: clock });
  outcomes = [];
});

// Every test of this file: nothing a channel answers or counts holds the address, the token or the secret.
afterEach(async () => {
  expectNoSecret([TOKEN, SECRET, "/open-apis/bot"], { outcomes, metrics: await world.metrics.registry.metrics() });
});

async function aBot(options: Partial<FeishuBotOptions> = {}): Promise<FeishuBot> {
  const bot = await startFeishuBot({ clock, token: TOKEN, ...options });
  onTestFinished(() => bot.close());
  return bot;
}

function aChannel(url: string, over: { secret?: string; keywords?: readonly string[] } = {}): Channel {
  const { secret, keywords = [] } = over;
  const settings = {
    url: { kind: "value", value: url },
    secret: secret === undefined ? null : ({ kind: "value", value: secret } as const),
    keywords,
  } as const;
  const channel = kind.open("feishu", settings, world);
  onTestFinished(() => channel.close());
  return channel;
}

const signal = new AbortController().signal;

async function send(channel: Channel, item = anItem()): Promise<Outcome> {
  const [outcome] = await channel.send([item], signal);
  if (outcome === undefined) throw new Error("no outcome");
  outcomes.push(outcome);
  return outcome;
}

describe("a signed bot", () => {
  test("takes what is signed now, however long it lay in the outbox", async () => {
    const bot = await aBot({ settings: { secret: SECRET } });
    const channel = aChannel(bot.url, { secret: ` ${SECRET}\n` });
    expect(await send(channel)).toEqual({ kind: "delivered" });
    await clock.advance(3 * 3_600_000);
    expect(await send(channel)).toEqual({ kind: "delivered" });
    expect(bot.accepted()[0]).toMatchObject({ timestamp: String(NOW / 1000), msg_type: "interactive" });
  });

  test("is answered with its own time once when our clock is wrong, and that time is kept", async () => {
    const botClock = createFakeClock(NOW);
    const bot = await aBot({ clock: botClock, settings: { secret: SECRET } });
    clock.setWall(10_000);
    const channel = aChannel(bot.url, { secret: SECRET });
    expect(await send(channel)).toEqual({ kind: "delivered" });
    expect(await send(channel)).toEqual({ kind: "delivered" });
    expect(bot.requests().map(({ code }) => code)).toEqual([19021, 0, 0]);
    // NTP answers: the correction is now the mistake.
    clock.setWall(NOW);
    expect(await send(channel)).toEqual({ kind: "delivered" });
    expect(bot.requests().map(({ code }) => code)).toEqual([19021, 0, 0, 19021, 0]);
  });

  test("is misconfigured when the secret is wrong, after one attempt", async () => {
    const bot = await aBot({ settings: { secret: "another secret" } });
    const outcome = await send(aChannel(bot.url, { secret: SECRET }));
    expect(outcome).toMatchObject({ kind: "misconfigured", reason: "sign_mismatch" });
    expect(bot.requests()).toHaveLength(1);
  });
});

describe("an address", () => {
  test("of a relay works", async () => {
    const bot = await aBot();
    const { origin } = new URL(bot.url);
    const outcome = await send(aChannel(`${origin}/relay/t0k?x=1`));
    expect(outcome).toMatchObject({ kind: "retry", reason: "not_feishu" });
    expect(bot.requests().map(({ path }) => path)).toEqual(["/relay/t0k?x=1"]);
  });

  test("of a relay stays secret, however short its parts are", () => {
    const { redactor } = world;
    redactor.open({ kind: "value", value: "https://relay.example/a/t0k?x=1" }).reveal();
    expect(redactor.scrub("POST /a/t0k?x=1 failed")).toBe("POST [redacted] failed");
  });

  test.each([
    "http://open.feishu.cn/open-apis/bot/v2/hook/x",
    "https://open.feishu.cn/open-apis/bot/hook/x",
    "nonsense",
  ])("that is none sends nothing: %s", async (url) => {
    expect(await send(aChannel(url))).toMatchObject({ kind: "misconfigured", reason: "url_invalid", arrived: "no" });
  });
});

describe("a bot with keywords", () => {
  const layout = { elements: [{ tag: "markdown", content: "own words" }] };

  test("takes messages, layouts and plain text", async () => {
    const bot = await aBot({ settings: { keywords: ["告警", "x.y"] } });
    const channel = aChannel(bot.url, { keywords: ["告警", "x.y"] });
    const items = [
      anItem(),
      anItem({ layout }),
      anItem({ delivery: { plain: 1 } }),
      anItem({ delivery: { plain: 2 } }),
    ];
    for (const item of items) expect(await send(channel, item)).toEqual({ kind: "delivered" });
    expect(bot.accepted().map((body) => body["msg_type"])).toEqual([
      "interactive",
      "interactive",
      "interactive",
      "text",
    ]);
  });

  test("that we know nothing of answers what may lie in this body alone", async () => {
    const bot = await aBot({ settings: { keywords: ["告警"] } });
    expect(await send(aChannel(bot.url), anItem({ layout }))).toMatchObject({
      kind: "unknown",
      reason: "keywords_missing",
      arrived: "yes",
    });
  });
});

describe("refusals", () => {
  test("of a mention come without a mention at the next rung", async () => {
    const bot = await aBot({ settings: { mentionAllAllowed: false } });
    const channel = aChannel(bot.url);
    const message = { mentions: ["all"] };
    expect(await send(channel, anItem({ message }))).toMatchObject({ kind: "refused", reason: "mention_refused" });
    expect(await send(channel, anItem({ message, delivery: { plain: 1 } }))).toEqual({ kind: "delivered" });
    expect(bot.requests().map(({ mentions }) => mentions)).toEqual([[{ id: "all" }], []]);
  });

  test("of a card are got round by a text", async () => {
    const bot = await aBot();
    const channel = aChannel(bot.url);
    bot.answerNext(200, '{"code":11246,"msg":"ErrCode: 11310; ErrMsg: unsupported type of block"}');
    expect(await send(channel)).toMatchObject({ kind: "refused", reason: "card_refused" });
    expect(await send(channel, anItem({ delivery: { plain: 2 } }))).toEqual({ kind: "delivered" });
    expect(bot.accepted()).toEqual([{ msg_type: "text", content: { text: "plain words" } }]);
  });

  test("that a gateway makes up condemn nothing", async () => {
    const bot = await aBot();
    const channel = aChannel(bot.url);
    bot.answerNext(401, '{"code":401,"msg":"unauthorized"}');
    expect(await send(channel)).toMatchObject({ kind: "retry", reason: "not_feishu" });
    bot.answerNext(200, '{"code":424242,"msg":"new"}');
    expect(await send(channel)).toMatchObject({ kind: "unknown", reason: "unknown_code" });
  });
});

test("a layout that is a card alone, and a body of version 0.1, are whole bodies", async () => {
  const bot = await aBot();
  const { logger } = aLogger();
  const templates = { own: { elements: [{ tag: "markdown", content: "**{{reason}}** {{message}}" }] } };
  const composer = createComposer({ templates, language: "en", logger });
  const rule = { key: "k", name: "r", template: "own", values: {} };
  const event = anEvent({ message: 'Back-off <nil> <at id=all></at> "x"\n' });
  const channel = aChannel(bot.url);
  for (const alert of [anEventAlert({ rule, event }), aReadyAlert()]) {
    expect(await send(channel, composer.item(aDelivery(alert), kind.dialect))).toEqual({ kind: "delivered" });
  }
  expect(bot.requests().map(({ mentions }) => mentions)).toEqual([[], []]);
  expect(bot.accepted()).toMatchObject([
    { msg_type: "interactive", card: { elements: [{ tag: "markdown" }] } },
    { msg_type: "text", content: { text: "as it was" } },
  ]);
});

test("stays under the 5 a second and 100 a minute of a bot", () => {
  for (const { attempts, windowMs } of kind.limits.pace) {
    expect(attempts).toBeLessThan(windowMs === 1000 ? 5 : 100);
  }
  expect(kind.limits.pace.map(({ windowMs }) => windowMs)).toEqual([1000, 60_000]);
});
