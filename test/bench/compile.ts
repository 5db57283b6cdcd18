import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { COMPILER_HEAP_MB } from "../../src/cli/run.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { bundlePrograms, spawnAsImage } from "./engine-world.ts";
import { tableRow } from "./figures.ts";
import { memoryOf, type Memory } from "./process-memory.ts";

/** The child process that compiles, at its peak. */
export interface CompileBenchRow extends Memory {
  readonly rules: string;
  readonly tookMs: number;
}

const DEFAULT_RULES = fileURLToPath(new URL("../../rules/default.rules", import.meta.url));
/** The documented limit. */
const MOST_RULES = 10_000;

/** Runs the compiler as the engine in the image starts it, and looks at it until it ends. Throws if it fails. */
export async function weighCompiler(
  kubewhen: string,
  inputs: readonly string[],
): Promise<{ readonly peak: Memory; readonly tookMs: number }> {
  const startedAt = systemClock.monotonic();
  const child = spawnAsImage(`--max-old-space-size=${COMPILER_HEAP_MB}`, kubewhen, "compile", ...inputs);
  let peak: Memory = { rss: 0, anonymous: 0, pss: 0 };
  const ended = new Promise<number>((resolve) => {
    child.once("exit", () => resolve(systemClock.monotonic()));
  });
  while (child.exitCode === null && child.signalCode === null) {
    try {
      const now = memoryOf(child.pid ?? 0);
      if (now.rss > peak.rss) peak = now;
    } catch (error) {
      // It has ended between two looks.
      if (!(error instanceof Error && "code" in error)) throw error;
    }
    await systemClock.sleep(2);
  }
  const tookMs = (await ended) - startedAt;
  if (child.exitCode !== 0) throw new Error(`the compiler ended with ${child.exitCode ?? child.signalCode}`);
  return { peak, tookMs };
}

/** As many rules as a set may have, in little less text than it may have. */
function mostRules(): string {
  const reasons = ["BackOff", "FailedMount", "FailedScheduling", "Unhealthy", "FailedCreate"];
  return Array.from({ length: MOST_RULES }, (_, i) => {
    return `r${i}: when kind=Pod and namespace=ns-${i} and reason=${reasons[i % 5]} rate<5/9m notify dump\n`;
  }).join("");
}

/** Weighs the compiler with the rules to begin with and with the largest set there may be. */
export async function benchCompile(): Promise<readonly CompileBenchRow[]> {
  const { kubewhen } = await bundlePrograms();
  const folder = mkdtempSync(join(tmpdir(), "kubewhen-bench-"));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const config = write("config.yaml", "receivers: [{name: dump, stdout: {}}, {name: feishu, stdout: {}}]\n");
  const sets = { "rules/default.rules": DEFAULT_RULES, "10,000 rules": write("most.rules", mostRules()) };
  const rows: CompileBenchRow[] = [];
  for (const [rules, path] of Object.entries(sets)) {
    const { peak, tookMs } = await weighCompiler(kubewhen, ["--config", config, "--rules", path]);
    rows.push({ rules, tookMs, ...peak });
  }
  rmSync(folder, { recursive: true });
  return rows;
}

/** A line per rule set, in MB and ms. */
export function compileTable(rows: readonly CompileBenchRow[]): string {
  return [
    tableRow("compiler at its peak", ["RSS MB", "anonymous", "PSS", "ms in all"]),
    ...rows.map(({ rules, rss, anonymous, pss, tookMs }) =>
      tableRow(rules, [rss.toFixed(1), anonymous.toFixed(1), pss.toFixed(1), tookMs.toFixed(0)]),
    ),
  ].join("\n");
}

if (import.meta.main) {
  const rows = await benchCompile();
  console.log(compileTable(rows));
  console.log(JSON.stringify(rows));
}
