import { expect, test } from "vitest";
import { bodyOf } from "../../../src/deliver/webhook/body.ts";
import type { Alert } from "../../../src/model/alert.ts";
import {
  aDigestAlert,
  aDigestLine,
  anAbsentAlert,
  anEventAlert,
  aNoticeAlert,
  aResolvedAlert,
  aTestAlert,
} from "../../support/alerts.ts";
import { NOON } from "../../support/events.ts";
import { aMessage } from "../../support/world.ts";

const COMMON = [
  "id",
  "kind",
  "time",
  "cluster",
  "severity",
  "resolved",
  "rule",
  "group",
  "title",
  "lead",
  "facts",
  "lines",
  "summary",
  "event",
];

test("an Event's names and values are what receivers rely on", () => {
  const alert = anEventAlert({ held: { count: 2, since: NOON } });
  expect(bodyOf(alert, aMessage({ lines: ["one"] }))).toEqual({
    id: alert.id,
    kind: "event",
    time: "2026-11-22T12:00:00.000Z",
    cluster: "家里测试 K3S",
    severity: "warning",
    resolved: false,
    rule: "crash-loop",
    group: { namespace: "shop", name: "web" },
    title: "home · BackOff",
    lead: "hello",
    facts: [{ label: "Kind", value: "Pod" }],
    lines: ["one"],
    summary: "plain words",
    event: {
      type: "Warning",
      reason: "BackOff",
      apiVersion: "v1",
      kind: "Pod",
      namespace: "shop",
      name: "web-7d9c5b7f6-x2x2x",
      uid: expect.any(String) as string,
      fieldPath: expect.any(String) as string,
      container: expect.any(String) as string,
      workload: "web",
      host: "node-a",
      component: expect.any(String) as string,
      action: expect.any(String) as string,
      count: 1,
      occurrences: 1,
      firstSeen: expect.stringContaining("2026-") as string,
      lastSeen: "2026-11-22T12:00:00.000Z",
      held: { count: 2, since: "2026-11-22T12:00:00.000Z" },
    },
  });
});

test.each<[string, Alert, object]>([
  ["an Event", anEventAlert(), {}],
  ["an end", aResolvedAlert(), { about: "b".repeat(26), lastedMs: 5_400_000 }],
  ["an absence", anAbsentAlert(), { absentMs: 900_000 }],
  ["a notice", aNoticeAlert({ details: { a: "b" } }), { notice: { cause: "labels-unknown", details: { a: "b" } } }],
  ["a test", aTestAlert(), {}],
  [
    "a digest",
    aDigestAlert({
      lines: [aDigestLine({ alerts: 2, occurrences: 3 })],
      more: { groups: 10, alerts: 20, occurrences: 30 },
    }),
    {
      digest: {
        why: "flood",
        from: "2026-11-22T12:00:00.000Z",
        to: "2026-11-22T12:01:00.000Z",
        groups: 11,
        alerts: 22,
        occurrences: 33,
      },
    },
  ],
])("%s has the common names and its own", (_what, alert, own) => {
  const body = bodyOf(alert, aMessage());
  expect(body).toMatchObject(own);
  expect(Object.keys(body)).toEqual([...COMMON, ...Object.keys(own)]);
});

test("what has no Event, or never had one, has null", () => {
  for (const alert of [aTestAlert(), aDigestAlert(), anAbsentAlert({ last: null })]) {
    expect(bodyOf(alert, aMessage())["event"]).toBeNull();
  }
  expect(bodyOf(aTestAlert(), aMessage())["rule"]).toBeNull();
});
