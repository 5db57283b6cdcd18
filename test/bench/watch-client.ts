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
 * One client of the watch bench, in a process of its own: reads so many Events and prints what it cost. All but the
 * newline scan take every Event to its verdicts, with the same code.
 */

const [variant = "", kubeconfig = "", eventsText = ""] = process.argv.slice(2);
const EVENTS = Number(eventsText);

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
  const occurrences = createOccurrences({ metrics, clock: systemClock });
  const logger = createLogger(createRedactor(), "silent");
  const evaluator = createEvaluator({ clock: systemClock, cluster: "bench", maxGroups: 16_384, metrics, logger });
  evaluator.use(RULES);
  return (object) => {
    const event = normalize(object);
    if (!event) throw new Error("malformed");
    const seen = occurrences.take(event, { initial: false, since: null, maxAgeMs: 0 });
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
    clock: systemClock,
    logger,
    metrics: createMetrics(),
    selector: () => "",
    skip: () => skip,
    checkpoint: "1",
  });
  const stop = new AbortController();
  let events = 0;
  for await (const batch of reflector.watch(stop.signal)) {
    for (const { object } of batch.items) judge(object);
    events += batch.items.length + batch.skipped;
    if (events >= EVENTS) break;
  }
  await api.close();
}

async function watchWithClientNode(): Promise<void> {
  const judge = createJudge();
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const done = Promise.withResolvers<void>();
  let events = 0;
  const fail = (error: unknown): void => done.reject(error instanceof Error ? error : new Error("watch ended early"));
  const controller = await new Watch(config).watch(
    "/api/v1/events",
    {},
    (_type, object) => {
      judge(object);
      events += 1;
      if (events >= EVENTS) done.resolve();
    },
    fail,
  );
  await done.promise;
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
  let lines = 0;
  socket.on("data", (chunk: Buffer) => {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
    if (lines >= EVENTS) done.resolve();
  });
  await done.promise;
  socket.destroy();
}

const VARIANTS: Readonly<Record<string, () => Promise<void>>> = {
  "newline scan": scanNewlines,
  "client-node Watch": watchWithClientNode,
  "kubewhen, all parsed": () => reflect(false),
  kubewhen: () => reflect(true),
};

const run = VARIANTS[variant];
if (!run) throw new Error(`no variant ${variant}`);
const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
await run();
const wallMs = performance.now() - startedAt;
const { user, system } = process.cpuUsage(cpuBefore);
const { maxRSS } = process.resourceUsage();
console.log(JSON.stringify({ wallMs, cpuMs: (user + system) / 1000, peakMb: maxRSS / 1024 }));
process.exit(0);
