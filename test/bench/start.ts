import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { systemClock } from "../../src/runtime/clock.ts";
import { bundlePrograms, engineEnvironment, spawnEngine, startWorld, stop } from "./engine-world.ts";
import { median, tableRow } from "./figures.ts";

/** How long one thing takes from the start of its process, in ms of the wall clock. */
export interface StartBenchRow {
  readonly what:
    | "bare Node"
    | "rulecheck, 200 rules"
    | "rulecheck from sources"
    | "kubewhen to its first watch"
    | "kubewhen from sources";
  readonly medianMs: number;
  readonly fastestMs: number;
}

const ROUNDS = 7;
const RULES = 200;

/** Two hundred rules such as teams write: reasons, namespaces, patterns, rates. */
function teamRules(): string {
  const reasons = ["BackOff", "FailedMount", "FailedScheduling", "Unhealthy", "FailedCreate"];
  return Array.from({ length: RULES }, (_, i) => {
    const clauses = [`type=Warning and kind=Pod and namespace=team-${i}`, `reason=${reasons[i % reasons.length]}`];
    if (i % 4 === 0) clauses.push(`message =~ "exit code (137|14${i % 10})"`);
    return `team-${i}: when ${clauses.join(" and ")} rate>=3/10m rate<1/1h notify feishu`;
  }).join("\n");
}

function source(name: string): string {
  return fileURLToPath(new URL(`../../src/cli/${name}.ts`, import.meta.url));
}

async function timeOf(args: readonly string[]): Promise<number> {
  const startedAt = systemClock.monotonic();
  await promisify(execFile)(process.execPath, args, { env: engineEnvironment });
  return systemClock.monotonic() - startedAt;
}

/** From the start of the process, its compiler's included, to the request for a watch. */
async function timeToWatch(kubewhen: string): Promise<number> {
  const world = await startWorld(0);
  const watched = world.watched();
  const startedAt = systemClock.now();
  const engine = spawnEngine(kubewhen, world);
  const watchedAt = await watched;
  await stop(engine);
  world.close();
  return watchedAt - startedAt;
}

/**
 * Times the starts that people wait for: a check of 200 rules, and the engine up to its first watch. The runs take
 * turns, so that they share whatever the machine does.
 */
export async function benchStart(rounds: number = ROUNDS): Promise<readonly StartBenchRow[]> {
  const programs = await bundlePrograms();
  const folder = mkdtempSync(join(tmpdir(), "kubewhen-bench-"));
  const rules = join(folder, "team.rules");
  writeFileSync(rules, teamRules());
  const runs: Readonly<Record<StartBenchRow["what"], () => Promise<number>>> = {
    "bare Node": () => timeOf(["-e", "0"]),
    "rulecheck, 200 rules": () => timeOf([programs.rulecheck, "check", rules]),
    "rulecheck from sources": () => timeOf([source("rulecheck"), "check", rules]),
    "kubewhen to its first watch": () => timeToWatch(programs.kubewhen),
    "kubewhen from sources": () => timeToWatch(source("kubewhen")),
  };
  const names = Object.keys(runs) as StartBenchRow["what"][];
  const taken = new Map<StartBenchRow["what"], number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) taken.get(name)?.push(await runs[name]());
  }
  rmSync(folder, { recursive: true });
  return names.map((what) => {
    const times = taken.get(what) ?? [];
    return { what, medianMs: median(times), fastestMs: Math.min(...times) };
  });
}

/** A line per start, in ms. */
export function startTable(rows: readonly StartBenchRow[]): string {
  return [
    tableRow("start", ["median ms", "fastest ms"]),
    ...rows.map(({ what, medianMs, fastestMs }) => tableRow(what, [medianMs.toFixed(0), fastestMs.toFixed(0)])),
  ].join("\n");
}

if (import.meta.main) {
  const rows = await benchStart(process.argv.includes("--quick") ? 3 : ROUNDS);
  console.log(startTable(rows));
  console.log(JSON.stringify(rows));
}
