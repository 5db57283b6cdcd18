import { expect, test } from "vitest";
import { askHistory } from "../../../src/decide/clauses/history.ts";
import { anEvent, seenOnce } from "../../support/events.ts";
import { aRule } from "../../support/rules.ts";

test("what lay in the cluster before the watch began keeps the rule quiet, and nothing else does", () => {
  const match = { rule: aRule(), seen: seenOnce(anEvent()), group: "g" };
  expect(askHistory(match)).toBe("pass");
  expect(askHistory({ ...match, seen: { ...match.seen, history: true } })).toBe("history");
});
