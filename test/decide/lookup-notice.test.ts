import { expect, test } from "vitest";
import { createLookupNotices } from "../../src/decide/lookup-notice.ts";
import type { Looked } from "../../src/model/event.ts";
import { anEvent, NOON } from "../support/events.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { aDrop, aRule, label } from "../support/rules.ts";

const FORBIDDEN: Looked = { unknown: "forbidden" };
const BY_LABEL = label("team", "edge");
const EDGE = aRule({ name: "edge", condition: BY_LABEL, receivers: ["feishu", "dump"] });
const OTHER = aRule({ name: "other", condition: BY_LABEL, receivers: ["feishu"] });

function aNotices(): {
  readonly notices: ReturnType<typeof createLookupNotices>;
  readonly advance: (ms: number) => void;
} {
  const clock = createFakeClock(NOON);
  let now = 5_000_000;
  const notices = createLookupNotices({ clock, lasting: { now: () => now } });
  return {
    notices,
    advance(ms) {
      now += ms;
    },
  };
}

test("tells each receiver of the rules concerned once which kind may not be read, and which rules ask for it", () => {
  const { notices } = aNotices();
  const told = notices.take(anEvent(), FORBIDDEN, [EDGE, OTHER, aDrop(BY_LABEL)]);
  expect(told).toMatchObject([
    {
      receivers: ["feishu", "dump"],
      alert: {
        kind: "notice",
        cause: "labels-unknown",
        rule: null,
        severity: "warning",
        at: NOON,
        details: { kind: "Pod", rules: "edge, other" },
      },
    },
  ]);
});

test("says nothing where nothing was unknown, nobody was asked, or the API server only did not answer", () => {
  const { notices } = aNotices();
  expect(notices.take(anEvent(), FORBIDDEN, [])).toEqual([]);
  expect(notices.take(anEvent(), null, [EDGE])).toEqual([]);
  expect(notices.take(anEvent(), { labels: {}, annotations: {} }, [EDGE])).toEqual([]);
  expect(notices.take(anEvent(), { unknown: "failed" }, [EDGE])).toEqual([]);
  expect(notices.take(anEvent(), FORBIDDEN, [aDrop(BY_LABEL)])).toEqual([]);
});

test("tells a receiver of a kind again only after an hour, and of another kind at once", () => {
  const { notices, advance } = aNotices();
  const ofPod = (): readonly string[] => notices.take(anEvent(), FORBIDDEN, [EDGE])[0]?.receivers ?? [];
  const first = notices.take(anEvent(), FORBIDDEN, [OTHER]);
  expect(first[0]?.receivers).toEqual(["feishu"]);
  expect(ofPod()).toEqual(["dump"]);
  expect(notices.take(anEvent({ involvedObject: { kind: "Job" } }), FORBIDDEN, [OTHER])).toHaveLength(1);
  advance(3_599_999);
  expect(ofPod()).toEqual([]);
  advance(1);
  const again = notices.take(anEvent(), FORBIDDEN, [EDGE]);
  expect(again[0]?.receivers).toEqual(["feishu", "dump"]);
  expect(again[0]?.alert.id).not.toBe(first[0]?.alert.id);
});

test("remembers no more kinds than it has room for, however many are invented", () => {
  const { notices } = aNotices();
  const told = Array.from({ length: 1_000 }, (_, n) =>
    notices.take(anEvent({ involvedObject: { kind: `Kind${n}` } }), FORBIDDEN, [OTHER]),
  );
  expect(told.flat()).toHaveLength(256);
});
