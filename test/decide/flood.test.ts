import { describe, expect, it } from "vitest";
import { createFloods, type Floods } from "../../src/decide/flood.ts";
import type { AddressedAlert, Alert } from "../../src/model/alert.ts";
import type { Rule } from "../../src/model/rule.ts";
import { anEvent, NOON, seenOnce } from "../support/events.ts";
import { aRule } from "../support/rules.ts";

type Digest = Extract<Alert, { kind: "digest" }>;
type EventParts = NonNullable<Parameters<typeof anEvent>[0]>;

interface Flooding {
  readonly group: string;
  readonly rule?: Partial<Rule>;
  readonly receivers?: readonly string[];
  readonly event?: EventParts;
  readonly occurrences?: number;
}

interface Bench {
  readonly floods: Floods;
  readonly pass: (ms: number) => void;
  /** Of the wall clock alone. */
  readonly setBack: (ms: number) => void;
  readonly add: (flooding: Flooding) => AddressedAlert | null;
  readonly due: (everything?: boolean) => readonly AddressedAlert[];
  readonly moment: () => { readonly wall: number; readonly lasting: number };
}

function benchOf(startedAt = 0): Bench {
  const floods = createFloods();
  let passed = startedAt;
  let wallStart = NOON;
  const moment: Bench["moment"] = () => ({ wall: wallStart + passed, lasting: 5_000_000 + passed });
  return {
    floods,
    moment,
    pass(ms) {
      passed += ms;
    },
    setBack(ms) {
      wallStart -= ms;
    },
    add({ group, rule: parts, receivers, event = {}, occurrences = 1 }) {
      const rule = aRule({ name: "flooded", by: [{ kind: "text", name: "name" }], ...parts });
      const { key, name, template, values } = rule;
      const seen = seenOnce(anEvent({ ...event, involvedObject: { name: group } }));
      const match = { rule, group, seen: { ...seen, occurrences: { ...seen.occurrences, count: occurrences } } };
      const flooded = { match, alertRule: { key, name, template, values }, meta: null };
      return floods.add({ ...flooded, receivers: receivers ?? rule.receivers }, moment());
    },
    due: (everything) => floods.due(moment(), everything),
  };
}

function digestOf(addressed: AddressedAlert | null | undefined): Digest {
  if (addressed?.alert.kind !== "digest") throw new Error("no digest");
  return addressed.alert;
}

/** Groups, matches and occurrences a digest stands for. */
function totals({ lines, more }: Digest): readonly number[] {
  return [
    lines.length + more.groups,
    lines.reduce((sum, line) => sum + line.alerts, more.alerts),
    lines.reduce((sum, line) => sum + line.occurrences, more.occurrences),
  ];
}

/** Of a flood that begins like this. */
function idOf(flooding: Flooding): string {
  const { add, due } = benchOf();
  add(flooding);
  add({ ...flooding, group: "later" });
  return due(true)[0]?.alert.id ?? "";
}

/** Another process that starts then and takes back what this one saved. */
function restarted(before: Bench, startedAt: number): Bench {
  const after = benchOf(startedAt);
  for (const entry of before.floods.changed()) expect(after.floods.restore(entry, after.moment())).toBe(true);
  return after;
}

describe("a flood", () => {
  it("is gathered for a minute and told once, a line for each of its first groups", () => {
    const { add, due, pass } = benchOf();
    add({ group: "a", occurrences: 5, event: { message: "first\n  words" } });
    pass(59_999);
    add({ group: "b" });
    add({ group: "a", event: { message: "newest" } });
    expect(due()).toEqual([]);
    pass(1);
    const [addressed, ...others] = due();
    expect(others).toEqual([]);
    expect(addressed?.receivers).toEqual(["feishu"]);
    expect(addressed?.alert).toMatchObject({
      v: 1,
      kind: "digest",
      why: "flood",
      at: NOON + 60_000,
      cluster: "home",
      severity: "warning",
      rule: { key: "flooded", name: "flooded" },
      from: NOON,
      to: NOON + 60_000,
      lines: [
        { label: "a", alerts: 2, occurrences: 6, from: NOON, to: NOON + 59_999, newest: "newest", unsure: false },
        { label: "b", rule: "flooded", severity: "warning", alerts: 1, occurrences: 1, from: NOON + 59_999 },
      ],
      more: { groups: 0, alerts: 0, occurrences: 0 },
    });
    expect(digestOf(addressed).lines[0]).not.toHaveProperty("group");
    expect(due(true)).toEqual([]);
  });

  it("has five lines and counts the rest", () => {
    const { add, due } = benchOf();
    for (let i = 0; i < 40; i += 1) add({ group: `g${i % 20}`, occurrences: 3 });
    const digest = digestOf(due(true)[0]);
    expect(digest.lines.map(({ label, alerts, occurrences }) => [label, alerts, occurrences])).toEqual(
      ["g0", "g1", "g2", "g3", "g4"].map((label) => [label, 2, 6]),
    );
    expect(digest.more).toEqual({ groups: 15, alerts: 30, occurrences: 90 });
  });

  it("is told apart by rule, by those it is for, and by cluster", () => {
    const { add, due } = benchOf();
    add({ group: "g" });
    add({ group: "g", rule: { name: "other" } });
    add({ group: "g", receivers: ["dump"] });
    add({ group: "g", event: { cluster: "edge" } });
    add({ group: "g" });
    const told = due(true).map(({ alert, receivers }) => [alert.rule?.name, receivers, alert.cluster]);
    expect(told).toEqual([
      ["flooded", ["feishu"], "home"],
      ["other", ["feishu"], "home"],
      ["flooded", ["dump"], "home"],
      ["flooded", ["feishu"], "edge"],
    ]);
    expect(new Set(due(true)).size).toBe(0);
  });

  it("has the severity of the gravest of its Events", () => {
    const { add, due } = benchOf();
    add({ group: "a", event: { type: "Normal" } });
    expect(due(true)[0]?.alert.severity).toBe("info");
    for (const type of ["Normal", "Warning", "Normal"]) add({ group: "a", event: { type } });
    expect(due(true)[0]?.alert.severity).toBe("warning");
    add({ group: "a", event: { type: "Normal" }, rule: { severity: "critical" } });
    expect(due(true)[0]?.alert.severity).toBe("critical");
  });

  it("has one id whenever it begins with the same Event, and another for another", () => {
    const same = idOf({ group: "g" });
    expect(idOf({ group: "g" })).toBe(same);
    const others = [{ group: "h" }, { group: "g", event: { count: 2 } }, { group: "g", receivers: ["dump"] }];
    expect(new Set([same, ...others.map((other) => idOf(other))]).size).toBe(4);
  });

  it("ends no earlier than it began when the wall clock is set back", () => {
    const { floods, add, moment, setBack } = benchOf();
    add({ group: "a" });
    setBack(3_600_000);
    add({ group: "a" });
    const [told] = floods.due({ ...moment(), lasting: moment().lasting + 60_000 });
    expect(digestOf(told)).toMatchObject({ from: NOON, to: NOON, lines: [{ from: NOON, to: NOON }] });
  });

  it("keeps no text longer than a line", () => {
    const { add, due } = benchOf();
    add({ group: `g${"x".repeat(5000)}`, event: { message: `m ${"\n".repeat(50_000)} ${"y".repeat(5000)}` } });
    const [line] = digestOf(due(true)[0]).lines;
    expect(line?.label).toHaveLength(160);
    expect(line?.newest).toBe("m");
  });
});

describe("floods of many rules", () => {
  it("tell each flood's groups apart up to a share that all have together, and a few of each in any case", () => {
    const { add, due } = benchOf();
    for (let rule = 0; rule < 10; rule += 1) {
      for (let i = 0; i < 5_000; i += 1) add({ group: `invented-${i}`, rule: { name: `rule-${rule}` } });
    }
    const told = due(true).map((addressed) => totals(digestOf(addressed)));
    expect(told.map(([groups]) => groups)).toEqual([4096, 4096, 4096, 4096, 16, 16, 16, 16, 16, 16]);
    expect(told.every(([, alerts, occurrences]) => alerts === 5_000 && occurrences === 5_000)).toBe(true);
    // What was told gives its share back.
    for (let i = 0; i < 100; i += 1) add({ group: `invented-${i}` });
    expect(totals(digestOf(due(true)[0]))[0]).toBe(100);
  });

  it("are told before their time when more are open than are kept", () => {
    const { add, due, pass } = benchOf();
    const early: (AddressedAlert | null)[] = [];
    for (let rule = 0; rule < 514; rule += 1) {
      early.push(add({ group: "g", rule: { name: `rule-${rule}` } }));
      pass(1);
    }
    expect(early.filter((one) => one !== null).map(({ alert }) => alert.rule?.name)).toEqual(["rule-0", "rule-1"]);
    expect(early.slice(0, 512).every((one) => one === null)).toBe(true);
    expect(add({ group: "h", rule: { name: "rule-2" } })).toBeNull();
    expect(due(true)).toHaveLength(512);
  });
});

describe("a restart", () => {
  it("loses nothing of an open flood, which stays due when it was", () => {
    const before = benchOf();
    for (let i = 0; i < 20; i += 1) before.add({ group: `g${i}`, occurrences: 2 });
    const after = restarted(before, 30_000);
    expect(after.floods.changed()).toEqual([]);
    after.add({ group: "g0" });
    after.add({ group: "new" });
    after.pass(29_999);
    expect(after.due()).toEqual([]);
    after.pass(1);
    const digest = digestOf(after.due()[0]);
    expect(digest).toMatchObject({ from: NOON, id: digestOf(before.due(true)[0]).id });
    expect(totals(digest)).toEqual([21, 22, 42]);
    expect(digest.lines[0]).toMatchObject({ label: "g0", alerts: 2, occurrences: 3 });
    expect(after.floods.removed()).toHaveLength(1);
  });

  it("whose lasting clock has begun anew puts a flood off for a minute at most", () => {
    const before = benchOf(1_000_000_000);
    before.add({ group: "g" });
    const after = restarted(before, 0);
    after.pass(60_000);
    expect(after.due()).toHaveLength(1);
  });

  it.each([
    "",
    "no JSON",
    "7",
    "{}",
    '{"id":"x","rule":{},"receivers":[],"lines":[null],"from":1,"groups":1,"alerts":1,"occurrences":1}',
    '{"id":"x","rule":{},"receivers":[],"lines":[],"from":1,"groups":1,"alerts":1,"occurrences":"1"}',
  ])("forgets what cannot be read: %s", (body) => {
    const { floods, moment, due } = benchOf();
    expect(floods.restore({ key: "k", kind: "after", due: 1, body }, moment())).toBe(false);
    expect(floods.removed()).toEqual(["k"]);
    expect(due(true)).toEqual([]);
  });

  it("hands out a flood that has changed, once, and names one that was told", () => {
    const { floods, add, due } = benchOf();
    add({ group: "g" });
    expect(floods.changed()).toHaveLength(1);
    expect(floods.changed()).toEqual([]);
    add({ group: "g" });
    expect(floods.changed()).toHaveLength(1);
    due(true);
    expect(floods.removed()).toHaveLength(1);
  });
});
