import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { createComposer } from "../../../src/deliver/compose.ts";
import type { Channel, World } from "../../../src/deliver/kind.ts";
import { kind } from "../../../src/deliver/slack/kind.ts";
import { type SlackWebhook, startSlackWebhook } from "../../../src/emulator/slack-webhook.ts";
import type { Outcome } from "../../../src/model/delivery.ts";
import type { SecretSource } from "../../../src/runtime/secret.ts";
import { aDelivery, aDigestAlert, aDigestLine, anEventAlert } from "../../support/alerts.ts";
import { aLogger } from "../../support/delivery.ts";
import { anEvent } from "../../support/events.ts";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import { expectNoSecret } from "../../support/no-secret.ts";
import { anItem, aWorld } from "../../support/world.ts";

const TOKEN = "q8Zr4LmN0xVt7YbK2sWc5DfG";
const NOW = Date.UTC(2026, 10, 22, 12);
const signal = new AbortController().signal;

let clock: FakeClock;
let world: World;
let outcomes: Outcome[] = [];

beforeEach(() => {
  clock = createFakeClock(NOW);
  world = aWorld({ clock, networkClock: clock });
  outcomes = [];
});

// Every test of this file: nothing a channel answers or counts holds the address or the token.
afterEach(async () => {
  expectNoSecret([TOKEN, TOKEN.slice(0, 8), "/services/T"], {
    outcomes,
    metrics: await world.metrics.registry.metrics(),
  });
});

async function aWebhook(): Promise<SlackWebhook> {
  const webhook = await startSlackWebhook({ clock, token: TOKEN });
  onTestFinished(() => webhook.close());
  return webhook;
}

function aChannel(url: string | SecretSource): Channel {
  const channel = kind.open("slack", { url: typeof url === "string" ? { kind: "value", value: url } : url }, world);
  onTestFinished(() => channel.close());
  return channel;
}

/** Sends when the webhook takes one again. */
async function send(channel: Channel, item = anItem()): Promise<Outcome> {
  await clock.advance(1200);
  const [outcome] = await channel.send([item], signal);
  if (outcome === undefined) throw new Error("no outcome");
  outcomes.push(outcome);
  return outcome;
}

test("a webhook takes messages at every rung, and a digest", async () => {
  const webhook = await aWebhook();
  const channel = aChannel(webhook.url);
  for (const plain of [0, 1, 2] as const) {
    expect(await send(channel, anItem({ delivery: { plain } }))).toEqual({ kind: "delivered" });
  }
  const composer = createComposer({ templates: {}, language: "zh", logger: aLogger().logger });
  const lines = Array.from({ length: kind.limits.lines }, () => aDigestLine());
  const digest = composer.item(aDelivery(aDigestAlert({ lines })), kind.dialect);
  expect(await send(channel, digest)).toEqual({ kind: "delivered" });
  expect(webhook.accepted().map((body) => Array.isArray(body["blocks"]) && body["blocks"].length)).toEqual([
    4,
    2,
    false,
    expect.any(Number),
  ]);
  expect(JSON.stringify(webhook.accepted()[3])).toContain(aDigestLine().label);
});

test("a layout of blocks alone is a whole body, whatever the Event says", async () => {
  const webhook = await aWebhook();
  const templates = { own: [{ type: "section", text: { type: "mrkdwn", text: "*{{reason}}* {{message}}" } }] };
  const composer = createComposer({ templates, language: "en", logger: aLogger().logger });
  const rule = { key: "k", name: "r", template: "own", values: {} };
  const event = anEvent({ message: "<!channel> <https://evil.test|x>" });
  const item = composer.item(aDelivery(anEventAlert({ rule, event })), kind.dialect);
  expect(await send(aChannel(webhook.url), item)).toEqual({ kind: "delivered" });
  expect(webhook.accepted()).toMatchObject([
    {
      unfurl_links: false,
      blocks: [{ text: { text: expect.stringContaining("*BackOff* &lt;!channel&gt;") as string } }],
    },
  ]);
  expect(webhook.requests()).toMatchObject([{ mentions: [], links: [] }]);
});

test("blocks that Slack refuses are got round by plainer words", async () => {
  const webhook = await aWebhook();
  const channel = aChannel(webhook.url);
  const layout = { blocks: [{ type: "carousel-of-mine" }] };
  expect(await send(channel, anItem({ layout }))).toMatchObject({ kind: "refused", reason: "blocks_refused" });
  expect(await send(channel, anItem({ delivery: { plain: 1 } }))).toEqual({ kind: "delivered" });
});

describe("a webhook that takes nothing", () => {
  test.each([
    ["no_service", "misconfigured", "hook_invalid"],
    ["no_active_hooks", "misconfigured", "hook_disabled"],
    ["channel_is_archived", "misconfigured", "channel_archived"],
    ["action_prohibited", "misconfigured", "prohibited"],
    ["rollup_error", "retry", "internal_error"],
  ] as const)("and says %s is %s", async (word, expected, reason) => {
    const webhook = await aWebhook();
    webhook.settings.refusal = word;
    expect(await send(aChannel(webhook.url))).toMatchObject({ kind: expected, reason, arrived: "yes" });
  });

  test("because it is asked too fast says when to ask again", async () => {
    const webhook = await aWebhook();
    const channel = aChannel(webhook.url);
    expect(await channel.send([anItem(), anItem()], signal)).toMatchObject([
      { kind: "delivered" },
      { kind: "retry", reason: "rate_limited", afterMs: 1000 },
    ]);
  });

  test("because it is another's is misconfigured", async () => {
    const webhook = await aWebhook();
    const url = webhook.url.replace(TOKEN, "another");
    expect(await send(aChannel(url))).toMatchObject({ kind: "misconfigured", reason: "hook_invalid" });
  });

  test("and breaks the connection may have the message", async () => {
    const webhook = await aWebhook();
    webhook.resetNext();
    expect(await send(aChannel(webhook.url))).toMatchObject({ kind: "retry", arrived: "perhaps" });
    expect(webhook.accepted()).toHaveLength(1);
  });
});

test.each([0, 60, 200, 230, 250])(
  "an answer that quotes the address behind %i signs is told without it",
  async (before) => {
    const webhook = await aWebhook();
    webhook.answerNext(400, `${"x".repeat(before)} ${webhook.url}`);
    const detail: unknown = expect.stringContaining(`HTTP 400: ${"x".repeat(before)}`);
    expect(await send(aChannel(webhook.url))).toMatchObject({ kind: "unknown", detail });
  },
);

test("an address from a file is read again when it changes", async () => {
  const webhook = await aWebhook();
  const folder = mkdtempSync(join(tmpdir(), "slack-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "url");
  const channel = aChannel({ kind: "file", path });
  expect(await send(channel)).toMatchObject({ kind: "misconfigured", reason: "secret_unreadable" });
  writeFileSync(path, `${webhook.url}\n`);
  expect(await send(channel)).toEqual({ kind: "delivered" });
});

test.each(["http://hooks.slack.com/services/T/B/x", "nonsense"])("%s sends nothing", async (url) => {
  expect(await send(aChannel(url))).toMatchObject({ kind: "misconfigured", reason: "url_invalid", arrived: "no" });
});

function at(value: string): string {
  return kind.destination({ url: { kind: "value", value } }, world);
}

test("receivers with the same address share one pace, under one a second", () => {
  expect(at(`https://hooks.slack.com/services/T/B/${TOKEN}`)).toBe(at(`https://hooks.slack.com/services/T/B/${TOKEN}`));
  expect(at("https://hooks.slack.com/services/T/B/x")).not.toBe(at("https://hooks.slack.com/services/T/B/y"));
  for (const { attempts, windowMs } of kind.limits.pace) expect(attempts / windowMs).toBeLessThan(1 / 1000);
});
