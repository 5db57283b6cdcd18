import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { testCertificate } from "../support/test-certificates.ts";

/** One way to read a watch, over the same bytes from the same server. */
export interface WatchBenchRow {
  readonly client: "newline scan" | "client-node Watch" | "kubewhen, all parsed" | "kubewhen";
  readonly eventsPerSecond: number;
  readonly cpuUsPerEvent: number;
  /** Of the client's whole process. */
  readonly peakMb: number;
}

export interface WatchBenchOptions {
  readonly events?: number;
  /** The median of so many runs counts. */
  readonly rounds?: number;
}

const CLIENTS: readonly WatchBenchRow["client"][] = [
  "newline scan",
  "client-node Watch",
  "kubewhen, all parsed",
  "kubewhen",
];

interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMb: number;
}

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
  const { events = 200_000, rounds = 3 } = options;
  const folder = mkdtempSync(join(tmpdir(), "kubewhen-bench-"));
  const server = spawn(process.execPath, [script("watch-server.ts"), String(events)], {
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
        const args = [script("watch-client.ts"), client, kubeconfig, String(events)];
        const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 120_000 });
        costs.get(client)?.push(JSON.parse(stdout) as Cost);
      }
    }
    return CLIENTS.map((client) => {
      const taken = costs.get(client) ?? [];
      return {
        client,
        eventsPerSecond: (events / median(taken.map(({ wallMs }) => wallMs))) * 1000,
        cpuUsPerEvent: (median(taken.map(({ cpuMs }) => cpuMs)) * 1000) / events,
        peakMb: median(taken.map(({ peakMb }) => peakMb)),
      };
    });
  } finally {
    server.kill();
    rmSync(folder, { recursive: true });
  }
}

function line(head: string, cells: readonly string[]): string {
  return `${head.padEnd(22)}${cells.map((cell) => cell.padStart(16)).join("")}`;
}

/** A line per client; the last column is how many times as fast as client-node's Watch it is. */
export function watchTable(rows: readonly WatchBenchRow[]): string {
  const theirs = rows.find(({ client }) => client === "client-node Watch")?.eventsPerSecond ?? Number.NaN;
  return [
    line("bytes to verdicts", ["Events/s", "CPU us/Event", "peak MB", "x client-node"]),
    ...rows.map(({ client, eventsPerSecond, cpuUsPerEvent, peakMb }) =>
      line(client, [
        Math.round(eventsPerSecond).toLocaleString("en"),
        cpuUsPerEvent.toFixed(2),
        peakMb.toFixed(0),
        (eventsPerSecond / theirs).toFixed(2),
      ]),
    ),
  ].join("\n");
}

if (import.meta.main) {
  const rows = await benchWatch();
  console.log(watchTable(rows));
  console.log(JSON.stringify(rows));
}
