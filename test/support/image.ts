import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { parseDockerfile } from "./dockerfile.ts";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const image = parseDockerfile(readFileSync("deploy/Dockerfile", "utf8")).stages.at(-1)?.instructions ?? [];
const valueOf = (instruction: string): string => image.find(({ name }) => name === instruction)?.value ?? "";
const entryPoint = JSON.parse(valueOf("ENTRYPOINT")) as readonly string[];

/** The flags that the image gives Node. */
export const imageFlags: readonly string[] = entryPoint.filter((one) => one.startsWith("--"));

/** The environment that the image sets. */
export const imageEnvironment: Readonly<Record<string, string>> = Object.fromEntries(
  valueOf("ENV")
    .split(/\s+/)
    .map((pair) => pair.split("=")),
);

/** Runs a bundled program with this Node under the very flags and environment that the image gives it. */
export function runAsImage(program: string, ...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { env: { ...imageEnvironment, PATH: process.env["PATH"] } };
    execFile(process.execPath, [...imageFlags, program, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}
