import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** How a program ended and what it printed. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of the two programs from its sources, with nothing in its environment but what is given. */
export function runProgram(
  name: "kubewhen" | "rulecheck",
  args: readonly string[],
  { stdin = "", env = {}, cwd = ROOT }: { stdin?: string; env?: Record<string, string>; cwd?: string } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const command = [fileURLToPath(new URL(`../../src/cli/${name}.ts`, import.meta.url)), ...args];
    const child = execFile(process.execPath, command, { env, cwd }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, stdout, stderr });
    });
    child.stdin?.on("error", () => {
      // It ended without reading: its exit code says why.
    });
    child.stdin?.end(stdin);
  });
}
