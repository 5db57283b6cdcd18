import { describe, expect, it } from "vitest";
import { createFloodDigests } from "../../src/decide/digest.ts";
import { anEvent, NOON, seenOnce } from "../support/events.ts";
import { aRule } from "../support/rules.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

const SEEN = seenOnce(anEvent());

describe("flood digests", () => {
  it("gather a rule's groups and occurrences for a minute and are told once", () => {
    const clock = createSteppedClock(NOON);
    const digests = createFloodDigests(clock);
    const rule = aRule();
    digests.add(rule, "a", { ...SEEN, occurrences: { ...SEEN.occurrences, count: 5 } });
    clock.step(59_999);
    digests.add(rule, "b", SEEN);
    digests.add(rule, "a", SEEN);
    expect(digests.due()).toEqual([]);
    clock.step(1);
    const [digest, ...others] = digests.due();
    expect(others).toEqual([]);
    expect(digest).toMatchObject({
      rule,
      receivers: ["feishu"],
      groups: 2,
      occurrences: 7,
      from: NOON,
      to: NOON + 60_000,
    });
    expect(digest?.samples).toHaveLength(3);
    expect(digests.due()).toEqual([]);
  });

  it("keep rules apart and hand over all when the engine stops", () => {
    const digests = createFloodDigests(createSteppedClock(NOON));
    digests.add(aRule({ name: "a" }), "g", SEEN);
    digests.add(aRule({ name: "b" }), "g", SEEN);
    expect(digests.due(true).map(({ rule }) => rule.name)).toEqual(["a", "b"]);
    expect(digests.due(true)).toEqual([]);
  });

  it("hold a few samples and a bounded number of groups, however many come", () => {
    const digests = createFloodDigests(createSteppedClock(NOON));
    for (let i = 0; i < 10_000; i += 1) digests.add(aRule(), `invented-${i}`, SEEN);
    const [digest] = digests.due(true);
    expect(digest).toMatchObject({ groups: 4096, occurrences: 10_000 });
    expect(digest?.samples).toHaveLength(5);
  });

  it("end no earlier than they began when the wall clock is set back", () => {
    const clock = createSteppedClock(NOON);
    const digests = createFloodDigests(clock);
    digests.add(aRule(), "a", SEEN);
    clock.jump(-3_600_000);
    expect(digests.due(true)).toMatchObject([{ from: NOON, to: NOON }]);
  });
});
