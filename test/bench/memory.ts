import { readFileSync } from "node:fs";
import { systemClock } from "../../src/runtime/clock.ts";
import { bundlePrograms, spawnAsImage, spawnEngine, startWorld, stop } from "./engine-world.ts";
import { weighCompiler } from "./compile.ts";
import { median, tableRow } from "./figures.ts";
import { memoryOf, type Memory } from "./process-memory.ts";

export interface MemoryBenchRow extends Memory {
  readonly process: "bare Node" | "kubewhen" | "compiler";
  /** What it had done by then; CPU time is per streamed Event. */
  readonly after: string;
  /** Further Events streamed by then. */
  readonly events: number;
}

export interface MemoryBenchOptions {
  /** Events that lie in the cluster at the start. */
  readonly stored?: number;
  readonly streamed?: number;
  readonly idleMs?: number;
}

const STEPS = 10;
const SAMPLES = 5;
const SAMPLE_PAUSE_MS = 500;
/** After the stream: time for what collects garbage when there is nothing to do. */
const CALM_MS = 30_000;

/** Time on a processor so far; the kernel's clock ticks every 10 ms. */
function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function sample(pid: number): Promise<Memory> {
  const taken: Memory[] = [];
  for (let i = 0; i < SAMPLES; i += 1) {
    taken.push(memoryOf(pid));
    await systemClock.sleep(SAMPLE_PAUSE_MS);
  }
  const middle = (key: keyof Memory): number => median(taken.map((one) => one[key]));
  return { rss: middle("rss"), anonymous: middle("anonymous"), pss: middle("pss") };
}

async function compilerRow(kubewhen: string, inputs: readonly string[]): Promise<MemoryBenchRow> {
  const { peak, tookMs } = await weighCompiler(kubewhen, inputs);
  return { process: "compiler", after: `at its peak, ${tookMs.toFixed(0)} ms in all`, events: 0, ...peak };
}

/**
 * Weighs the bundled engine under flags and environment of the image, with rules/default.rules: idle in a cluster full
 * of Events, and while further ones stream in. Beside it bare Node, idle under the same flags, and the compiler the
 * engine starts.
 */
export async function benchMemory(options: MemoryBenchOptions = {}): Promise<readonly MemoryBenchRow[]> {
  const { stored = 10_000, streamed = 1_000_000, idleMs = 60_000 } = options;
  const { kubewhen } = await bundlePrograms();
  const world = await startWorld(stored);
  const rows: MemoryBenchRow[] = [];
  const bare = spawnAsImage("-e", "setInterval(() => {}, 1000)");
  rows.push(await compilerRow(kubewhen, world.inputs));
  const watched = world.watched();
  const engine = spawnEngine(kubewhen, world);
  const pid = engine.pid ?? 0;
  try {
    await watched;
    await systemClock.sleep(idleMs);
    const idle = `${idleMs / 1000} s idle`;
    rows.push({ process: "bare Node", after: idle, events: 0, ...(await sample(bare.pid ?? 0)) });
    rows.push({ process: "kubewhen", after: idle, events: 0, ...(await sample(pid)) });
    const cpuMs = cpuMsOf(pid);
    for (let step = 1; step <= STEPS; step += 1) {
      const delivered = await world.stream(streamed / STEPS);
      const events = (streamed / STEPS) * step;
      const cpuUs = ((cpuMsOf(pid) - cpuMs) / events) * 1000;
      const after = `${delivered} cards, ${cpuUs.toFixed(0)} us CPU`;
      rows.push({ process: "kubewhen", after, events, ...memoryOf(pid) });
    }
    await systemClock.sleep(Math.min(CALM_MS, idleMs));
    rows.push({ process: "kubewhen", after: "calm again", events: streamed, ...(await sample(pid)) });
    return rows;
  } finally {
    await Promise.all([stop(engine), stop(bare)]);
    world.close();
  }
}

/** A line per process and moment, in MB. */
export function memoryTable(rows: readonly MemoryBenchRow[]): string {
  const head = ["after", "Events", "RSS MB", "anonymous", "PSS"];
  return [
    tableRow("memory", head),
    ...rows.map((row) =>
      tableRow(row.process, [
        row.after,
        row.events.toLocaleString("en"),
        ...[row.rss, row.anonymous, row.pss].map((size) => size.toFixed(1)),
      ]),
    ),
  ].join("\n");
}

if (import.meta.main) {
  const quick = process.argv.includes("--quick");
  const rows = await benchMemory(quick ? { stored: 1_000, streamed: 50_000, idleMs: 5_000 } : {});
  console.log(memoryTable(rows));
  console.log(JSON.stringify(rows));
}
