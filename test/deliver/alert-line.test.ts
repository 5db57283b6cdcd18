import { expect, test } from "vitest";
import { graver, groupOf, labelOf, linesOf, occurrencesOf } from "../../src/deliver/alert-line.ts";
import type { Alert } from "../../src/model/alert.ts";
import { anAlert } from "../support/delivery.ts";
import { anEvent, NOON } from "../support/events.ts";

const { cluster, owner, at, v, severity, rule } = anAlert({ name: "r" });
const base = { v, cluster, owner, at, severity, id: "id", rule, group: [] } as const;
const last = anEvent({ reason: "BackOff", message: "no luck" });

test.each<readonly [string, Alert, object]>([
  [
    "an Event's alert",
    anAlert({ name: "r", group: "web", message: "no luck" }),
    { label: "web", occurrences: 1, newest: expect.stringMatching(/^\w+: no luck$/) as string },
  ],
  ["an absence", { ...base, kind: "absent", forMs: 1, last }, { occurrences: 0, newest: "BackOff: no luck" }],
  ["an absence of what never was", { ...base, kind: "absent", forMs: 1, last: null }, { newest: "" }],
  ["a notice", { ...base, rule: null, kind: "notice", cause: "budget", details: {} }, { label: "budget", rule: "" }],
  ["a test", { ...base, kind: "test" }, { label: "", newest: "" }],
  [
    "one of version 0.1",
    { ...base, kind: "ready", bodyKind: "x", body: "{}", summary: "s" },
    { newest: "s", occurrences: 1 },
  ],
])("%s is one line", (_what, alert, line) => {
  expect(linesOf(alert)).toMatchObject([
    { severity: "warning", alerts: 1, from: NOON, to: NOON, unsure: false, ...line },
  ]);
});

test("an alert without a group is called after its object", () => {
  const event = anEvent({ namespace: "demo", involvedObject: { ...last.involvedObject, kind: "Pod", name: "web-0" } });
  const alert: Alert = { ...base, kind: "event", event, occurrences: 1, held: null, facts: {}, met: [] };
  expect(labelOf(alert)).toBe("Pod demo web-0");
});

test("texts of others are cut", () => {
  const alert = anAlert({ group: "g".repeat(500), message: "m".repeat(5_000) });
  const [line] = linesOf(alert);
  expect(line?.label).toHaveLength(120);
  expect(line?.newest).toHaveLength(160);
});

test("a digest stands for what its lines and the rest stand for", () => {
  const line = { severity, rule: "r", label: "", alerts: 2, occurrences: 3, from: 0, to: 0, newest: "", unsure: false };
  const more = { groups: 1, alerts: 1, occurrences: 4 };
  const digest: Alert = { ...base, kind: "digest", why: "rule", from: 0, to: 0, lines: [line, line], more };
  expect(linesOf(digest)).toEqual([line, line]);
  expect(occurrencesOf(digest)).toBe(10);
});

test("alerts of one rule and group are in one order, all others apart", () => {
  const one = groupOf(anAlert({ name: "r", group: "g" }));
  expect(Number.isSafeInteger(one) && one >= 0 && one < 2 ** 48).toBe(true);
  expect(groupOf(anAlert({ name: "other name", group: "g", severity: "critical" }))).toBe(one);
  expect(groupOf(anAlert({ name: "r", group: "h" }))).not.toBe(one);
  expect(groupOf({ ...anAlert({ group: "g" }), cluster: "other" })).not.toBe(one);
  expect(groupOf({ ...base, rule: null, kind: "test" })).not.toBe(
    groupOf({ ...base, id: "2", rule: null, kind: "test" }),
  );
});

test("critical is graver than warning, and that than info", () => {
  expect([graver("info", "critical"), graver("critical", "info"), graver("warning", "info")]).toEqual([
    "critical",
    "critical",
    "warning",
  ]);
});
