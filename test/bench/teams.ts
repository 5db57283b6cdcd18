import type { Event } from "../../src/model/event.ts";
import type { Condition, Rule } from "../../src/model/rule.ts";
import { anEvent } from "../support/events.ts";
import { allOf, aRule, compare, is, number } from "../support/rules.ts";

const REASONS = (
  "BackOff Unhealthy FailedMount FailedScheduling Killing Pulled Created Started Pulling Scheduled Evicted " +
  "NodeNotReady FailedCreate ScalingReplicaSet SuccessfulCreate FailedAttachVolume OOMKilling Failed Preempted Rebooted"
).split(" ");
const KINDS = ["Pod", "Pod", "Pod", "Pod", "Node", "Deployment", "ReplicaSet", "Job"];
const TEXTS = [
  "Back-off restarting failed container app in pod web-7d9c5b7f6-x2x2x",
  "Readiness probe failed: HTTP probe failed with statuscode: 503",
  "Liveness probe failed: Get http://10.42.0.17:8080/healthz: context deadline exceeded",
  "0/3 nodes are available: 1 Insufficient cpu, 2 Insufficient memory.",
  "Successfully pulled image registry.example/shop/web:1.27 in 1.2s",
  "Memory cgroup out of memory: Killed process 4242 (java) total-vm:8123456kB",
  "MountVolume.SetUp failed for volume data: timed out waiting for the condition",
  "Container image already present on machine",
];
/** The same in RE2 and JavaScript. */
const PATTERNS = [
  "exit code (137|143)",
  "Insufficient (cpu|memory)",
  "probe failed: .*(timeout|deadline exceeded)",
  "Back-off restarting failed container .* in pod .*",
  "out of memory",
  "^MountVolume.* failed",
];

/** Plain and repeatable: a bench must give everybody the same rules. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A cluster of teams: a namespace for every ten rules, each rule about one namespace, a few about all. */
export function teamRules(size: number): readonly Rule[] {
  const random = createRandom(size);
  const pick = (words: readonly string[]): string => words[random(words.length)] ?? "";
  const namespaces = Math.max(10, size / 10);
  return Array.from({ length: size }, (_, i) => {
    const name = `rule-${i}`;
    if (i % Math.max(10, size / 10) === 0) {
      return aRule({ name, condition: allOf(is("type", "Warning"), is("reason", pick(REASONS))) });
    }
    const mine = is("namespace", `team-${i % namespaces}`);
    const shapes: readonly Condition[] = [
      allOf(is("type", "Warning"), is("kind", "Pod"), is("reason", pick(REASONS)), mine),
      allOf(is("reason", pick(REASONS), pick(REASONS)), mine),
      allOf(mine, compare("message", { op: "matches", pattern: pick(PATTERNS) })),
      allOf(
        mine,
        compare("reason", { op: "matches", pattern: "^(BackOff|Failed.*)$" }),
        number("count", ">=", 1 + random(20)),
      ),
    ];
    return aRule({ name, condition: shapes[random(shapes.length)] ?? mine });
  });
}

export function teamEvents(size: number, howMany: number): readonly Event[] {
  const random = createRandom(99);
  const pick = (words: readonly string[]): string => words[random(words.length)] ?? "";
  const namespaces = Math.max(10, size / 10);
  return Array.from({ length: howMany }, () =>
    anEvent({
      type: random(3) === 0 ? "Normal" : "Warning",
      reason: pick(REASONS),
      message: pick(TEXTS),
      namespace: `team-${random(namespaces)}`,
      count: 1 + random(30),
      involvedObject: { kind: pick(KINDS), name: `web-${random(1000)}` },
    }),
  );
}
