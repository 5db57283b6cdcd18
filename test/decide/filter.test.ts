import { describe, expect, it } from "vitest";
import { createFilterCompiler, FALSE, TRUE, UNKNOWN, type Truth } from "../../src/decide/filter.ts";
import type { Event, ObjectMeta } from "../../src/model/event.ts";
import type { Condition, FieldRef } from "../../src/model/rule.ts";
import { anEvent, NOON } from "../support/events.ts";
import { allOf, anyOf, compare, is, label, notOf, number } from "../support/rules.ts";

function ask(condition: Condition, event: Event = anEvent(), meta: ObjectMeta | null = null): Truth {
  const compiler = createFilterCompiler();
  const filter = compiler.compile(condition);
  compiler.beginEvent();
  return filter(event, NOON + 60_000, meta);
}

const LABELLED: ObjectMeta = { labels: { team: "web" }, annotations: { "a/b": "1" } };
const YES = is("type", "Warning");
const NO = is("type", "Normal");
const TEAM: FieldRef = { kind: "label", key: "team" };

describe("comparisons", () => {
  const event = anEvent({ count: 7, action: "" });
  it.each([
    ["equality is case-sensitive", is("type", "warning"), FALSE],
    ["one value of several", is("reason", "A", "BackOff", "C"), TRUE],
    ["none of several", compare("reason", { op: "in", values: ["A", "C"] }, true), TRUE],
    ["the cluster of the Event", is("cluster", "home"), TRUE],
    ["contains", compare("message", { op: "contains", value: "restarting failed" }), TRUE],
    ["not contains", compare("message", { op: "contains", value: "restarting failed" }, true), FALSE],
    ["like takes the whole value", compare("name", { op: "like", pattern: "web-*" }), TRUE],
    ["=~ is found anywhere", compare("message", { op: "matches", pattern: "fail.d" }), TRUE],
    ["!~", compare("message", { op: "matches", pattern: "fail.d" }, true), FALSE],
    ["exists", compare("reason", { op: "exists" }), TRUE],
    ["an empty field does not exist", compare("action", { op: "exists" }), FALSE],
    ["a missing field is the empty text", is("action", ""), TRUE],
    ["count <", number("count", "<", 7), FALSE],
    ["count <=", number("count", "<=", 7), TRUE],
    ["count >", number("count", ">", 6), TRUE],
    ["count >=", number("count", ">=", 8), FALSE],
    ["count in", compare({ kind: "number", name: "count" }, { op: "numberIn", values: [1, 7] }), TRUE],
    ["count exists", compare({ kind: "number", name: "count" }, { op: "exists" }), TRUE],
    ["age is the time since last seen", number("age", ">=", 60_000), TRUE],
    ["age is no longer than that", number("age", ">", 60_000), FALSE],
  ])("%s", (_sentence, condition, truth) => {
    expect(ask(condition, event)).toBe(truth);
  });

  it("refuse tests their field cannot take", () => {
    expect(() => ask(compare("type", { op: "<", value: 1 }))).toThrow("text field");
    expect(() => ask(compare({ kind: "number", name: "count" }, { op: "contains", value: "1" }))).toThrow(
      "number field",
    );
  });
});

describe("labels", () => {
  it("are unknown without the object's, and only matter where they decide", () => {
    expect(ask(label("team", "web"))).toBe(UNKNOWN);
    expect(ask(notOf(label("team", "web")))).toBe(UNKNOWN);
    expect(ask(allOf(label("team", "web"), NO))).toBe(FALSE);
    expect(ask(allOf(label("team", "web"), YES))).toBe(UNKNOWN);
    expect(ask(anyOf(label("team", "web"), YES))).toBe(TRUE);
    expect(ask(anyOf(label("team", "web"), NO))).toBe(UNKNOWN);
    expect(ask(allOf(YES, anyOf(NO, notOf(label("team", "web")))))).toBe(UNKNOWN);
  });

  it("are never unknown with the object's", () => {
    expect(ask(label("team", "web"), anEvent(), LABELLED)).toBe(TRUE);
    expect(ask(label("owner", ""), anEvent(), LABELLED)).toBe(TRUE);
    expect(ask(compare({ kind: "label", key: "constructor" }, { op: "exists" }), anEvent(), LABELLED)).toBe(FALSE);
    expect(ask(compare({ kind: "annotation", key: "a/b" }, { op: "exists" }), anEvent(), LABELLED)).toBe(TRUE);
    expect(ask(compare(TEAM, { op: "matches", pattern: "^w" }), anEvent(), LABELLED)).toBe(TRUE);
    expect(ask(compare(TEAM, { op: "like", pattern: "w?b" }, true), anEvent(), LABELLED)).toBe(FALSE);
    expect(ask(compare(TEAM, { op: "contains", value: "e" }), anEvent(), LABELLED)).toBe(TRUE);
  });
});

describe("patterns", () => {
  it("are asked afresh for each Event and apart for each field", () => {
    const compiler = createFilterCompiler();
    const test = { op: "matches", pattern: "x.z" } as const;
    const inMessage = compiler.compile(compare("message", test));
    const inReason = compiler.compile(compare("reason", test));
    const again = compiler.compile(compare("message", test));
    const answers = [anEvent({ message: "xyz", reason: "a" }), anEvent({ message: "a", reason: "xyz" })].map(
      (event) => {
        compiler.beginEvent();
        return [inMessage, inReason, again].map((filter) => filter(event, NOON, null));
      },
    );
    expect(answers).toEqual([
      [TRUE, FALSE, TRUE],
      [FALSE, TRUE, FALSE],
    ]);
  });
});
