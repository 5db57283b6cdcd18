import { expect, it } from "vitest";
import type { Fate, TriedMutant } from "./campaign.ts";
import { reportScore, scoreOf } from "./score.ts";

function tried(path: string, line: number, fate: Fate, original = "<"): TriedMutant {
  return { mutant: { path, place: { line, column: 3 }, original, replacement: "<=", text: "" }, fate };
}

it("tells of each file what was noticed, and where nothing was", () => {
  const all = [
    tried("src/b.ts", 20, "survived", `f(\n  ${"x".repeat(80)})`),
    tried("src/b.ts", 3, "untested"),
    tried("src/a.ts", 1, "killed"),
    tried("src/b.ts", 4, "killed"),
    tried("src/a.ts", 2, "timed out"),
    tried("src/b.ts", 5, "killed"),
  ];
  expect(reportScore(all)).toBe(`src/a.ts: 100.0 % of 2 (1 killed, 1 timed out)
src/b.ts: 50.0 % of 4 (2 killed, 1 survived, 1 untested)
  src/b.ts:3:3  < -> <=
  src/b.ts:20:3  f( ${"x".repeat(56)}… -> <=
all: 66.7 % of 6 (3 killed, 1 timed out, 1 survived, 1 untested)
`);
  expect(scoreOf(all)).toBeCloseTo(66.67, 1);
  expect(scoreOf([])).toBe(0);
});
