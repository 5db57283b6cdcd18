import { readFileSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { createRandom } from "../../src/demo/random.ts";
import { filesBelow, readSources, ROOT } from "../support/source-files.ts";
import { createBench } from "./bench.ts";
import { FailingTest, tryMutants, type TriedMutant } from "./campaign.ts";
import { findMutants, type Mutant } from "./mutants.ts";
import { relatedTests } from "./related-tests.ts";
import { reportScore, scoreOf } from "./score.ts";

interface Flags {
  readonly max: number;
  readonly seed: number;
  readonly atLeast: number;
  readonly seconds: number;
  readonly workers: number;
}

const number = (text: string): number => {
  const value = Number(text);
  if (!(value >= 0)) throw new InvalidArgumentError("a number is wanted");
  return value;
};

const program = new Command("mutate")
  .description("Puts small mistakes into sources, one at a time, and says which of them no test notices.")
  .argument("<path...>", "files or folders, from the repository's root")
  .option("--max <n>", "try so many at most, drawn from all", number, 300)
  .option("--seed <n>", "which are drawn", number, 1)
  .option("--at-least <percent>", "exit with 1 when tests notice fewer", number, 0)
  .option("--seconds <n>", "give up on a mutant when its tests would take longer without it", number, 30)
  .option("--workers <n>", "processes at a time", number, Math.min(2, availableParallelism()))
  .action(mutate);

async function mutate(paths: readonly string[], { max, seed, atLeast, seconds, workers }: Flags): Promise<void> {
  const files = paths.flatMap((path) =>
    statSync(join(ROOT, path)).isDirectory() ? filesBelow(path, (name) => name.endsWith(".ts")) : [path],
  );
  const all = files.flatMap((path) => findMutants(path, textOf(path)));
  const mutants = draw(all, max, seed);
  process.stdout.write(`${mutants.length} of ${all.length} mutants of ${files.length} files, seed ${seed}\n`);

  const sources = readSources("src", "grammar", "deploy", "test");
  const benches = Array.from({ length: workers }, () => createBench(ROOT));
  const close = (): void => {
    for (const bench of benches) bench.close();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      close();
      process.exit(2);
    });
  }
  let count = 0;
  const show = ({ mutant: { path, place }, fate }: TriedMutant): void => {
    count += 1;
    process.stdout.write(`${count}/${mutants.length} ${fate} ${path}:${place.line}:${place.column}\n`);
  };
  try {
    const tried = await tryMutants({
      benches,
      mutants,
      textOf,
      testsOf: (path) => relatedTests(path, sources),
      maxTestMs: seconds * 1000,
      now: () => performance.now(),
      onTried: show,
    });
    process.stdout.write(`\n${reportScore(tried)}`);
    process.exitCode = scoreOf(tried) < atLeast ? 1 : 0;
  } catch (error) {
    if (!(error instanceof FailingTest)) throw error;
    process.stderr.write(`mutate: ${error.message}\n`);
    process.exitCode = 2;
  } finally {
    close();
  }
}

function textOf(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** So many of them, the same for the same seed, those of one file together. */
function draw(all: readonly Mutant[], max: number, seed: number): readonly Mutant[] {
  const random = createRandom(seed);
  const drawn = all
    .map((mutant, index) => ({ mutant, index, lot: random.next() }))
    .toSorted((a, b) => a.lot - b.lot)
    .slice(0, max);
  return drawn.toSorted((a, b) => a.index - b.index).map(({ mutant }) => mutant);
}

await program.parseAsync();
