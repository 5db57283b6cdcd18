import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createExplainer, type Explanation } from "../../src/cli/explanation.ts";
import { workloadOf } from "../../src/language/fields.ts";
import { loadRules } from "../../src/language/load.ts";

/* What the packs make of seven minutes of a real control plane: test/fixtures/recorded/README.md. */

const APIS = ["core", "events"] as const;

interface RecordedLine {
  readonly object: unknown;
}

function readRecorded(api: (typeof APIS)[number]): readonly RecordedLine[] {
  const text = gunzipSync(readFileSync(`test/fixtures/recorded/${api}.jsonl.gz`)).toString();
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as RecordedLine);
}

function explainRecorded(pack: string, api: (typeof APIS)[number]): readonly Explanation[] {
  const source = { file: pack, text: readFileSync(`rules/${pack}`, "utf8") };
  const { ruleSet } = loadRules([source], { receivers: ["feishu"], templates: [] });
  if (ruleSet === null) throw new Error(`${pack} has mistakes`);
  const explain = createExplainer({ ruleSet, cluster: "home", maxGroups: 1000 });
  return readRecorded(api).map(({ object }) => {
    const explanation = explain(object);
    if (explanation === null) throw new Error("no Event was recorded there");
    return explanation;
  });
}

/** The rules that told somebody, each time they did, with the workload it was about. */
function toldBy(explanations: readonly Explanation[]): readonly { readonly rule: string; readonly about: string }[] {
  return explanations.flatMap(({ event, statements }) =>
    statements
      .filter(({ verdict }) => verdict.verdict === "notified")
      .map(({ statement }) => {
        const workload = workloadOf(event.involvedObject.kind, event.involvedObject.name);
        return { rule: statement.name, about: event.namespace === "" ? workload : `${event.namespace}/${workload}` };
      }),
  );
}

function counts(names: readonly string[]): Readonly<Record<string, number>> {
  const counted: Record<string, number> = {};
  for (const name of names) counted[name] = (counted[name] ?? 0) + 1;
  return counted;
}

/** Workloads that stayed unscheduled, in the order of their second failure. */
const UNSCHEDULABLE = [
  "kubewhen/kubewhen",
  "default/huge",
  "default/fails-a-1",
  "default/high",
  "default/tainted",
  "default/every",
  "default/nopvc",
  "default/db",
  "default/fails-a-2",
  "default/fails-a-3",
  "default/fails-b-1",
  "default/fails-b-2",
  "default/fails-b-3",
];

const TOLD: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "default.rules": {
    "node-in-trouble": 5,
    "node-rebooted": 1,
    "out-of-memory": 1,
    "disk-full": 1,
    evicted: 1,
    "crash-loop": 1,
    "image-pull": 1,
    unschedulable: UNSCHEDULABLE.length,
    volume: 1,
    sandbox: 1,
    unhealthy: 1,
    "job-failed": 4,
    "any-other-warning": 8,
  },
  "k3s-edge.rules": {
    "edge-boot-loop": 1,
    "edge-rebooted": 1,
    "edge-node-gone": 3,
    "edge-out-of-memory": 1,
    "edge-memory-pressure": 1,
    "edge-card-dying": 3,
    "edge-card-full": 1,
    "edge-about-to-evict": 1,
    "edge-evicted": 1,
    "edge-image-pull": 1,
    "edge-crash-loop": 1,
    "edge-unschedulable": UNSCHEDULABLE.length,
    "edge-volume": 1,
    "edge-sandbox": 2,
    "edge-unhealthy": 1,
    "edge-job-failed": 2,
    "edge-manifest": 1,
    "edge-any-other-warning": 4,
  },
};

const VERDICTS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "default.rules": { notified: 39, suppressed: 287, dropped: 75, unmatched: 45 },
  "k3s-edge.rules": { notified: 39, suppressed: 313, dropped: 77, unmatched: 17 },
};

describe.each(Object.keys(TOLD))("%s", (pack) => {
  describe.each(APIS)("of 446 recorded changes through the API %s", (api) => {
    const explanations = explainRecorded(pack, api);
    const told = toldBy(explanations);

    test("tells 39, each rule as often as it should", () => {
      expect(counts(told.map(({ rule }) => rule))).toEqual(TOLD[pack]);
      expect(counts(explanations.map(({ verdict }) => verdict))).toEqual(VERDICTS[pack]);
    });

    test("tells of each workload that the scheduler failed twice, once, and of none that it failed once", () => {
      const unscheduled = told.filter(({ rule }) => rule.endsWith("unschedulable")).map(({ about }) => about);
      expect(unscheduled).toEqual(UNSCHEDULABLE);
      const failed = explanations.filter(({ event }) => event.reason === "FailedScheduling");
      const workloads = new Set(failed.map(({ event }) => workloadOf("Pod", event.involvedObject.name)));
      expect(workloads.size).toBe(UNSCHEDULABLE.length + 3);
    });
  });
});

test("the scheduler's second failure of a changed Pod is a new Event, whose count is 1 again", () => {
  const failures = explainRecorded("default.rules", "events")
    .map(({ event }) => event)
    .filter(({ reason }) => reason === "FailedScheduling");
  const ofOnePod = failures.filter(({ involvedObject }) => involvedObject.name.startsWith("fails-a-2-w"));
  expect(ofOnePod.map(({ count }) => count)).toEqual([1, 1]);
  expect(new Set(ofOnePod.map(({ eventUid }) => eventUid)).size).toBe(2);
});
