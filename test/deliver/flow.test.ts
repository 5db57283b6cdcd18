import { cpSync } from "node:fs";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { createComposer } from "../../src/deliver/compose.ts";
import { loadKind } from "../../src/deliver/kinds.ts";
import { createDeliveries, type Deliveries } from "../../src/deliveries.ts";
import { type FeishuBot, startFeishuBot } from "../../src/emulator/feishu-bot.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { createRedactor, type Redactor } from "../../src/runtime/secret.ts";
import { anEventAlert } from "../support/alerts.ts";
import { aFolder, aLogger, anOutbox, many, type Store } from "../support/delivery.ts";
import { anEvent, NOON } from "../support/events.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";
import { expectNoSecret } from "../support/no-secret.ts";

const SECRET = "xQ7pZ0mRk3LwN8vT2yB5cD";
const RATE_LIMITED: ReadonlySet<number | null> = new Set([9499, 11232]);

let clock: FakeClock;
let store: Store;
let bot: FeishuBot;
let redactor: Redactor;
let lines: string[];

beforeEach(async () => {
  clock = createFakeClock(NOON);
  store = anOutbox(clock);
  bot = await startFeishuBot({ clock });
  onTestFinished(() => bot.close());
  redactor = createRedactor();
});

/** Sends to the bot through the real kind. The engine's time is a fake one; the network's is real. */
async function start(keywords: readonly string[] = []): Promise<Deliveries> {
  const logged = aLogger(redactor);
  ({ lines } = logged);
  const layout = { header: { title: { tag: "plain_text", content: "{{reason}}" } }, elements: [] };
  const composer = createComposer({ templates: { bare: layout }, language: "zh", logger: logged.logger });
  const deliveries = createDeliveries({
    ...store,
    loadKind,
    item: (delivery, dialect) => composer.item(delivery, dialect),
    clock,
    networkClock: systemClock,
    logger: logged.logger,
    redactor,
    print: () => Promise.resolve(),
  });
  onTestFinished(() => deliveries.close());
  const url = { kind: "value", value: bot.url };
  const secret = { kind: "value", value: SECRET };
  await deliveries.use([{ name: "feishu", kind: "feishu", settings: { url, secret, keywords } }]);
  return deliveries;
}

/** Lets time pass in steps between which the bot can answer, until `done`, or for so long. */
async function pass(forMs: number, done: () => boolean = () => false, stepMs = 50): Promise<void> {
  for (let ms = 0; ms < forMs && !done(); ms += stepMs) {
    await clock.advance(stepMs);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const nothingWaits = (): boolean => store.outbox.waiting() === 0;

const isRateLimited = ({ code }: { readonly code: number | null }): boolean => RATE_LIMITED.has(code);

describe("from the outbox to a Feishu bot", () => {
  test("an Event's alert goes signed, shows its text as it is, and leaves nothing waiting", async () => {
    Object.assign(bot.settings, { secret: SECRET, keywords: ["集群"] });
    const event = anEvent({ message: 'Back-off <nil> <at id=all></at> "x"\n' });
    store.outbox.enqueue([{ alert: anEventAlert({ event }), receivers: ["feishu"] }]);
    const deliveries = await start(["集群"]);
    await pass(200_000, nothingWaits);
    expect(bot.requests()).toMatchObject([{ accepted: true, mentions: [], duplicate: false }]);
    expect(store.outbox.ledger()).toMatchObject([
      { receiver: "feishu", written: 1, delivered: 1, dead: 0, waiting: 0 },
    ]);
    expect(deliveries.state().get("feishu")).toMatchObject({ circuit: "closed", lastOutcome: "delivered" });
    const paces = store.database.prepare("SELECT * FROM paces").rows();
    expect(paces).toHaveLength(1);
    expectNoSecret([SECRET, bot.url], { lines, paces, metrics: await store.metrics.registry.metrics() });
  });

  test("alerts of a rule whose layout lacks the bot's keywords hold up no other, and go in the default words", async () => {
    bot.settings.keywords = ["home"];
    store.outbox.enqueue([
      ...many("feishu", 30, { name: "bare-", template: "bare", severity: "critical" }),
      ...many("feishu", 10, { name: "good-" }),
    ]);
    await start();
    await pass(200_000, nothingWaits);
    expect(store.outbox.ledger()).toMatchObject([{ written: 40, delivered: 40, dead: 0 }]);
    expect(bot.requests().filter(({ code }) => code === 19_024)).toHaveLength(30);
    expect(bot.requests()).toHaveLength(70);
    expect(bot.accepted()).toHaveLength(40);
  });

  test.each([
    ["a gateway's answer", 401, '{"code":401}'],
    ["a code that is new", 200, '{"code":99999,"msg":"new"}'],
  ])("%s to everything condemns nothing", async (_name, status, body) => {
    store.outbox.enqueue(many("feishu", 20));
    for (let n = 0; n < 400; n += 1) bot.answerNext(status, body);
    const deliveries = await start();
    await pass(2 * 3_600_000, () => false, 15_000);
    expect(bot.requests().length).toBeGreaterThan(20);
    expect(bot.requests().length).toBeLessThan(400);
    expect(store.outbox.ledger()).toMatchObject([{ dead: 0, waiting: 20 }]);
    expect(deliveries.state().get("feishu")?.lastOutcome).not.toBe("delivered");
  });

  test("the pace keeps within the bot's limits, also after a kill", async () => {
    store.outbox.enqueue(many("feishu", 120));
    const killed = await start();
    await pass(200_000, () => bot.requests().length >= 60);
    // What is on disk at this moment; what the first engine learns after it is lost.
    const folder = aFolder();
    cpSync(store.folder, folder, { recursive: true });
    await killed.close();
    store = anOutbox(clock, { folder, lasting: store.lasting });
    await start();
    await pass(200_000, nothingWaits);
    expect(bot.requests().filter(isRateLimited)).toEqual([]);
    expect(bot.requests().length).toBeLessThanOrEqual(121);
    const times = bot.requests().map(({ at }) => at);
    expect((times[95] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(60_000);
  });
});
