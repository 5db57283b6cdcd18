import { describe, expect, test } from "vitest";
import { expectNoSecret } from "../support/no-secret.ts";
import { startEmulatedCluster } from "./cluster.ts";
import { anEventToWrite, useFlow } from "./flow-suite.ts";
import { until } from "./program.ts";

const RULES = "told: when type=Warning notify feishu\n";

describe("when the world fails between the API server and Feishu", () => {
  const flow = useFlow(startEmulatedCluster);

  test("a watch that answers 410 is listed again, and nothing is told twice", async () => {
    const { cluster, start, cards, cardsInTheEnd } = flow();
    const program = await start(
      `${RULES}drop when reason=FlowMarker and count>1000000\nmarker: when reason=FlowMarker rate>=1000/1m rate<1/1d notify feishu`,
    );
    await cluster.create(anEventToWrite({ message: "before" }));
    await cards(1);
    cluster.server.cut();
    await cluster.create(anEventToWrite({ message: "in the gap" }));
    // The version the engine would go on from is gone before it is back.
    cluster.server.events.compact();
    await until("a second list", async () => (await program.metric("kubewhen_lists_total")) >= 2);
    expect(await program.metric("kubewhen_watches_total", 'outcome="gone"')).toBe(1);
    expect(await cardsInTheEnd(program)).toHaveLength(2);
  });

  test("lines that are no Events are counted, and the stream goes on", async () => {
    const { cluster, start, cards } = flow();
    const program = await start(RULES);
    cluster.server.garbageLine();
    cluster.server.oversizedLine(3 * 1024 * 1024);
    await cluster.create(anEventToWrite());
    await cards(1);
    expect(await program.metric("kubewhen_events_total", "malformed")).toBe(2);
    expect(await program.metric("kubewhen_watch_lines_oversized_total")).toBe(1);
  });

  test("an HTTP 200 with a code other than 0 is not a success, and no secret leaks from it", async () => {
    const { cluster, bot, start, cards } = flow();
    const program = await start(RULES);
    bot.answerNext(200, `{"code":11232,"data":{},"msg":"frequency limited for ${bot.url}"}`);
    await cluster.create(anEventToWrite());
    await cards(1);
    expect(await program.metric("kubewhen_delivery_attempts_total")).toBe(2);
    await until("a delivery", () => program.metric("kubewhen_outbox_entries_total", "delivered"));
    const metrics = await (await fetch(`${program.baseUrl}/metrics`)).text();
    expectNoSecret([bot.url, new URL(bot.url).pathname.split("/").at(-1) ?? ""], { metrics, output: program.output() });
  });

  test("a bot that is away gets what waited, gravest first, when it is back", async () => {
    const { cluster, bot, start, cards } = flow();
    const program = await start(
      "grave: when reason=Grave severity critical notify feishu\nlight: when reason=Light severity info notify feishu\nfirst: when reason=First notify feishu",
    );
    bot.resetNext();
    // One for each: what may have arrived is asked first, then the least tried.
    for (let n = 0; n < 3; n += 1) bot.answerNext(502, "<html>bad gateway</html>");
    await cluster.create(anEventToWrite({ reason: "First" }));
    await until("a failed attempt", () => program.metric("kubewhen_delivery_attempts_total"));
    await cluster.create(anEventToWrite({ reason: "Light" }));
    await cluster.create(anEventToWrite({ reason: "Grave" }));
    const told = await cards(4);
    // The reset came after the bot had taken the card: the one repeat that at least once allows.
    expect(bot.requests().filter((request) => request.duplicate)).toHaveLength(1);
    const order = told.map((card) => /· (\w+)/.exec(card)?.[1]);
    expect(order.indexOf("Grave")).toBeLessThan(order.indexOf("Light"));
  });
});
