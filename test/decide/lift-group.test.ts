import { expect, test } from "vitest";
import { createGroups } from "../../src/decide/groups.ts";
import { liftGroup } from "../../src/decide/lift-group.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import { NOON } from "../support/events.ts";
import { aRule } from "../support/rules.ts";

const NOW = { wall: NOON, lasting: 5_000_000 };
/** As version 0.1 wrote it. */
const SAVED = {
  ruleKey: "k",
  group: "g",
  sentAt: [NOON - 2000, NOON - 1000],
  occurredAt: [NOON - 500, NOON + 70_000],
  heldCount: 3,
  heldSince: NOON - 900,
  windowMs: 60_000,
};

test("a group of version 0.1 keeps its times, none of them after now", () => {
  expect(liftGroup(SAVED, NOW)).toEqual({
    ruleKey: "k",
    group: "g",
    slots: {
      threshold: [4_999_500, 5_000_000],
      throttle: { sentAt: [4_998_000, 4_999_000], heldCount: 3, heldSince: NOON - 900 },
    },
  });
});

const threshold = { occurrences: 5, windowMs: 60_000 };
const throttle = { notifications: 2, windowMs: 60_000 };

test.each([
  [aRule({ threshold }), [4_999_500, 5_000_000], undefined],
  [aRule({ throttle }), undefined, [4_998_000, 4_999_000]],
  [aRule({ threshold, throttle }), [4_999_500, 5_000_000], [4_998_000, 4_999_000]],
])("the table takes it, whichever clauses its rule has", (rule, occurredAt, sentAt) => {
  const groups = createGroups({ maxGroups: 5, metrics: createMetrics() });
  const lifted = liftGroup({ ...SAVED, ruleKey: rule.key }, NOW);
  expect(lifted && groups.restore(lifted, rule, NOW.lasting)).toBe(true);
  const { slots } = groups.take(rule, "g");
  expect([slots.threshold?.occurredAt, slots.throttle?.sentAt]).toEqual([occurredAt, sentAt]);
});

test.each([null, 7, {}, { ...SAVED, ruleKey: 1 }, { ...SAVED, group: null }, { ...SAVED, sentAt: "x" }])(
  "what cannot be read is nothing: %j",
  (saved) => {
    expect(liftGroup(saved, NOW)).toBeNull();
  },
);
