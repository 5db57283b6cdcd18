import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/runtime/clock.ts";

/*
 * `npm run bench` runs all benches one after the other, `npm run bench -- match start` some, `--quick` small ones that
 * only show that they work. Prints tables for people; the figures go to dist/bench.json.
 */

interface Outcome {
  readonly table: string;
  readonly rows: readonly object[];
}

const BENCHES: Readonly<Record<string, (quick: boolean) => Promise<Outcome>>> = {
  async match(quick) {
    const { benchMatch, matchTable } = await import("./match.ts");
    const rows = await benchMatch(quick ? [10, 100] : undefined);
    return { rows, table: matchTable(rows) };
  },
  async watch(quick) {
    const { benchWatch, watchTable } = await import("./watch.ts");
    const rows = await benchWatch(quick ? { events: 20_000, rounds: 1 } : {});
    return { rows, table: watchTable(rows) };
  },
  async start(quick) {
    const { benchStart, startTable } = await import("./start.ts");
    const rows = await benchStart(quick ? 3 : undefined);
    return { rows, table: startTable(rows) };
  },
  async outbox(quick) {
    const { benchOutbox, outboxTable } = await import("./outbox.ts");
    const rows = benchOutbox(quick ? [0, 1_000] : undefined);
    return { rows, table: outboxTable(rows) };
  },
  async memory(quick) {
    const { benchMemory, memoryTable } = await import("./memory.ts");
    const rows = await benchMemory(quick ? { stored: 1_000, streamed: 50_000, idleMs: 5_000 } : {});
    return { rows, table: memoryTable(rows) };
  },
};

const words = process.argv.slice(2);
const quick = words.includes("--quick");
const named = words.filter((word) => !word.startsWith("--"));
const unknown = named.find((name) => !(name in BENCHES));
if (unknown !== undefined) {
  console.error(`no bench is called ${unknown}; there are ${Object.keys(BENCHES).join(", ")}`);
  process.exit(2);
}

const machine = { node: process.version, cpu: cpus()[0]?.model ?? "", cores: cpus().length };
const results: Record<string, readonly object[]> = {};
for (const [name, bench] of Object.entries(BENCHES)) {
  if (named.length > 0 && !named.includes(name)) continue;
  const { table, rows } = await bench(quick);
  console.log(`${table}\n`);
  results[name] = rows;
}

const folder = fileURLToPath(new URL("../../dist/", import.meta.url));
mkdirSync(folder, { recursive: true });
const report = { at: new Date(systemClock.now()).toISOString(), quick, machine, ...results };
writeFileSync(`${folder}bench.json`, `${JSON.stringify(report, null, 2)}\n`);
