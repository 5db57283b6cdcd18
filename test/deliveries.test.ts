import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { ReceiverConfig } from "../src/config/config.ts";
import { createDeliveries, type Deliveries } from "../src/deliveries.ts";
import { startFeishuBot } from "../src/emulator/feishu-bot.ts";
import { systemClock } from "../src/runtime/clock.ts";
import { createRedactor } from "../src/runtime/secret.ts";
import { aFolder, aLogger, aNotification, anOutbox, type Store } from "./support/delivery.ts";
import { NOON } from "./support/events.ts";
import { createFakeClock, type FakeClock } from "./support/fake-clock.ts";
import { sumOf } from "./support/metric-values.ts";

let clock: FakeClock;
let store: Store;
let printed: string[];
let deliveries: Deliveries;

beforeEach(() => {
  clock = createFakeClock(NOON);
  store = anOutbox(clock);
  printed = [];
  const redactor = createRedactor();
  deliveries = createDeliveries({
    ...store,
    clock,
    networkClock: systemClock,
    logger: aLogger(redactor).logger,
    redactor,
    print: (line) => printed.push(line),
  });
  onTestFinished(() => deliveries.close());
});

const stdout = (name: string): ReceiverConfig => ({ kind: "stdout", name });
const to = (receiver: string, body: string): ReturnType<typeof aNotification> => aNotification({ receiver, body });

test("sends nothing before it is told to whom", async () => {
  store.outbox.enqueue([to("dump", "a")]);
  await clock.advance(60_000);
  expect(printed).toEqual([]);
  expect(deliveries.state().size).toBe(0);
  await deliveries.use([stdout("dump")]);
  await clock.advance(0);
  expect(printed).toEqual(["a"]);
  expect(deliveries.state().get("dump")).toEqual({ circuit: "closed", lastOutcome: "delivered", waiting: 0 });
});

test("goes on with changed receivers, and gives up what waits for one that is gone", async () => {
  await deliveries.use([stdout("dump"), stdout("other")]);
  await deliveries.use([stdout("dump")]);
  store.outbox.enqueue([to("dump", "a"), to("other", "b")]);
  await clock.advance(0);
  expect(printed).toEqual(["a"]);
  expect([...deliveries.state().keys()]).toEqual(["dump"]);
  await deliveries.use([stdout("dump")]);
  await clock.advance(0);
  expect(store.outbox.deadLetters()).toMatchObject([{ receiver: "other", reason: "unknown_receiver" }]);
  const { metrics } = store;
  expect(await sumOf(metrics.entriesWritten)).toBe(
    (await sumOf(metrics.entries, { outcome: "delivered" })) + (await sumOf(metrics.entries, { outcome: "dead" })),
  );
});

test("sends through Feishu's sender, and lets an attempt under way end before it closes", async () => {
  const bot = await startFeishuBot({ clock });
  onTestFinished(() => bot.close());
  const path = join(aFolder(), "url");
  writeFileSync(path, bot.url);
  const feishu: ReceiverConfig = {
    kind: "feishu",
    name: "feishu",
    url: { kind: "file", path },
    secret: null,
    keywords: [],
  };
  await deliveries.use([feishu]);
  store.outbox.enqueue([aNotification()]);
  await clock.advance(0);
  await deliveries.close();
  expect(bot.accepted()).toHaveLength(1);
  expect(store.outbox.waiting()).toBe(0);
  expect(deliveries.state().size).toBe(0);
});

test("closing twice, or before the first use, is harmless", async () => {
  await deliveries.close();
  await deliveries.use([stdout("dump")]);
  await deliveries.close();
  await deliveries.close();
  store.outbox.enqueue([to("dump", "late")]);
  await clock.advance(60_000);
  expect(printed).toEqual([]);
});
