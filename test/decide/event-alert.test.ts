import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonBytes } from "../../src/decide/clip.ts";
import { eventAlert, ruleInAlerts } from "../../src/decide/event-alert.ts";
import { alertId } from "../../src/model/alert-id.ts";
import type { Alert } from "../../src/model/alert.ts";
import type { Event, ObjectMeta } from "../../src/model/event.ts";
import type { Held, StatementVerdict } from "../../src/model/match.ts";
import type { FieldRef, Rule } from "../../src/model/rule.ts";
import { anEvent, NOON, seenOnce } from "../support/events.ts";
import { allOf, anyOf, aRule, compare, is, label, notOf } from "../support/rules.ts";

type EventAlert = Extract<Alert, { kind: "event" }>;

interface Parts {
  readonly event?: Event;
  readonly held?: Held | null;
  readonly verdicts?: readonly StatementVerdict[];
  readonly meta?: ObjectMeta | null;
}

function alertOf(rule: Rule, { event = anEvent(), held = null, verdicts = [], meta = null }: Parts = {}): EventAlert {
  const match = { rule, seen: seenOnce(event), group: "the group" };
  const alert = eventAlert(ruleInAlerts(rule), match, held, verdicts, NOON + 7, meta);
  if (alert.kind !== "event") throw new Error("no alert of an Event");
  return alert;
}

function verdict(statement: string, parts: Partial<StatementVerdict> = {}): StatementVerdict {
  return { statement, line: 1, matched: true, verdict: "notified", why: null, receivers: [], ...parts };
}

describe("the alert of an Event", () => {
  it("says what happened, under which rule, and to what group", () => {
    const rule = aRule({ name: "crash-loop", template: "card", values: { team: "{{namespace}}" } });
    const held = { count: 3, since: NOON - 1000 };
    expect(alertOf(rule, { held })).toEqual({
      v: 1,
      id: alertId("home", "crash-loop", "the group", anEvent().eventUid, 1, "event"),
      at: NOON + 7,
      cluster: "home",
      owner: "",
      severity: "warning",
      rule: { key: "crash-loop", name: "crash-loop", template: "card", values: { team: "{{namespace}}" } },
      group: [
        ["kind", "Pod"],
        ["namespace", "shop"],
        ["name", "web-7d9c5b7f6-x2x2x"],
        ["reason", "BackOff"],
      ],
      kind: "event",
      event: anEvent(),
      occurrences: 1,
      held,
      facts: {},
      met: [],
    });
  });

  it("has the rule's severity, else the Event's", () => {
    expect(alertOf(aRule()).severity).toBe("warning");
    expect(alertOf(aRule(), { event: anEvent({ type: "Normal" }) }).severity).toBe("info");
    expect(alertOf(aRule({ severity: "critical" })).severity).toBe("critical");
  });

  it("has another id for another cluster, rule, Event or count, and for nothing else", () => {
    const { id } = alertOf(aRule());
    const again = { resourceVersion: "2000", message: "other words", lastSeenAt: NOON + 1 };
    expect(alertOf(aRule({ severity: "info" }), { event: anEvent(again) }).id).toBe(id);
    const others = [{ cluster: "edge" }, { eventUid: "u2" }, { count: 2 }].map(
      (parts) => alertOf(aRule(), { event: anEvent(parts) }).id,
    );
    expect(new Set([id, ...others, alertOf(aRule({ name: "other" })).id]).size).toBe(5);
  });

  it("names labels and annotations its rule asks for, as far as there are any", () => {
    const by: readonly FieldRef[] = [
      { kind: "label", key: "team" },
      { kind: "annotation", key: "a/b" },
    ];
    const condition = anyOf(notOf(label("app", "web")), allOf(label("none", "x"), is("type", "Warning")));
    const meta = { labels: { app: "web", team: "shop", other: "x" }, annotations: { "a/b": "c d" } };
    const alert = alertOf(aRule({ condition, by }), { meta });
    expect(alert.facts).toEqual({ "label.app": "web", "label.team": "shop", "annotation.a/b": "c d" });
    expect(alert.group).toEqual([
      ["label.team", "shop"],
      ["annotation.a/b", "c d"],
    ]);
    expect(alertOf(aRule({ condition, by })).facts).toEqual({});
  });

  it("names the other statements whose condition held, with how they ended", () => {
    const verdicts = [
      verdict("no", { matched: false, verdict: "unmatched" }),
      verdict("mine"),
      verdict("quiet", { verdict: "suppressed", why: "throttle" }),
      verdict("end", { verdict: "dropped" }),
    ];
    expect(alertOf(aRule({ name: "mine" }), { verdicts }).met).toEqual([
      ["quiet", "suppressed: throttle"],
      ["end", "dropped"],
    ]);
  });

  it("names sixteen of them and counts the rest", () => {
    const verdicts = Array.from({ length: 10_000 }, (_, i) => verdict(`rule-${i}`));
    const { met } = alertOf(aRule({ name: "rule-0" }), { verdicts });
    expect(met).toHaveLength(17);
    expect(met.slice(15)).toEqual([
      ["rule-16", "notified"],
      ["", "9983 more"],
    ]);
    expect(alertOf(aRule({ name: "rule-0" }), { verdicts: verdicts.slice(0, 17) }).met).toHaveLength(16);
  });

  it("cuts a message at 8,000 characters and any other text at 256", () => {
    const { event } = alertOf(aRule(), { event: anEvent({ message: "m".repeat(9_000), host: "h".repeat(300) }) });
    expect([event.message.length, event.host.length]).toEqual([8_000, 256]);
  });

  it("keeps values of `with` up to 2 KiB", () => {
    const values = { short: "x", long: "y".repeat(2_048), other: "z" };
    expect(alertOf(aRule({ values })).rule?.values).toEqual({ short: "x", other: "z" });
  });

  it("takes 16 KiB of JSON at most, whatever the Event and its object hold", () => {
    const hostile = fc.oneof(
      ...["x", "\u0001", "汉", "😀", "\ud800", '"', "\\"].map((unit) =>
        fc.integer({ min: 0, max: 20_000 }).map((length) => unit.repeat(length)),
      ),
    );
    const by: readonly FieldRef[] = [
      ...(["kind", "namespace", "name", "reason", "message", "host", "uid", "action"] as const).map(
        (name): FieldRef => ({ kind: "text", name }),
      ),
      ...Array.from({ length: 60 }, (_, i): FieldRef => ({ kind: "label", key: `l${i}` })),
    ];
    const condition = allOf(...Array.from({ length: 60 }, (_, i) => compare(by[i + 8] ?? "kind", { op: "exists" })));
    const verdicts = Array.from({ length: 20 }, (_, i) => verdict(`汉${i}`.repeat(80)));
    fc.assert(
      fc.property(hostile, hostile, hostile, (message, field, fact) => {
        const about = { kind: field, name: field, namespace: field, uid: field, apiVersion: field, fieldPath: field };
        const event = anEvent({
          message,
          reason: field,
          host: field,
          type: field,
          action: field,
          involvedObject: about,
        });
        const labels = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`l${i}`, fact]));
        const rule = aRule({ name: "r".repeat(1000), by, condition, values: { a: "v".repeat(2_000) } });
        const alert = alertOf(rule, { event, verdicts, meta: { labels, annotations: {} } });
        expect(jsonBytes(alert)).toBeLessThanOrEqual(16_384);
      }),
    );
  });
});
