import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { normalize } from "../../src/collect/normalize.ts";
import { createOccurrences } from "../../src/collect/occurrences.ts";
import { createEvaluator, type Evaluator } from "../../src/decide/evaluate.ts";
import { createDay } from "../../src/demo/day.ts";
import { loadRules } from "../../src/language/load.ts";
import type { SeenEvent } from "../../src/model/event.ts";
import type { RuleSet } from "../../src/model/rule.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import { createRedactor } from "../../src/runtime/secret.ts";
import { anEvent, NOON } from "../support/events.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";

const PACKS = readdirSync("rules").filter((name) => name.endsWith(".rules"));
const textOf = (pack: string): string => readFileSync(`rules/${pack}`, "utf8");

const loadPack = (pack: string): RuleSet => {
  const { ruleSet, diagnostics } = loadRules([{ file: pack, text: textOf(pack) }], {
    receivers: ["feishu"],
    templates: [],
  });
  expect(diagnostics).toEqual([]);
  expect(ruleSet).not.toBeNull();
  return ruleSet ?? { statements: [] };
};

const startPack = (pack: string, clock: SteppedClock): Evaluator => {
  const logger = createLogger(createRedactor(), "silent");
  const evaluator = createEvaluator({ clock, cluster: "home", maxGroups: 1_000, metrics: createMetrics(), logger });
  evaluator.use(loadPack(pack));
  return evaluator;
};

/** `how often` times a thing that just happened. */
const happened = (times: number, parts: Parameters<typeof anEvent>[0]): SeenEvent => {
  const event = anEvent({ count: times, firstSeenAt: NOON - 60_000, ...parts });
  return { event, occurrences: { count: times, from: NOON - 60_000, to: NOON, closed: true }, history: false };
};

/** The statement that had the last word, and the word. */
const decide = (pack: string, seen: SeenEvent): string => {
  const evaluation = startPack(pack, createSteppedClock(NOON)).evaluate(seen, null, true);
  if (evaluation === "needs-meta") return evaluation;
  const last = evaluation.verdicts.findLast(({ matched }) => matched);
  return last ? `${last.statement}: ${last.why ?? last.verdict}` : "unmatched";
};

const node = { kind: "Node", name: "pi-agent-1", namespace: "", fieldPath: "" };
const onNode = (reason: string, type = "Warning"): Parameters<typeof anEvent>[0] => ({
  type,
  reason,
  namespace: "",
  host: "pi-agent-1",
  message: `${reason} of a node`,
  involvedObject: node,
});
const onPod = (reason: string, message: string, type = "Warning"): Parameters<typeof anEvent>[0] => ({
  type,
  reason,
  message,
});
const onOther = (kind: string, reason: string): Parameters<typeof anEvent>[0] => ({
  reason,
  involvedObject: { kind, name: "x" },
});

const PULL_FAILED = 'Failed to pull image "x:1": not found';
const PULL_GOES_ON = 'Back-off pulling image "x:1"';

// What happens, how often, and what each pack says to it.
const CASES: readonly (readonly [string, number, Parameters<typeof anEvent>[0], string, string])[] = [
  ["a kubelet starts", 1, onNode("InvalidDiskCapacity"), "kubelet-start: dropped", "edge-kubelet-start: dropped"],
  ["too many name servers", 9, onPod("DNSConfigForming", "…"), "mends-itself: dropped", "edge-resolver: dropped"],
  [
    "endpoints race",
    3,
    onOther("Service", "FailedToUpdateEndpointSlices"),
    "mends-itself: dropped",
    "edge-lost-race: dropped",
  ],
  ["a node is lost", 1, onNode("NodeNotReady", "Normal"), "node-in-trouble: notified", "edge-node-gone: notified"],
  [
    "its Pods are too",
    1,
    onPod("NodeNotReady", "Node is not ready"),
    "pod-of-lost-node: dropped",
    "edge-pod-of-lost-node: dropped",
  ],
  ["it comes back", 1, onNode("NodeReady", "Normal"), "node-ready: notified", "edge-node-back: notified"],
  ["it boots", 1, onNode("Rebooted"), "node-rebooted: notified", "edge-rebooted: notified"],
  ["it boots again and again", 3, onNode("Rebooted"), "node-rebooted: notified", "edge-rebooted: covered"],
  ["it has no memory left", 1, onNode("SystemOOM"), "out-of-memory: notified", "edge-out-of-memory: notified"],
  [
    "little memory",
    1,
    onNode("NodeHasInsufficientMemory", "Normal"),
    "node-in-trouble: notified",
    "edge-memory-pressure: notified",
  ],
  ["its card is full", 1, onNode("FreeDiskSpaceFailed"), "disk-full: notified", "edge-card-full: notified"],
  ["the kubelet will evict", 1, onNode("EvictionThresholdMet"), "disk-full: notified", "edge-about-to-evict: notified"],
  ["its card dies", 1, onNode("Ext4Error"), "any-other-warning: notified", "edge-card-dying: notified"],
  ["a Pod is evicted", 1, onPod("Evicted", "low on resource"), "evicted: notified", "edge-evicted: notified"],
  [
    "a container crashes twice",
    2,
    onPod("BackOff", "Back-off restarting"),
    "crash-loop: threshold",
    "edge-crash-loop: threshold",
  ],
  [
    "a container crashes on",
    5,
    onPod("BackOff", "Back-off restarting"),
    "crash-loop: notified",
    "edge-crash-loop: notified",
  ],
  ["a pull fails once", 1, onPod("Failed", PULL_FAILED), "image-pull: threshold", "edge-image-pull: threshold"],
  ["a pull fails on", 10, onPod("Failed", PULL_FAILED), "image-pull: notified", "edge-image-pull: notified"],
  [
    "its echo",
    10,
    onPod("Failed", "Error: ImagePullBackOff"),
    "image-pull-echo: dropped",
    "edge-image-pull-echo: dropped",
  ],
  ["its normal back-off", 10, onPod("BackOff", PULL_GOES_ON, "Normal"), "unmatched", "edge-image-pull: notified"],
  ["a first failed scheduling", 1, onPod("FailedScheduling", "0/3"), "first-try: dropped", "edge-first-try: dropped"],
  ["a second", 2, onPod("FailedScheduling", "0/3"), "unschedulable: notified", "edge-unschedulable: notified"],
  ["a late volume", 2, onPod("FailedMount", "timed out"), "volume: threshold", "edge-volume: threshold"],
  ["a missing volume", 5, onPod("FailedMount", "not found"), "volume: notified", "edge-volume: notified"],
  ["no network yet", 2, onPod("FailedCreatePodSandBox", "flannel"), "sandbox: threshold", "edge-sandbox: threshold"],
  ["no network", 5, onPod("FailedCreatePodSandBox", "flannel"), "sandbox: notified", "edge-sandbox: notified"],
  [
    "a slow start",
    8,
    onPod("Unhealthy", "Readiness probe failed"),
    "unhealthy: threshold",
    "edge-unhealthy: threshold",
  ],
  [
    "a sick container",
    30,
    onPod("Unhealthy", "Readiness probe failed"),
    "unhealthy: notified",
    "edge-unhealthy: notified",
  ],
  ["a failed Job", 1, onOther("Job", "BackoffLimitExceeded"), "job-failed: notified", "edge-job-failed: notified"],
  [
    "a broken manifest",
    1,
    onOther("Addon", "ApplyManifestFailed"),
    "any-other-warning: notified",
    "edge-manifest: notified",
  ],
  [
    "anything else bad",
    1,
    onOther("Ingress", "Unforeseen"),
    "any-other-warning: notified",
    "edge-any-other-warning: notified",
  ],
  ["anything else", 1, { type: "Normal", reason: "Pulled", message: "…" }, "unmatched", "unmatched"],
];

describe.each(PACKS)("%s", (pack) => {
  test("loads without a word from the checker and names every statement", () => {
    const { statements } = loadPack(pack);
    expect(statements.length).toBeGreaterThan(10);
    for (const { name } of statements) expect(name).toMatch(/^[a-z][a-z-]+$/);
  });

  test.each(CASES)("%s (%i times)", (_what, times, parts, byDefault, onTheEdge) => {
    expect(decide(pack, happened(times, parts))).toBe(pack === "default.rules" ? byDefault : onTheEdge);
  });

  test("every statement has a case above that it decides", () => {
    const decided = new Set(CASES.map(([, times, parts]) => decide(pack, happened(times, parts)).split(":")[0]));
    const missing = loadPack(pack)
      .statements.map(({ name }) => name)
      .filter((name) => !decided.has(name));
    // Its word is followed by that of `edge-rebooted`, which is covered by it.
    expect(missing).toEqual(pack === "k3s-edge.rules" ? ["edge-boot-loop"] : []);
  });

  test("makes a few dozen cards of a day with thousands of writes", () => {
    const startAt = NOON - 12 * 3_600_000;
    const clock = createSteppedClock(startAt);
    const evaluator = startPack(pack, clock);
    const occurrences = createOccurrences({ metrics: createMetrics() });
    const sent: string[] = [];
    for (const { at, event: raw } of createDay({ seed: 1, startAt })) {
      clock.step(at - clock.now());
      const event = normalize(raw);
      const seen = event && occurrences.take(event, null);
      if (!seen || seen === "replayed") throw new Error("the day holds an Event that says nothing new");
      const evaluation = evaluator.evaluate(seen, null);
      if (evaluation === "needs-meta") throw new Error("no pack looks labels up");
      sent.push(...evaluation.passed.map(({ match }) => match.rule.name));
    }
    expect(sent.length).toBeGreaterThan(15);
    expect(sent.length).toBeLessThan(40);
    for (const rule of [
      "crash-loop",
      "image-pull",
      "evicted",
      "out-of-memory",
      "unhealthy",
      "unschedulable",
      "volume",
    ]) {
      expect(sent).toContain(pack === "k3s-edge.rules" ? `edge-${rule}` : rule);
    }
  });
});

test("all packs in one folder make one set", () => {
  const sources = PACKS.map((pack) => ({ file: pack, text: textOf(pack) }));
  const { diagnostics } = loadRules(sources, { receivers: ["feishu"], templates: [] });
  expect(diagnostics.filter(({ severity }) => severity !== "info")).toEqual([]);
});

test("the sentence that default.rules begins with is a rule", () => {
  const sentence = /^# {5}(when .*)$/m.exec(textOf("default.rules"))?.[1] ?? "";
  expect(sentence).toBe("when type=Warning and kind=Pod rate<5/10m notify feishu");
  const { diagnostics } = loadRules([{ file: "a.rules", text: sentence }], { receivers: ["feishu"], templates: [] });
  expect(diagnostics).toEqual([]);
});
