import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileGrouping } from "../../src/decide/group.ts";
import type { FieldRef } from "../../src/model/rule.ts";
import { anEvent, NOON } from "../support/events.ts";

const KIND_AND_NAME: readonly FieldRef[] = [
  { kind: "text", name: "kind" },
  { kind: "text", name: "name" },
];

describe("group", () => {
  it("makes one group of all for by none", () => {
    const { groupOf, needsMeta } = compileGrouping([]);
    expect([groupOf(anEvent(), NOON, null), needsMeta]).toEqual(["", false]);
  });

  it("tells apart values that together read the same", () => {
    const { groupOf } = compileGrouping(KIND_AND_NAME);
    const groupFor = (kind: string, name: string): string =>
      groupOf(anEvent({ involvedObject: { kind, name } }), NOON, null);
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (a, b, c, d) => {
        expect(groupFor(a, b) === groupFor(c, d)).toBe(a === c && b === d);
      }),
    );
    expect(groupFor("1:a", "")).not.toBe(groupFor("", "1:a"));
    expect(groupFor("a1:b", "c")).not.toBe(groupFor("a", "b1:c"));
  });

  it("takes the cluster, numbers, labels and annotations", () => {
    const by: readonly FieldRef[] = [
      { kind: "text", name: "cluster" },
      { kind: "number", name: "count" },
      { kind: "number", name: "age" },
      { kind: "label", key: "team" },
      { kind: "annotation", key: "none" },
    ];
    const { groupOf, needsMeta } = compileGrouping(by);
    expect(needsMeta).toBe(true);
    const meta = { labels: { team: "web" }, annotations: {} };
    expect(groupOf(anEvent({ count: 3 }), NOON + 9, meta)).toBe("4:home1:31:93:web0:");
    expect(groupOf(anEvent({ count: 3 }), NOON + 9, null)).toBe("4:home1:31:90:0:");
  });
});
