import { expect, it } from "vitest";
import type { Bench, TestEnd } from "./bench.ts";
import { FailingTest, tryMutants, type CampaignOptions } from "./campaign.ts";
import type { Mutant } from "./mutants.ts";

function mutant(path: string, text: string): Mutant {
  return { path, place: { line: 1, column: 1 }, original: "a", replacement: text, text };
}

interface Ran {
  readonly text: string;
  readonly test: string;
  readonly timeoutMs: number;
}

/** A campaign over one bench that takes a second for each test, and answers as told. */
function campaign(
  end: (text: string, test: string) => TestEnd,
  parts: Partial<CampaignOptions>,
): CampaignOptions & { readonly ran: Ran[] } {
  const ran: Ran[] = [];
  let time = 0;
  const bench: Bench = {
    run({ source, test }, timeoutMs) {
      time += 1000;
      ran.push({ text: source.text, test, timeoutMs });
      return Promise.resolve(end(source.text, test));
    },
    close() {
      // Nothing is open.
    },
  };
  return {
    ran,
    benches: [bench],
    mutants: [mutant("src/a.ts", "m1"), mutant("src/a.ts", "m2")],
    textOf: () => "good",
    testsOf: () => ["one", "two", "three"],
    maxTestMs: 2500,
    now: () => time,
    onTried: () => {
      // Nobody looks on.
    },
    ...parts,
  };
}

it("runs the tests in order until one fails, each measured once without a mutant", async () => {
  const told: string[] = [];
  const options = campaign((text, test) => (text === "m1" && test === "two" ? "failed" : "passed"), {
    onTried: ({ fate }) => told.push(fate),
    maxTestMs: 9000,
  });
  const tried = await tryMutants(options);
  expect(tried.map(({ mutant: { text }, fate }) => `${text} ${fate}`)).toEqual(["m1 killed", "m2 survived"]);
  expect(told).toEqual(["killed", "survived"]);
  expect(options.ran.map(({ text, test }) => `${text} ${test}`)).toEqual([
    "good one",
    "m1 one",
    "good two",
    "m1 two",
    "m2 one",
    "m2 two",
    "good three",
    "m2 three",
  ]);
});

it("gives each test some times its usual time, and gives up when a mutant's tests have had enough", async () => {
  const options = campaign(() => "passed", { mutants: [mutant("src/a.ts", "m")] });
  const [tried] = await tryMutants(options);
  expect(tried?.fate).toBe("survived");
  expect(options.ran.filter(({ text }) => text === "m")).toEqual([
    { text: "m", test: "one", timeoutMs: 14_000 },
    { text: "m", test: "two", timeoutMs: 14_000 },
  ]);
  const short = campaign(() => "passed", { mutants: [mutant("src/a.ts", "m")], maxTestMs: 0 });
  await tryMutants(short);
  expect(short.ran.filter(({ text }) => text === "m")).toHaveLength(1);
});

it("tells mutants that never end, and those that no test loads, from the others", async () => {
  const options = campaign((text) => (text === "m1" ? "timed out" : "passed"), {
    mutants: [mutant("src/a.ts", "m1"), mutant("src/b.ts", "m2")],
    testsOf: (path) => (path === "src/a.ts" ? ["one"] : []),
  });
  expect((await tryMutants(options)).map(({ fate }) => fate)).toEqual(["timed out", "untested"]);
});

it("refuses to judge by a test that fails anyway", async () => {
  const options = campaign((_text, test) => (test === "two" ? "failed" : "passed"), {});
  await expect(tryMutants(options)).rejects.toThrow(new FailingTest("two failed on the sources as they are"));
});
