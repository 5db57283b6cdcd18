import { expect, test } from "vitest";
import { sumUp } from "../../src/demo/summary.ts";

test("is a table whose numbers stand under each other", () => {
  const table = sumUp({
    received: 5_078,
    readBytes: 5_284_285,
    unmatched: 2_519,
    dropped: 35,
    replayed: 2_323,
    matched: 201,
    matches: 201,
    belowThreshold: 84,
    throttled: 51,
    sent: 66,
    waiting: 0,
    sentBytes: 50_901,
  });
  const columns = table.split("\n").map((line) => line.slice(0, 22));
  expect(columns).toEqual([
    "events           5,078",
    "  replayed       2,323",
    "  unmatched      2,519",
    "  dropped           35",
    "  matched          201",
    "suppressed         135",
    "  threshold         84",
    "  throttle          51",
    "sent                66",
    "waiting              0",
    "bytes in     5,284,285",
    "bytes out       50,901",
  ]);
});
