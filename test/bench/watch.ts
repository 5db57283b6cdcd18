import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { testCertificate } from "../support/test-certificates.ts";

/**
 * One way to read a watch, over the same bytes from the same server.
 *
 * - `newline scan`: TLS and line feeds and nothing else, the floor;
 * - `client-node Watch`: as is, every Event an object for a callback that does nothing with it;
 * - `client-node Watch, judged`: its objects through our stages to their verdicts;
 * - `kubewhen, all parsed`: our watch without the prefilter, to the verdicts;
 * - `kubewhen`: as it runs, to the verdicts.
 */
export interface WatchBenchRow {
  readonly client: (typeof CLIENTS)[number];
  readonly eventsPerSecond: number;
  /** Of all threads of the client. The figure to compare: it minds a busy machine least. */
  readonly cpuUsPerEvent: number;
  /** Of the client's whole process. */
  readonly peakMb: number;
}

export interface WatchBenchOptions {
  /** Read before the clocks start, so that compiling at the start counts for nobody. */
  readonly warmUp?: number;
  readonly events?: number;
  /** The median of so many runs counts. */
  readonly rounds?: number;
}

const CLIENTS = [
  "newline scan",
  "client-node Watch",
  "client-node Watch, judged",
  "kubewhen, all parsed",
  "kubewhen",
] as const;

interface Cost {
  readonly events: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMb: number;
}

/** The counting starts and ends with a whole read of the stream. */
const SPARE_EVENTS = 2000;

function script(name: string): string {
  return new URL(name, import.meta.url).pathname;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/**
 * Times the way from a TLS server's bytes to the verdicts: 70 % Normal Events, rules about Warnings. Server and
 * client run in processes of their own, and the clients take turns, so that they share whatever the machine does.
 */
export async function benchWatch(options: WatchBenchOptions = {}): Promise<readonly WatchBenchRow[]> {
  const { warmUp = 100_000, events = 150_000, rounds = 3 } = options;
  const folder = mkdtempSync(join(tmpdir(), "kubewhen-bench-"));
  const server = spawn(process.execPath, [script("watch-server.ts"), String(warmUp + events + SPARE_EVENTS)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    let port = 0;
    for await (const told of createInterface({ input: server.stdout })) {
      ({ port } = JSON.parse(told) as { port: number });
      break;
    }
    const kubeconfig = join(folder, "kubeconfig");
    const authority = Buffer.from(testCertificate("a").cert).toString("base64");
    const cluster = { server: `https://127.0.0.1:${port}`, "certificate-authority-data": authority };
    const config = {
      clusters: [{ name: "bench", cluster }],
      users: [{ name: "bench", user: { token: "bench" } }],
      contexts: [{ name: "bench", context: { cluster: "bench", user: "bench" } }],
      "current-context": "bench",
    };
    writeFileSync(kubeconfig, JSON.stringify(config));

    const costs = new Map<WatchBenchRow["client"], Cost[]>(CLIENTS.map((client) => [client, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const client of CLIENTS) {
        const args = [script("watch-client.ts"), client, kubeconfig, String(warmUp), String(events)];
        const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 120_000 });
        costs.get(client)?.push(JSON.parse(stdout) as Cost);
      }
    }
    return CLIENTS.map((client) => {
      const taken = costs.get(client) ?? [];
      return {
        client,
        eventsPerSecond: median(taken.map((cost) => (cost.events / cost.wallMs) * 1000)),
        cpuUsPerEvent: median(taken.map((cost) => (cost.cpuMs * 1000) / cost.events)),
        peakMb: median(taken.map(({ peakMb }) => peakMb)),
      };
    });
  } finally {
    server.kill();
    rmSync(folder, { recursive: true });
  }
}

function line(head: string, cells: readonly string[]): string {
  return `${head.padEnd(27)}${cells.map((cell) => cell.padStart(15)).join("")}`;
}

/**
 * A line per client. The last two columns: for how many of its Events the CPU time of one Event of client-node's
 * Watch is enough, as it is and with our stages behind it.
 */
export function watchTable(rows: readonly WatchBenchRow[]): string {
  const cpuOf = (name: WatchBenchRow["client"]): number =>
    rows.find(({ client }) => client === name)?.cpuUsPerEvent ?? Number.NaN;
  const asIs = cpuOf("client-node Watch");
  const judged = cpuOf("client-node Watch, judged");
  return [
    line("70 % Normal, for Warnings", ["Events/s", "CPU us/Event", "peak MB", "x Watch", "x Watch, judged"]),
    ...rows.map(({ client, eventsPerSecond, cpuUsPerEvent, peakMb }) =>
      line(client, [
        Math.round(eventsPerSecond).toLocaleString("en"),
        cpuUsPerEvent.toFixed(2),
        peakMb.toFixed(0),
        (asIs / cpuUsPerEvent).toFixed(2),
        (judged / cpuUsPerEvent).toFixed(2),
      ]),
    ),
  ].join("\n");
}

if (import.meta.main) {
  const rows = await benchWatch();
  console.log(watchTable(rows));
  console.log(JSON.stringify(rows));
}
