import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FeishuBot } from "../../src/emulator/feishu-bot.ts";

const KUBEWHEN = fileURLToPath(new URL("../../src/cli/kubewhen.ts", import.meta.url));
const PATIENCE_MS = 60_000;
const LOOK_PAUSE_MS = 25;

/** Everything one installation has on its disk; it outlives the program. */
export interface Installation {
  /** Writes the rules as a whole, as a ConfigMap's swap does. */
  writeRules(text: string): void;
  start(): Promise<Program>;
  /** A file or folder of it. */
  path(name: string): string;
  remove(): void;
}

/** The real program, as a child process. */
export interface Program {
  readonly baseUrl: string;
  /** What it has printed so far, both streams. */
  output(): string;
  readiness(): Promise<{ readonly status: number; readonly body: string }>;
  /** The sum of a metric's series whose labels hold all these texts. */
  metric(name: string, ...labels: readonly string[]): Promise<number>;
  /** SIGTERM; answers the exit code. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
}

/** Looks again and again until `look` answers something; fails with `what` after a minute. */
export async function until<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const seen = await look();
    if (seen !== null && seen !== undefined && seen !== false) return seen;
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await pause(LOOK_PAUSE_MS);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A folder with configuration, secrets and rules for one bot behind the receiver `feishu`. */
export function install(options: {
  readonly kubeconfig: string;
  readonly bot: FeishuBot;
  readonly rules: string;
  readonly config?: Readonly<Record<string, unknown>>;
}): Installation {
  const folder = mkdtempSync(join(tmpdir(), "kubewhen-flow-"));
  const path = (name: string): string => join(folder, name);
  const { bot } = options;
  const config = {
    cluster: "家里测试 K3S",
    receivers: [
      {
        name: "feishu",
        feishu: { urlFile: path("url"), ...(bot.settings.secret === null ? {} : { secretFile: path("secret") }) },
      },
    ],
    outbox: { path: path("outbox") },
    server: { listen: "127.0.0.1:0" },
    ...options.config,
  };
  const writeRules = (text: string): void => {
    writeFileSync(path("next.tmp"), text);
    renameSync(path("next.tmp"), path("flow.rules"));
  };
  writeFileSync(path("url"), `${bot.url}\n`);
  writeFileSync(path("secret"), `${bot.settings.secret ?? ""}\n`);
  writeFileSync(path("kubeconfig"), options.kubeconfig);
  writeFileSync(path("config.yaml"), JSON.stringify(config));
  writeRules(options.rules);
  return {
    writeRules,
    path,
    start: () => start(path("config.yaml"), path("flow.rules"), path("kubeconfig")),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function start(config: string, rules: string, kubeconfig: string): Promise<Program> {
  const child: ChildProcess = spawn(
    process.execPath,
    [KUBEWHEN, "run", "--config", config, "--rules", rules, "--kubeconfig", kubeconfig],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  let gone = false;
  void exited.then(() => (gone = true));
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (!gone) child.kill(signal);
    return exited;
  };

  const port = await until("the program's port", () => {
    if (gone) throw new Error(`the program ended early:\n${output}`);
    return /"port":(\d+),"msg":"kubewhen started"/.exec(output)?.[1];
  });
  const baseUrl = `http://127.0.0.1:${port}`;
  const readiness = async (): Promise<{ status: number; body: string }> => {
    const answer = await fetch(`${baseUrl}/readyz`);
    return { status: answer.status, body: await answer.text() };
  };
  await until("a ready program", async () => (await readiness()).status === 200);
  return {
    baseUrl,
    output: () => output,
    readiness,
    async metric(name, ...labels) {
      const text = await (await fetch(`${baseUrl}/metrics`)).text();
      return text
        .split("\n")
        .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
        .filter((line) => labels.every((label) => line.includes(label)))
        .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    },
    stop: () => end("SIGTERM"),
    async kill() {
      await end("SIGKILL");
    },
  };
}
