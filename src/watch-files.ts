import { readdirSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "./runtime/clock.ts";

/** How often the files are looked at. The kubelet takes up to a minute to bring a changed ConfigMap anyway. */
const LOOK_PAUSE_MS = 2_000;
/** Between two steps of the kubelet's swap, or of an editor's, a path may lead nowhere: for less than this. */
const GONE_MS = 10_000;

/**
 * Yields after each change of the files, or of the `*.rules` in the folders, that `paths` names; until aborted.
 * Changes count from the call on, not from the first look.
 *
 * It looks instead of being told: a mounted ConfigMap changes by one renamed link (`..data`) that file notification
 * misses on some file systems, and a few `stat` calls cost nothing. A file that is gone counts as a change after 10 s,
 * and its return as another.
 */
export function watchFiles(paths: readonly string[], clock: Clock, signal: AbortSignal): AsyncGenerator<true> {
  return look(
    paths.map((path) => watchPath(path, clock)),
    clock,
    signal,
  );
}

async function* look(paths: readonly WatchedPath[], clock: Clock, signal: AbortSignal): AsyncGenerator<true> {
  while (!signal.aborted) {
    await clock.sleep(LOOK_PAUSE_MS, signal).catch(() => {});
    if (signal.aborted) return;
    // All of them, so that two that changed together are one change.
    if (paths.filter((path) => path.hasChanged()).length > 0) yield true;
  }
}

interface WatchedPath {
  /** Since the last time it was asked. */
  hasChanged(): boolean;
}

function watchPath(path: string, clock: Clock): WatchedPath {
  let known = fingerprint(path);
  let goneAt: number | null = null;
  return {
    hasChanged() {
      const seen = fingerprint(path);
      const before = known;
      if (seen !== null) {
        known = seen;
        goneAt = null;
      } else {
        goneAt ??= clock.monotonic();
        if (clock.monotonic() - goneAt >= GONE_MS) known = null;
      }
      return known !== before;
    },
  };
}

/** Changes whenever the content, or who may read it, may have changed; null while it cannot be looked at. */
function fingerprint(path: string): string | null {
  try {
    const names = statSync(path).isDirectory()
      ? readdirSync(path).filter((name) => name.endsWith(".rules") && !name.startsWith("."))
      : [""];
    return names
      .toSorted()
      .map((name) => {
        const file = realpathSync(join(path, name));
        const { ino, mode, mtimeMs, size } = statSync(file);
        return [file, ino, mode, mtimeMs, size].join(" ");
      })
      .join("\n");
  } catch (error) {
    // The world's doing.
    if (error instanceof Error && "code" in error) return null;
    throw error;
  }
}
