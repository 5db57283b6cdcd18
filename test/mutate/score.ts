import type { Fate, TriedMutant } from "./campaign.ts";

const FATES: readonly Fate[] = ["killed", "timed out", "survived", "untested"];

/** Percentage of the mutants that tests notice, by failing or by never ending. */
export function scoreOf(tried: readonly TriedMutant[]): number {
  const noticed = tried.filter(({ fate }) => fate === "killed" || fate === "timed out").length;
  return tried.length === 0 ? 0 : (100 * noticed) / tried.length;
}

/** Each file with its figures, the places of the mutants that no test noticed, and the figures of all together. */
export function reportScore(tried: readonly TriedMutant[]): string {
  const paths = [...new Set(tried.map(({ mutant }) => mutant.path))].toSorted();
  const files = paths.map((path) => {
    const own = tried.filter(({ mutant }) => mutant.path === path);
    const places = own
      .filter(({ fate }) => fate === "survived" || fate === "untested")
      .map(({ mutant }) => mutant)
      .toSorted((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
      .map(
        ({ place, original, replacement }) =>
          `  ${path}:${place.line}:${place.column}  ${short(original)} -> ${short(replacement)}\n`,
      );
    return `${path}: ${figures(own)}\n${places.join("")}`;
  });
  return `${files.join("")}all: ${figures(tried)}\n`;
}

function figures(tried: readonly TriedMutant[]): string {
  const counts = FATES.map((fate) => [fate, tried.filter((one) => one.fate === fate).length] as const);
  const parts = counts.filter(([, count]) => count > 0).map(([fate, count]) => `${count} ${fate}`);
  return `${scoreOf(tried).toFixed(1)} % of ${tried.length} (${parts.join(", ")})`;
}

/** On one line, and no longer than a line has room for. */
function short(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
