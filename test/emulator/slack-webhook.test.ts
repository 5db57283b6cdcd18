import { describe, expect, onTestFinished, test } from "vitest";
import { checkMessage } from "../../src/emulator/slack-blocks.ts";
import { startSlackWebhook, type SlackWebhook } from "../../src/emulator/slack-webhook.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const plain = (text: string): object => ({ type: "plain_text", text });
const marked = (text: string): object => ({ type: "mrkdwn", text });
const header = (text: string): object => ({ type: "header", text: plain(text) });
const section = (text: object): object => ({ type: "section", text });
const times = (count: number, one: object): readonly object[] => Array.from({ length: count }, () => one);

describe("the emulator judges a body as Slack does", () => {
  test.each<[string, object, string | null]>([
    ["a text", { text: "x" }, null],
    ["all it knows", { blocks: [header("x"), section(marked("x")), { type: "divider" }] }, null],
    ["a picture", { blocks: [{ type: "image", image_url: "https://e.test/x", alt_text: "x" }] }, null],
    ["nothing", {}, "no_text"],
    ["a blank text", { text: " " }, "no_text"],
    ["a text that is none", { text: 1 }, "invalid_payload"],
    ["a text too long", { text: "x".repeat(40_001) }, "msg_too_long"],
    ["attachments too many", { attachments: times(101, {}) }, "too_many_attachments"],
    ["attachments that are none", { attachments: {} }, "invalid_attachments"],
    ["blocks that are no list", { blocks: {} }, "invalid_blocks_format"],
    ["no blocks", { blocks: [] }, "invalid_blocks"],
    ["50 blocks", { blocks: times(50, { type: "divider" }) }, null],
    ["51 blocks", { blocks: times(51, { type: "divider" }) }, "invalid_blocks"],
    ["a block nobody knows", { blocks: [{ type: "div" }] }, "invalid_blocks"],
    ["a key nobody knows", { blocks: [{ ...header("x"), tag: "x" }] }, "invalid_blocks"],
    ["a blank header", { blocks: [header(" ")] }, "invalid_blocks"],
    ["a header of 150", { blocks: [header("x".repeat(150))] }, null],
    ["a header of 151", { blocks: [header("x".repeat(151))] }, "invalid_blocks"],
    ["a header of markup", { blocks: [{ type: "header", text: marked("x") }] }, "invalid_blocks"],
    ["a section of 3000", { blocks: [section(plain("x".repeat(3000)))] }, null],
    ["a section of 3001", { blocks: [section(plain("x".repeat(3001)))] }, "invalid_blocks"],
    ["a section of nothing", { blocks: [{ type: "section" }] }, "invalid_blocks"],
    ["10 fields", { blocks: [{ type: "section", fields: times(10, plain("x")) }] }, null],
    ["11 fields", { blocks: [{ type: "section", fields: times(11, plain("x")) }] }, "invalid_blocks"],
    ["a field of 2001", { blocks: [{ type: "section", fields: [plain("x".repeat(2001))] }] }, "invalid_blocks"],
    ["11 parts of a context", { blocks: [{ type: "context", elements: times(11, plain("x")) }] }, "invalid_blocks"],
    ["two blocks of one id", { blocks: times(2, { type: "divider", block_id: "x" }) }, "invalid_blocks"],
    ["a picture of nowhere", { blocks: [{ type: "image", image_url: "x", alt_text: "x" }] }, "invalid_blocks"],
    [
      "texts of 11,001",
      { blocks: [...times(3, section(plain("x".repeat(3000)))), section(plain("x".repeat(2001)))] },
      "msg_blocks_too_long",
    ],
  ])("%s", (_what, body, fault) => {
    expect(checkMessage({ ...body }).fault).toBe(fault);
  });

  test("and says what would draw its readers anywhere", () => {
    const blocks = [
      section(marked("<@U1> @here <https://e.test|x> https://f.test *b*")),
      section(plain("<!here> *b*")),
    ];
    expect(checkMessage({ blocks })).toEqual({
      fault: null,
      mentions: ["<@U1>", " @here"],
      links: ["<https://e.test|x>", "https://f.test"],
      styled: ["<@U1> @here <https://e.test|x> https://f.test *b*"],
    });
    expect(checkMessage({ text: "<!channel>", mrkdwn: false, parse: "none" }).mentions).toEqual(["<!channel>"]);
  });
});

async function post(url: string, body: string, type = "application/json"): Promise<string> {
  const answer = await fetch(url, { method: "POST", body, headers: { "content-type": type } });
  return `${answer.status} ${await answer.text()}`;
}

describe("the emulated webhook", () => {
  const clock = createFakeClock(0);

  async function started(): Promise<SlackWebhook> {
    const webhook = await startSlackWebhook({ clock });
    onTestFinished(() => webhook.close());
    return webhook;
  }

  test("answers in Slack's words, one a second", async () => {
    const webhook = await started();
    const { url } = webhook;
    expect(await post(url, '{"text":"x"}')).toBe("200 ok");
    expect(await post(url, '{"text":"x"}')).toBe("429 rate_limited");
    await clock.advance(1000);
    expect(await post(url, "{")).toBe("400 invalid_payload");
    await clock.advance(1000);
    expect(await post(url, '{"text":"x"}', "text/plain")).toBe("400 invalid_payload");
    await clock.advance(1000);
    expect(await post(url, '{"text":"x"}')).toBe("200 ok");
    expect(webhook.requests().map(({ duplicate }) => duplicate)).toEqual([false, false, false, false, true]);
  });

  test("knows its own address alone", async () => {
    const { url } = await started();
    expect(await post(`${url}x`, "{}")).toBe("404 no_service");
    expect(await post(url.replace("/T0", "/T1"), "{}")).toBe("404 no_team");
  });

  test("refuses everything while it is out of order", async () => {
    const webhook = await started();
    webhook.settings.refusal = "channel_is_archived";
    expect(await post(webhook.url, '{"text":"x"}')).toBe("410 channel_is_archived");
    expect(webhook.accepted()).toEqual([]);
  });
});
