import { readFileSync } from "node:fs";

/** What one process takes, MB (2^20 bytes). */
export interface Memory {
  /** All of its pages that are in memory: what most tools show. */
  readonly rss: number;
  /** Of these, the ones no file stands behind. */
  readonly anonymous: number;
  /** Pages shared with other processes counted by share. */
  readonly pss: number;
}

/** Throws what the file system throws once the process has ended. */
export function memoryOf(pid: number): Memory {
  const status = sizesIn(`/proc/${pid}/status`);
  const rollup = sizesIn(`/proc/${pid}/smaps_rollup`);
  return {
    rss: status.get("VmRSS") ?? Number.NaN,
    anonymous: status.get("RssAnon") ?? Number.NaN,
    pss: rollup.get("Pss") ?? Number.NaN,
  };
}

function sizesIn(path: string): ReadonlyMap<string, number> {
  const lines = readFileSync(path, "utf8").matchAll(/^(\w+):\s+(\d+) kB$/gm);
  return new Map(Array.from(lines, ([, name = "", size]) => [name, Number(size) / 1024]));
}
