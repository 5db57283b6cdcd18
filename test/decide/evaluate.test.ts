import { describe, expect, it } from "vitest";
import { createEvaluator, type Evaluation, type Evaluator } from "../../src/decide/evaluate.ts";
import type { SeenEvent } from "../../src/model/event.ts";
import type { Statement } from "../../src/model/rule.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { createMetrics, type Metrics } from "../../src/runtime/metrics.ts";
import { createRedactor } from "../../src/runtime/secret.ts";
import { anEvent, NOON, seenOnce } from "../support/events.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";
import { allOf, aRule, is } from "../support/rules.ts";

interface Bench {
  readonly clock: FakeClock;
  readonly metrics: Metrics;
  readonly evaluator: Evaluator;
  /** Evaluates as arriving now, at its own last-seen time. */
  readonly judge: (seen?: SeenEvent) => Evaluation;
}

function benchOf(statements: readonly Statement[], maxGroups = 100): Bench {
  const clock = createFakeClock(NOON);
  const metrics = createMetrics();
  const logger = createLogger(createRedactor(), "silent");
  const evaluator = createEvaluator({ clock, cluster: "home", maxGroups, metrics, logger });
  evaluator.use({ statements });
  return {
    clock,
    metrics,
    evaluator,
    judge(seen = seenOnce(anEvent({ lastSeenAt: clock.now() }))) {
      const evaluation = evaluator.evaluate(seen, null);
      if (evaluation === "needs-meta") throw new Error("needs meta");
      return evaluation;
    },
  };
}

/** `when type=Warning and kind=Pod rate<5/10m notify feishu` */
const CARD_RULE = aRule({
  condition: allOf(is("type", "Warning"), is("kind", "Pod")),
  throttle: { notifications: 5, windowMs: 600_000 },
});

describe("the sentence on the card", () => {
  it("passes five, holds the sixth, and tells what it held once the window has moved on", async () => {
    const { judge, clock } = benchOf([CARD_RULE]);
    for (let i = 0; i < 5; i += 1) {
      expect(judge().passed).toHaveLength(1);
      await clock.advance(60_000);
    }
    expect(judge().verdicts).toMatchObject([{ verdict: "suppressed", why: "throttle", receivers: [] }]);
    const heldSince = clock.now();
    await clock.advance(299_999);
    expect(judge().passed).toEqual([]);
    await clock.advance(1);
    expect(judge().passed[0]?.held).toEqual({ count: 2, since: heldSince });
    expect(judge().verdicts).toMatchObject([{ why: "throttle" }]);
  });

  it("leaves a Normal Event unmatched and allocates nothing for it", () => {
    const { judge } = benchOf([CARD_RULE]);
    const first = judge(seenOnce(anEvent({ type: "Normal" })));
    expect(first).toMatchObject({ outcome: "unmatched", passed: [], verdicts: [] });
    expect(judge(seenOnce(anEvent({ type: "Normal", reason: "Pulled" })))).toBe(first);
  });
});
