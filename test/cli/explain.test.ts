import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { explain, type ExplainOptions } from "../../src/cli/explain-events.ts";
import { explainCommand } from "../../src/cli/explain.ts";
import { readEventFile } from "../../src/cli/event-file.ts";
import { growthOfCpu } from "../support/cpu-growth.ts";
import { aRawEvent } from "../support/raw-events.ts";

type Raw = Readonly<Record<string, unknown>>;

const RULES = `# for tests
drop when namespace=kube-system
crash-loop: when type=Warning and kind=Pod and (reason=BackOff or reason=Failed) rate<1/10m notify feishu
often: when kind=Pod rate>=3/5m rate<1/1h notify feishu, dump
`;

function crash(uid: string, count: number, lastTimestamp: string, parts: Raw = {}): Raw {
  return aRawEvent({ metadata: { namespace: "default", name: "web.1", uid }, count, lastTimestamp, ...parts });
}

const NODE_EVENT: Raw = {
  kind: "Event",
  apiVersion: "events.k8s.io/v1",
  metadata: { name: "n", namespace: "default", uid: "u9" },
  regarding: { kind: "Node", name: "pi-1" },
  reason: "NodeNotReady",
  note: "went away",
  type: "Normal",
  eventTime: "2026-11-22T10:30:00.000000Z",
};

interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function fileOf(name: string, text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), "explain-")), name);
  writeFileSync(path, text);
  return path;
}

async function run(rules: string, events: string, parts: Partial<ExplainOptions> = {}): Promise<Ran> {
  let stdout = "";
  let stderr = "";
  const exitCode = await explain({
    rulesPath: fileOf("a.rules", rules),
    eventPath: fileOf("events.json", events),
    configPath: null,
    format: "json",
    colours: false,
    env: {},
    stdin: chunks(""),
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    ...parts,
  });
  return { exitCode, stdout, stderr };
}

async function* chunks(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

interface Line {
  readonly verdict: string;
  readonly receivers: readonly string[];
  readonly statements: readonly { readonly rule: string; readonly verdict: string; readonly why: string | null }[];
}

function linesOf({ stdout }: Ran): readonly Line[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

describe("rulecheck explain --format json", () => {
  it("prints exactly the documented line for one Event", async () => {
    const ran = await run(RULES, JSON.stringify(crash("u1", 1, "2026-11-22T10:00:00Z")));
    expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
    expect(linesOf(ran)).toEqual([
      {
        event: { uid: "u1", reason: "BackOff", kind: "Pod", namespace: "default", name: "web-7d4b9c6f5-x2x8z" },
        verdict: "notified",
        receivers: ["feishu"],
        statements: [
          { rule: "a.rules:2", line: 2, matched: false, verdict: "unmatched", why: null, receivers: [] },
          { rule: "crash-loop", line: 3, matched: true, verdict: "notified", why: null, receivers: ["feishu"] },
          { rule: "often", line: 4, matched: true, verdict: "suppressed", why: "threshold", receivers: [] },
        ],
      },
    ]);
  });

  it("takes Events as one live stream whose clock is theirs", async () => {
    const events = [
      crash("u1", 1, "2026-11-22T10:00:00Z"),
      // Nothing new: a second look at the same count.
      crash("u1", 1, "2026-11-22T10:00:00Z"),
      crash("u1", 3, "2026-11-22T10:04:00Z"),
      crash("u1", 4, "2026-11-22T10:10:00Z"),
      crash("u2", 1, "2026-11-22T10:11:00Z", { involvedObject: { namespace: "kube-system" } }),
      NODE_EVENT,
    ];
    const ran = await run(RULES, events.map((event) => JSON.stringify(event)).join("\n"));
    expect(linesOf(ran).map(({ verdict, receivers }) => [verdict, receivers])).toEqual([
      ["notified", ["feishu"]],
      ["replayed", []],
      ["notified", ["feishu", "dump"]],
      ["notified", ["feishu"]],
      ["dropped", []],
      ["unmatched", []],
    ]);
    expect(linesOf(ran)[2]?.statements.map(({ verdict, why }) => [verdict, why])).toEqual([
      ["unmatched", null],
      ["suppressed", "throttle"],
      ["notified", null],
    ]);
  });

  it("never lets time go back when Events are out of order", async () => {
    const events = [crash("u1", 1, "2026-11-22T10:09:00Z"), crash("u2", 1, "2026-11-22T10:00:00Z")];
    const text = events.map((event) => JSON.stringify(event)).join("\n");
    const ran = await run("when kind=Pod rate<1/10m notify feishu", text);
    expect(linesOf(ran).map(({ verdict }) => verdict)).toEqual(["notified", "suppressed"]);
  });

  it("takes a List in the order its Events were last seen, through either API", async () => {
    const series = { count: 2, lastObservedTime: "2026-11-22T10:20:00.000000Z" };
    const items = [
      { ...NODE_EVENT, metadata: { name: "series", uid: "4" }, eventTime: "2026-11-22T10:00:00.000000Z", series },
      crash("3", 1, "2026-11-22T10:10:00Z"),
      { ...NODE_EVENT, metadata: { name: "new", uid: "2" }, eventTime: "2026-11-22T10:05:00.000000Z" },
      crash("1", 1, "2026-11-22T10:01:00Z"),
    ];
    const ran = await run("when name exists by none rate<1/10m notify x", JSON.stringify({ kind: "List", items }));
    const told = ran.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { event: { uid: string } } & Line);
    expect(told.map(({ event, verdict }) => `${event.uid} ${verdict}`)).toEqual([
      "1 notified",
      "2 suppressed",
      "3 suppressed",
      "4 notified",
    ]);
  });

  it("takes Events of one List that were seen in the same second in the order they were written", async () => {
    const items = ["12", "9", "101"].map((resourceVersion) =>
      crash(resourceVersion, 1, "2026-11-22T10:10:00Z", {
        metadata: { name: "x", uid: resourceVersion, resourceVersion },
      }),
    );
    const ran = await run("when kind=Pod by uid rate<1/10m notify x", JSON.stringify({ kind: "List", items }));
    expect(ran.stdout.match(/"uid":"\d+"/g)).toEqual(['"uid":"9"', '"uid":"12"', '"uid":"101"']);
  });

  it("reads labels and annotations an exporter has put into the Event", async () => {
    const rules = 'when label.team=web and annotation["a/b"] exists notify feishu';
    const labelled = crash("u1", 1, "2026-11-22T10:00:00Z", {
      involvedObject: { kind: "Pod", name: "web", labels: { team: "web", bad: 1 }, annotations: { "a/b": "x" } },
    });
    const ran = await run(rules, JSON.stringify([labelled, crash("u2", 1, "2026-11-22T10:00:00Z")]));
    expect(linesOf(ran).map(({ verdict }) => verdict)).toEqual(["notified", "unmatched"]);
  });

  it("takes the cluster's name from the configuration, else from the environment", async () => {
    const rules = "when cluster=home notify dump";
    const event = JSON.stringify(NODE_EVENT);
    const configPath = fileOf("config.yaml", "cluster: home\nreceivers:\n  - name: dump\n    stdout: {}\n");
    expect(linesOf(await run(rules, event, { configPath }))[0]?.verdict).toBe("notified");
    expect(linesOf(await run(rules, event, { env: { CLUSTER_NAME: "home" } }))[0]?.verdict).toBe("notified");
    expect(linesOf(await run(rules, event))[0]?.verdict).toBe("unmatched");
  });
});

describe("rulecheck explain --format pretty", () => {
  it("marks each comparison, shows the actual value and spells the rates out", async () => {
    const events = [crash("u1", 2, "2026-11-22T10:00:00Z"), crash("u1", 4, "2026-11-22T10:10:01Z")];
    const { stdout } = await run(RULES, events.map((event) => JSON.stringify(event)).join("\n"), { format: "pretty" });
    expect(stdout).toMatchInlineSnapshot(`
      "2026-11-22T10:00:00.000Z  Warning BackOff on Pod default/web-7d4b9c6f5-x2x8z  notified feishu
        2 occurrences in all
        a.rules:2  not dropped
          ✗ namespace=kube-system  default
        crash-loop (a.rules:3)  notified feishu
          ✓ type=Warning  Warning
          ✓ kind=Pod  Pod
          ✓ one of
            ✓ reason=BackOff  BackOff
            ✗ reason=Failed  BackOff
          · at most 1 notification in any 10m
          · for each kind, namespace, name, reason
        often (a.rules:4)  suppressed: the threshold is not reached
          ✓ kind=Pod  Pod
          · at least 3 occurrences in 5m
          · at most 1 notification in any 1h
          · for each kind, namespace, name, reason

      2026-11-22T10:10:01.000Z  Warning BackOff on Pod default/web-7d4b9c6f5-x2x8z  notified feishu
        2 occurrences since it was last seen
        a.rules:2  not dropped
          ✗ namespace=kube-system  default
        crash-loop (a.rules:3)  notified feishu
          ✓ type=Warning  Warning
          ✓ kind=Pod  Pod
          ✓ one of
            ✓ reason=BackOff  BackOff
            ✗ reason=Failed  BackOff
          · at most 1 notification in any 10m
          · for each kind, namespace, name, reason
        often (a.rules:4)  suppressed: the threshold is not reached
          ✓ kind=Pod  Pod
          · at least 3 occurrences in 5m
          · at most 1 notification in any 1h
          · for each kind, namespace, name, reason

      "
    `);
  });

  it("shows held notifications, drops, negations and replays, in colours where wanted", async () => {
    const rules = `not-ours: when not (kind=Pod or kind=Node) and namespace=default notify feishu
all: when kind=Pod and message exists by none rate<1/1m notify dump
also: when kind=Pod notify dump
drop when kind=Pod`;
    const events = ["00:00", "00:30", "01:00"].map((time, i) => crash("u1", i + 1, `2026-11-22T10:${time}Z`));
    const text = JSON.stringify([...events, events[2], { ...NODE_EVENT, note: "" }]);
    const { stdout } = await run(rules, text, { format: "pretty" });
    expect(stdout).toContain("tells of 1 held back since 2026-11-22T10:00:30.000Z");
    expect(stdout).toContain("also (a.rules:3)  covered: an earlier rule has told its receivers");
    expect(stdout).toContain("suppressed: the throttle holds it back");
    expect(stdout).toContain("a.rules:4  dropped: ends here");
    expect(stdout).toContain("a.rules:4  not dropped");
    expect(stdout).toContain("    ✗ not\n      ✓ one of\n        ✓ kind=Pod");
    expect(stdout).toContain("its count is still 3: nothing new has happened");
    expect(stdout).toContain("· for all Events together");
    expect(stdout).toContain("message exists  Back-off");
    expect((await run(rules, text, { format: "pretty", colours: true })).stdout).toContain("\u001b[32m✓");
  });

  it("lets no Event's text move the terminal, nor flood it", async () => {
    const message = `\u001b[31m${"x".repeat(5000)}`;
    const event = crash("u1", 1, "2026-11-22T10:00:00Z", { message });
    const { stdout } = await run("when message contains x notify feishu", JSON.stringify(event), { format: "pretty" });
    expect(stdout).not.toContain("\u001b");
    expect(stdout).toContain(`${"x".repeat(95)}…`);
  });
});

describe("rulecheck explain fails", () => {
  it("with 1 and the mistakes when the rules have errors", async () => {
    const ran = await run("when knd=Pod notify feishu", JSON.stringify(NODE_EVENT));
    expect(ran).toMatchObject({ exitCode: 1, stdout: "" });
    expect(ran.stderr).toContain("E201");
  });

  it("with 1 when the configuration has errors, and shows no secret", async () => {
    const configPath = fileOf(
      "config.yaml",
      "receivers:\n  - name: a\n    feishu: {url: hunter2hunter2, colour: red}\n",
    );
    const ran = await run("when kind=Pod notify a", JSON.stringify(NODE_EVENT), { configPath });
    expect(ran).toMatchObject({ exitCode: 1, stdout: "" });
    expect(ran.stderr).toContain("E511");
    expect(ran.stderr).not.toContain("hunter2");
  });

  it("with 1 after explaining the rest when something in the file is no Event", async () => {
    const ran = await run(RULES, `{"kind":"Pod","metadata":{}}\n{bad\n${JSON.stringify(NODE_EVENT)}`);
    expect(ran.exitCode).toBe(1);
    expect(linesOf(ran)).toHaveLength(1);
    expect(ran.stderr.replaceAll(/\S+events\.json/g, "F")).toBe(
      "rulecheck: F:1: not an Event\nrulecheck: F:2: not JSON\n",
    );
  });

  it("by refusing to run without anything to read", async () => {
    await expect(run(RULES, "")).rejects.toThrow("holds no Event");
    await expect(run(RULES, "", { eventPath: "/none" })).rejects.toThrow("cannot read /none");
    await expect(run(RULES, "", { rulesPath: "/none" })).rejects.toThrow("cannot read rules from /none");
    await expect(run(RULES, "", { rulesPath: "-", eventPath: "-" })).rejects.toThrow("both");
    const empty = mkdtempSync(join(tmpdir(), "explain-"));
    await expect(run(RULES, "", { rulesPath: empty })).rejects.toThrow("no file ending in .rules");
  });

  it("but reads either from standard input", async () => {
    const event = JSON.stringify(NODE_EVENT);
    expect((await run(RULES, "", { eventPath: "-", stdin: chunks(event) })).exitCode).toBe(0);
    expect((await run("", event, { rulesPath: "-", stdin: chunks(RULES) })).exitCode).toBe(0);
    await expect(run(RULES, "", { eventPath: "-" })).rejects.toThrow("standard input holds no Event");
  });
});

describe("an Event file", () => {
  it("may be an object, a List, lines, pretty objects in a row, or the lines of a watch", () => {
    const one = { metadata: { name: 'a"}{' } };
    const watch = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK"].map((type) => JSON.stringify({ type, object: one }));
    const kinds = [
      JSON.stringify(one),
      JSON.stringify({ kind: "List", items: [one, one] }),
      `\uFEFF${JSON.stringify(one)}\r\n\n${JSON.stringify(one)}\n`,
      `${JSON.stringify(one, null, 2)}\n${JSON.stringify(one, null, 2)}`,
      watch.join("\n"),
      JSON.stringify([one]),
    ];
    expect(kinds.map((text) => readEventFile(text).objects.map(({ object }) => object))).toEqual([
      [one],
      [one, one],
      [one, one],
      [one, one],
      [one, one],
      [one],
    ]);
  });

  it("has its mistakes named by line, and what follows them read", () => {
    const { objects, mistakes } = readEventFile('{\n "a": 1\n}\nnonsense\n{"open": "\n{"b": "\\""}\n7\n{"c": [');
    expect(objects).toEqual([
      { line: 1, object: { a: 1 } },
      { line: 6, object: { b: '"' } },
      { line: 7, object: 7 },
    ]);
    expect(mistakes).toEqual([4, 5, 8].map((line) => ({ line, message: "not JSON" })));
  });

  it("has what follows a value that nothing closes read line by line", () => {
    const { objects, mistakes } = readEventFile('{"a": [1], "b":\n{"c": [{}]}\n[{\n} 5\n{"f": {\n[7]');
    expect(objects).toEqual([
      { line: 2, object: { c: [{}] } },
      { line: 6, object: 7 },
    ]);
    expect(mistakes.map(({ line }) => line)).toEqual([1, 3, 4, 5]);
  });

  it("has what follows a line end in a text read afresh, escaped or not", () => {
    const { objects, mistakes } = readEventFile('{"d": "\\\n{"e": {}}\n}\n{"d": "\n{"f": {}}');
    expect(objects.map(({ object }) => object)).toEqual([{ e: {} }, { f: {} }]);
    expect(mistakes.map(({ line }) => line)).toEqual([1, 3, 4]);
  });

  it("takes time that grows with its length, also when nothing closes", async () => {
    const growth = await growthOfCpu("open brackets", 5000, (lines) => {
      expect(readEventFile("{[\n".repeat(lines)).mistakes).toHaveLength(lines);
    });
    expect(growth).toBeLessThan(10);
  });
});

describe("the command", () => {
  it("runs and leaves its exit code to the shell", async () => {
    const before = process.exitCode;
    const argv = [fileOf("a.rules", "drop when kind=Node"), "--event", "/none"];
    await explainCommand().parseAsync(argv, { from: "user" });
    expect(process.exitCode).toBe(2);
    process.exitCode = before;
  });
});
