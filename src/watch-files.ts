import { readdirSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "./runtime/clock.ts";

/** How often the files are looked at. The kubelet takes up to a minute to bring a changed ConfigMap anyway. */
const LOOK_PAUSE_MS = 2_000;

/**
 * Yields after each change of the files, or of the `*.rules` in the folders, that `paths` names; until aborted.
 * Changes count from the call on, not from the first look.
 *
 * It looks instead of being told: a mounted ConfigMap changes by one renamed link (`..data`) that file notification
 * misses on some file systems, and a few `stat` calls cost nothing. A file that is gone for a moment is no change.
 */
export function watchFiles(paths: readonly string[], clock: Clock, signal: AbortSignal): AsyncGenerator<true> {
  return look(paths, paths.map(fingerprint), clock, signal);
}

async function* look(
  paths: readonly string[],
  start: readonly (string | null)[],
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<true> {
  let known = start;
  while (!signal.aborted) {
    await clock.sleep(LOOK_PAUSE_MS, signal).catch(() => {});
    if (signal.aborted) return;
    const seen = paths.map((path, i) => fingerprint(path) ?? known[i] ?? null);
    if (seen.some((one, i) => one !== known[i])) {
      known = seen;
      yield true;
    }
  }
}

/** Changes whenever the content may have changed; null while it cannot be read. */
function fingerprint(path: string): string | null {
  try {
    const names = statSync(path).isDirectory()
      ? readdirSync(path).filter((name) => name.endsWith(".rules") && !name.startsWith("."))
      : [""];
    return names
      .toSorted()
      .map((name) => {
        const file = realpathSync(join(path, name));
        const { ino, mtimeMs, size } = statSync(file);
        return [file, ino, mtimeMs, size].join(" ");
      })
      .join("\n");
  } catch (error) {
    // The world's doing: between two steps of the kubelet's swap a path may lead nowhere.
    if (error instanceof Error && "code" in error) return null;
    throw error;
  }
}
