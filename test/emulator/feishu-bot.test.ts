import { expect, onTestFinished, test } from "vitest";
import { type FeishuBot, type FeishuBotOptions, startFeishuBot } from "../../src/emulator/feishu-bot.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";

const NOW = 1_760_000_000_000;
const TEXT = { msg_type: "text", content: { text: "probe" } };

async function aBot(options: Partial<FeishuBotOptions> = {}): Promise<{ bot: FeishuBot; clock: FakeClock }> {
  const clock = createFakeClock(NOW);
  const bot = await startFeishuBot({ clock, ...options });
  onTestFinished(() => bot.close());
  return { bot, clock };
}

async function post(url: string, body: unknown): Promise<{ status: number; code: unknown }> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(url, { method: "POST", body: text });
  const answer = (await response.json().catch(() => ({ code: "none" }))) as { code?: unknown };
  return { status: response.status, code: answer.code };
}

test("answers like the bot it stands in for", async () => {
  const { bot } = await aBot();
  expect(await post(bot.url, TEXT)).toEqual({ status: 200, code: 0 });
  expect(await post(`${bot.url}x`, TEXT)).toEqual({ status: 200, code: 19001 });
  expect(await post(bot.url.replace("/v2", ""), TEXT)).toEqual({ status: 404, code: "none" });
  expect(bot.requests().map(({ code, accepted }) => [code, accepted])).toEqual([
    [0, true],
    [19001, false],
    [404, false],
  ]);
});

test.each([
  ["{", 9499],
  ["[]", 9499],
  [{ content: {} }, 19002],
  [{ msg_type: "interactive", card: "{}" }, 19002],
  [{ msg_type: "text", content: "x" }, 19002],
  [{ msg_type: "text", content: {} }, 19002],
  [{ msg_type: "interactive", card: { elements: [{ tag: "divider" }] } }, 11246],
  [{ ...TEXT, x: "好".repeat(7000) }, 9499],
  [{ ...TEXT, x: "好".repeat(11_000) }, 19036],
])("refuses %j with %i", async (body, code) => {
  const { bot } = await aBot();
  expect(await post(bot.url, body)).toEqual({ status: 200, code });
});

test.each([
  [{ disabled: true }, 19007],
  [{ ipAllowed: false }, 19022],
  [{ keywords: ["alert"] }, 19024],
  [{ secret: "demo" }, 19021],
  [{ mentionAllAllowed: false }, 11235],
])("with %j refuses with %i", async (settings, code) => {
  const { bot } = await aBot({ settings });
  const body = { msg_type: "text", content: { text: '<at user_id="all"></at>' } };
  expect(await post(bot.url, body)).toEqual({ status: 200, code });
});

/** Made for a clock of 1760000000 and the secret `demo`, with two independent implementations. */
test.each([
  ["1759996400", "DaHbttqsl7C8NeCmSeBUdqENh1bGoqbAHNoKakfH3BM=", 0],
  ["1759996399", "pJTR0xFSm40XCYbplAxdWC8tu+swyqCI83n3zz9Q2Uc=", 19021],
  ["1760003600", "rJEhbbNU5W61djrBc6F1err7yymYJa8hr2+ERXrqOoM=", 0],
  ["1760003601", "NQy+cTIY3vjVEQfrcJk7POF6kDKd5/ve6bqLwYdZTiQ=", 19021],
  ["1760003600", "NQy+cTIY3vjVEQfrcJk7POF6kDKd5/ve6bqLwYdZTiQ=", 19021],
  ["x", "x", 19021],
])("takes signatures of the hour around its clock: %s %s", async (timestamp, sign, code) => {
  const { bot } = await aBot({ settings: { secret: "demo" } });
  expect(await post(bot.url, { timestamp, sign, ...TEXT })).toEqual({ status: 200, code });
});

test("lets five through a second and a hundred a minute", async () => {
  const { bot, clock } = await aBot();
  const codes = async (n: number): Promise<unknown[]> => {
    const all: unknown[] = [];
    for (let i = 0; i < n; i += 1) all.push((await post(bot.url, TEXT)).code);
    return all;
  };
  expect(await codes(6)).toEqual([0, 0, 0, 0, 0, 11232]);
  bot.settings.rateAnswer = "9499";
  expect(await post(bot.url, TEXT)).toEqual({ status: 400, code: 9499 });
  for (let n = 0; n < 31; n += 1) {
    await clock.advance(1000);
    await codes(3);
  }
  await clock.advance(1000);
  expect(await codes(1)).toEqual([9499]);
  await clock.advance(60_000);
  expect(await codes(1)).toEqual([0]);
});

test("is busy on the hour and half-hour when told to surge", async () => {
  const { bot, clock } = await aBot({ settings: { surge: true } });
  clock.setWall(Date.UTC(2026, 0, 1, 10, 30, 59));
  expect((await post(bot.url, TEXT)).code).toBe(11232);
  clock.setWall(Date.UTC(2026, 0, 1, 10, 31, 0));
  expect((await post(bot.url, TEXT)).code).toBe(0);
});

test("records duplicates and mentions, and answers from a script", async () => {
  const { bot } = await aBot();
  await post(bot.url, TEXT);
  await post(bot.url, TEXT);
  await post(bot.url, { msg_type: "text", content: { text: '<at user_id="all"></at>' } });
  expect(bot.requests().map(({ duplicate }) => duplicate)).toEqual([false, true, false]);
  expect(bot.requests().map(({ mentions }) => mentions.length)).toEqual([0, 0, 1]);
  bot.answerNext(502, "<html>");
  expect(await post(bot.url, TEXT)).toEqual({ status: 502, code: "none" });
  expect(bot.accepted()).toHaveLength(3);
});
