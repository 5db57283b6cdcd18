import { connect } from "node:tls";
import { KubeConfig, Watch } from "@kubernetes/client-node";
import { normalize } from "../../src/collect/normalize.ts";
import { createOccurrences } from "../../src/collect/occurrences.ts";
import { createPrefilter } from "../../src/collect/prefilter.ts";
import { createReflector } from "../../src/collect/reflector.ts";
import { createEvaluator } from "../../src/decide/evaluate.ts";
import type { RuleSet } from "../../src/model/rule.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { createKubeApi } from "../../src/runtime/kube.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import { createRedactor } from "../../src/runtime/secret.ts";
import { allOf, aRule, is } from "../support/rules.ts";
import { testCertificate } from "../support/test-certificates.ts";

/*
 * One client of the watch bench, in a process of its own: reads so many Events to warm up, then so many more, and
 * prints what those cost.
 */

const [variant = "", kubeconfig = "", warmUpText = "", eventsText = ""] = process.argv.slice(2);
const WARM_UP = Number(warmUpText);
const EVENTS = Number(eventsText);

interface Tally {
  /** Says whether these were the last. */
  add(events: number): boolean;
  print(): void;
}

/** Counts Events, and the cost from the end of the warm-up to the last. */
function createTally(): Tally {
  let events = 0;
  let counted = 0;
  let startedAt = 0;
  let cpuBefore = process.cpuUsage();
  return {
    add(more) {
      events += more;
      if (startedAt > 0) counted += more;
      else if (events >= WARM_UP) {
        startedAt = performance.now();
        cpuBefore = process.cpuUsage();
      }
      return counted >= EVENTS;
    },
    print() {
      const wallMs = performance.now() - startedAt;
      const { user, system } = process.cpuUsage(cpuBefore);
      const peakMb = process.resourceUsage().maxRSS / 1024;
      console.log(JSON.stringify({ events: counted, wallMs, cpuMs: (user + system) / 1000, peakMb }));
    },
  };
}

const tally = createTally();

/** Rules of the usual kind: about Warnings, some for one namespace or reason. */
const RULES: RuleSet = {
  statements: [
    aRule({ name: "crash", condition: allOf(is("type", "Warning"), is("reason", "BackOff")), stop: true }),
    aRule({ name: "mount", condition: allOf(is("type", "Warning"), is("reason", "FailedMount")) }),
    aRule({ name: "team", condition: allOf(is("type", "Warning"), is("namespace", "team-3", "team-4")) }),
    aRule({ name: "pods", condition: allOf(is("type", "Warning"), is("kind", "Pod"), is("reason", "Failed")) }),
    aRule({
      name: "rest",
      condition: is("type", "Warning"),
      throttle: { notifications: 5, windowMs: 600_000 },
    }),
  ],
};

/** The stages from an object to its verdicts. */
function createJudge(): (object: unknown) => void {
  const metrics = createMetrics();
  const occurrences = createOccurrences({ metrics });
  const logger = createLogger(createRedactor(), "silent");
  const evaluator = createEvaluator({ clock: systemClock, cluster: "bench", maxGroups: 16_384, metrics, logger });
  evaluator.use(RULES);
  return (object) => {
    const event = normalize(object);
    if (!event) throw new Error("malformed");
    const seen = occurrences.take(event, null);
    if (seen === "replayed") throw new Error("replayed");
    evaluator.evaluate(seen, null);
  };
}

async function reflect(prefiltered: boolean): Promise<void> {
  const judge = createJudge();
  const api = createKubeApi({ kubeconfig, clock: systemClock });
  const skip = prefiltered ? createPrefilter(RULES) : () => null;
  const logger = createLogger(createRedactor(), "silent");
  const reflector = createReflector({
    api,
    name: "bench",
    after: null,
    startupMaxAgeMs: () => 0,
    clock: systemClock,
    networkClock: systemClock,
    logger,
    metrics: createMetrics(),
    selector: () => "",
    skip: () => skip,
  });
  const stop = new AbortController();
  for await (const batch of reflector.events(stop.signal)) {
    for (const { object } of batch.items) judge(object);
    if (tally.add(batch.items.length + batch.skipped)) break;
  }
  tally.print();
  await api.close();
}

async function watchWithClientNode(take: (object: unknown) => void): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const done = Promise.withResolvers<void>();
  const fail = (error: unknown): void => done.reject(error instanceof Error ? error : new Error("watch ended early"));
  const controller = await new Watch(config).watch(
    "/api/v1/events",
    {},
    (_type, object) => {
      take(object);
      if (tally.add(1)) done.resolve();
    },
    fail,
  );
  await done.promise;
  tally.print();
  controller.abort();
}

async function scanNewlines(): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const { hostname, port } = new URL(config.getCurrentCluster()?.server ?? "");
  const done = Promise.withResolvers<void>();
  const socket = connect({
    host: hostname,
    port: Number(port),
    ca: testCertificate("a").cert,
    ALPNProtocols: ["http/1.1"],
  });
  socket.write(`GET /api/v1/events?watch=1 HTTP/1.1\r\nhost: ${hostname}\r\n\r\n`);
  socket.on("data", (chunk: Buffer) => {
    let lines = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
    if (tally.add(lines)) done.resolve();
  });
  await done.promise;
  tally.print();
  socket.destroy();
}

const VARIANTS: Readonly<Record<string, () => Promise<void>>> = {
  "newline scan": scanNewlines,
  "client-node Watch": () => watchWithClientNode(() => {}),
  "client-node Watch, judged": () => watchWithClientNode(createJudge()),
  "kubewhen, all parsed": () => reflect(false),
  kubewhen: () => reflect(true),
};

const run = VARIANTS[variant];
if (!run) throw new Error(`no variant ${variant}`);
await run();
process.exit(0);
