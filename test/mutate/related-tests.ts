import type { SourceFile } from "../support/source-files.ts";

/** Those that read the sources as text, run a real cluster, or test this very folder. */
const NEVER = /^test\/(?:repository|cluster|mutate)\//;

/**
 * Tests that load a file when they run, directly or by others: first the one named after it, then those with the fewest
 * files in between. Tests that only start a program are not among them.
 */
export function relatedTests(path: string, sources: readonly SourceFile[]): readonly string[] {
  const importers = new Map<string, string[]>();
  for (const { path: importer, imports } of sources) {
    for (const { to, kind } of imports) {
      if (kind === "type") continue;
      const known = importers.get(to) ?? [];
      known.push(importer);
      importers.set(to, known);
    }
  }
  const steps = new Map([[path, 0]]);
  // A Map goes on to what is added while it is walked.
  for (const [met, step] of steps) {
    for (const importer of importers.get(met) ?? []) if (!steps.has(importer)) steps.set(importer, step + 1);
  }
  const mirror = `test/${path.replace(/^src\//, "").replace(/\.ts$/, ".test.ts")}`;
  const stepsTo = (test: string): number => (test === mirror ? 0 : (steps.get(test) ?? Infinity));
  return [...steps.keys()]
    .filter((met) => met.endsWith(".test.ts") && !NEVER.test(met))
    .toSorted((a, b) => stepsTo(a) - stepsTo(b) || (a < b ? -1 : 1));
}
