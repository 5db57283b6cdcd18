import type { Bench } from "./bench.ts";
import type { Mutant } from "./mutants.ts";

/** `untested`: no test loads the file. */
export type Fate = "killed" | "survived" | "timed out" | "untested";

export interface TriedMutant {
  readonly mutant: Mutant;
  readonly fate: Fate;
}

export interface CampaignOptions {
  readonly benches: readonly Bench[];
  readonly mutants: readonly Mutant[];
  /** The text without mistakes. */
  readonly textOf: (path: string) => string;
  /** In the order to run them. */
  readonly testsOf: (path: string) => readonly string[];
  /** Tests are run on a mutant until they would take longer than this without it; the first one always. */
  readonly maxTestMs: number;
  /** Milliseconds from anywhere; measures tests. */
  readonly now: () => number;
  readonly onTried: (tried: TriedMutant) => void;
}

/** A test that fails without any mistake says nothing of mutants. */
export class FailingTest extends Error {
  override readonly name = "FailingTest";
}

/** What a busy machine and a slow start may add. */
const GRACE_MS = 10_000;
const GRACE_FACTOR = 4;

/** Runs the tests over each mutant until one of them fails. Throws FailingTest when one fails without a mutant. */
export async function tryMutants(options: CampaignOptions): Promise<readonly TriedMutant[]> {
  const { benches, mutants, textOf, testsOf, maxTestMs, now, onTried } = options;
  const durations = new Map<string, Promise<number>>();
  const waiting = [...mutants];
  const tried: TriedMutant[] = [];

  const measure = async (bench: Bench, path: string, test: string): Promise<number> => {
    const startedAt = now();
    const end = await bench.run({ source: { path, text: textOf(path) }, test }, 10 * 60_000);
    if (end !== "passed") throw new FailingTest(`${test} ${end} on the sources as they are`);
    return now() - startedAt;
  };
  const durationOf = (bench: Bench, path: string, test: string): Promise<number> => {
    const known = durations.get(test) ?? measure(bench, path, test);
    durations.set(test, known);
    return known;
  };
  const tryOne = async (bench: Bench, { path, text }: Mutant): Promise<Fate> => {
    const tests = testsOf(path);
    let spentMs = 0;
    for (const test of tests) {
      const durationMs = await durationOf(bench, path, test);
      if (spentMs > 0 && spentMs + durationMs > maxTestMs) break;
      spentMs += durationMs;
      const end = await bench.run({ source: { path, text }, test }, GRACE_FACTOR * durationMs + GRACE_MS);
      if (end !== "passed") return end === "failed" ? "killed" : "timed out";
    }
    return tests.length === 0 ? "untested" : "survived";
  };
  const work = async (bench: Bench): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const one = { mutant, fate: await tryOne(bench, mutant) };
      tried.push(one);
      onTried(one);
    }
  };
  await Promise.all(benches.map((bench) => work(bench)));
  return tried;
}
