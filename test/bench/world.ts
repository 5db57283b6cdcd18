import { createInterface } from "node:readline";
import { createApiServer } from "../../src/emulator/api-server.ts";
import { startFeishuBot } from "../../src/emulator/feishu-bot.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { testCertificate } from "../support/test-certificates.ts";
import { aClusterEvent } from "./cluster-event.ts";

/*
 * The world of the memory and start benches, in a process of its own: an API server with so many Events in it and a
 * Feishu bot, both over TLS and HTTP/2. Tells where they are on standard output, then `watchedAt`, the moment of
 * each request for a watch. A number on standard input streams that many further Events, then says `streamed`.
 */

const stored = Number(process.argv[2]);
/** About 20,000 Events a second: a hundred times a bad day, and still slower than the engine. */
const SLICE = 1_000;
const SLICE_MS = 50;

const tls = testCertificate("a");
const server = await createApiServer({ tls });
const bot = await startFeishuBot({ clock: systemClock, tls });
const tell = (what: unknown): void => console.log(JSON.stringify(what));

let made = 0;
// As they lie in a cluster: over the hour that the API server keeps them.
for (; made < stored; made += 1) {
  const at = systemClock.now() - Math.round((1 - made / stored) * 3_600_000);
  server.events.create(aClusterEvent(made, at));
}
server.events.compact();
tell({ kubeconfig: server.kubeconfig(), botUrl: bot.url });

let watched = 0;
setInterval(() => {
  for (; watched < server.requests.length; watched += 1) {
    if (server.requests[watched]?.query.has("watch")) tell({ watchedAt: systemClock.now() });
  }
}, 1);

for await (const line of createInterface({ input: process.stdin })) {
  for (let left = Number(line); left > 0; left -= SLICE) {
    let bytes = "";
    for (let i = 0; i < Math.min(SLICE, left); i += 1) {
      const event = aClusterEvent(made, systemClock.now());
      made += 1;
      const metadata = { ...event.metadata, resourceVersion: String(1_000_000 + made) };
      bytes += `${JSON.stringify({ type: "ADDED", object: { ...event, metadata } })}\n`;
    }
    server.sendRaw(bytes);
    await systemClock.sleep(SLICE_MS);
  }
  tell({ streamed: made, delivered: bot.accepted().length });
}
