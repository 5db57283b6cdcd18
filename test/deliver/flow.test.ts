import { expect, onTestFinished, test } from "vitest";
import { createBudget, FEISHU_ALLOWANCES } from "../../src/deliver/budget.ts";
import { createDispatcher } from "../../src/deliver/dispatch.ts";
import { createFeishuSender } from "../../src/deliver/feishu/sender.ts";
import { createRenderer } from "../../src/deliver/render.ts";
import { startFeishuBot } from "../../src/emulator/feishu-bot.ts";
import type { PassedMatch } from "../../src/model/match.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { createRedactor } from "../../src/runtime/secret.ts";
import { aLogger, anOutbox } from "../support/delivery.ts";
import { expectNoSecret } from "../support/no-secret.ts";
import { aPassedMatch } from "../support/passed-match.ts";

test("carries a matched Event to a signed bot and leaves nothing in the outbox", async () => {
  const secret = "xQ7pZ0mRk3LwN8vT2yB5cD";
  const bot = await startFeishuBot({ clock: systemClock, settings: { secret, keywords: ["集群"] } });
  onTestFinished(() => bot.close());
  const redactor = createRedactor();
  const { logger, lines } = aLogger(redactor);
  const { outbox, metrics } = anOutbox(systemClock);
  const sender = createFeishuSender({
    receiver: { name: "feishu", url: { kind: "value", value: bot.url }, secret: { kind: "value", value: secret } },
    redactor,
    clock: systemClock,
    networkClock: systemClock,
    metrics,
  });
  const renderer = createRenderer({
    cluster: "家里测试 K3S 集群",
    receivers: [{ kind: "feishu", name: "feishu", keywords: ["集群"] }],
    templates: {},
    timeZone: "Asia/Shanghai",
  });
  const match: PassedMatch = aPassedMatch({ message: 'Back-off <nil> <at id=all></at> "x"\n' });
  expect(outbox.enqueue(renderer.render(match))).toBe("stored");

  const dispatcher = createDispatcher({
    outbox,
    senders: new Map([["feishu", sender]]),
    budgets: new Map([["feishu", createBudget(systemClock, FEISHU_ALLOWANCES)]]),
    clock: systemClock,
    logger,
    metrics,
  });
  const stopping = new AbortController();
  const running = dispatcher.run(stopping.signal);
  await expect.poll(() => outbox.waiting()).toBe(0);
  stopping.abort();
  await running;
  await sender.close();

  expect(bot.requests()).toMatchObject([{ accepted: true, mentions: [], duplicate: false }]);
  expect(outbox.ledger()).toEqual([{ receiver: "feishu", written: 1, delivered: 1, dead: 0, waiting: 0 }]);
  expect(dispatcher.state().get("feishu")).toEqual({ circuit: "closed", lastOutcome: "delivered", waiting: 0 });
  expectNoSecret([secret, bot.url], { lines, metrics: await metrics.registry.metrics() });
});
