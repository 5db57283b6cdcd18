import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { systemClock } from "../../src/runtime/clock.ts";
import { imageEnvironment, imageFlags } from "../support/image.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A line that the world told. */
interface Told {
  readonly kubeconfig?: string;
  readonly botUrl?: string;
  readonly watchedAt?: number;
  readonly streamed?: number;
  readonly delivered?: number;
}

/** A cluster and a bot, in a process of their own, and what the engine needs to find them. */
export interface World {
  /** Arguments of `kubewhen` for the command and this world; `run` also takes `kubeconfig`. */
  readonly inputs: readonly string[];
  readonly kubeconfig: string;
  /** Epoch ms of the next request for a watch after this call. */
  watched(): Promise<number>;
  /** Streams so many Events; answers how many notifications have come out so far. */
  stream(events: number): Promise<number>;
  /** Forgets what the engine kept on disk. */
  clear(): void;
  close(): void;
}

/** Starts a world with so many Events lying in it. */
export async function startWorld(storedEvents: number): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "kubewhen-bench-"));
  const child = spawn(process.execPath, [join(ROOT, "test/bench/world.ts"), String(storedEvents)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const waiting: { readonly wants: (told: Told) => boolean; readonly take: (told: Told) => void }[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    const told = JSON.parse(line) as Told;
    const at = waiting.findIndex(({ wants }) => wants(told));
    if (at >= 0) waiting.splice(at, 1)[0]?.take(told);
  });
  const next = (wants: (told: Told) => boolean): Promise<Told> =>
    new Promise((resolve) => {
      waiting.push({ wants, take: resolve });
    });

  const { kubeconfig = "", botUrl = "" } = await next((told) => told.kubeconfig !== undefined);
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const outbox = join(folder, "outbox");
  const config = {
    cluster: "bench",
    receivers: [{ name: "feishu", feishu: { urlFile: write("url", botUrl) } }],
    outbox: { path: outbox },
    server: { listen: "127.0.0.1:0" },
  };
  const inputs = [
    "--config",
    write("config.yaml", JSON.stringify(config)),
    "--rules",
    join(ROOT, "rules/default.rules"),
  ];
  return {
    inputs,
    kubeconfig: write("kubeconfig", kubeconfig),
    watched: async () => (await next((told) => told.watchedAt !== undefined)).watchedAt ?? Number.NaN,
    stream: async (events) => {
      child.stdin.write(`${events}\n`);
      return (await next((told) => told.streamed !== undefined)).delivered ?? 0;
    },
    clear: () => rmSync(outbox, { recursive: true, force: true }),
    close() {
      child.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Makes `dist/kubewhen.cjs` and `dist/rulecheck.cjs` as the image does; answers their paths. */
export async function bundlePrograms(): Promise<{ readonly kubewhen: string; readonly rulecheck: string }> {
  await promisify(execFile)(process.execPath, ["deploy/bundle.ts"], { cwd: ROOT });
  return { kubewhen: join(ROOT, "dist/kubewhen.cjs"), rulecheck: join(ROOT, "dist/rulecheck.cjs") };
}

/** Environment of the image, and trust in the bot's certificate on top of Node's own. */
export const engineEnvironment: Readonly<Record<string, string>> = {
  ...imageEnvironment,
  NODE_EXTRA_CA_CERTS: join(ROOT, "test/fixtures/tls/a.crt"),
};

/** Starts Node under flags and environment of the image, as quiet as it can be. */
export function spawnAsImage(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [...imageFlags, ...args], {
    env: engineEnvironment,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

/** Starts the engine in this world, as the image starts it. */
export function spawnEngine(kubewhen: string, { inputs, kubeconfig }: World): ChildProcess {
  return spawnAsImage(kubewhen, "run", ...inputs, "--kubeconfig", kubeconfig, "--log-level", "warn");
}

/** Ends a process in good order, by force after ten seconds. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  const patience = new AbortController();
  child.kill("SIGTERM");
  systemClock.sleep(10_000, patience.signal).then(
    () => child.kill("SIGKILL"),
    () => {},
  );
  await ended;
  patience.abort();
}
