import { spawn } from "node:child_process";
import type { Config } from "./config/config.ts";
import type { Diagnostic } from "./model/diagnostic.ts";
import type { RuleSet } from "./model/rule.ts";

/** What an operator wrote, read and checked. */
export interface Compiled {
  /** Null when it has errors. May hold secrets that came from the environment: never to be logged. */
  readonly config: Config | null;
  /** Null when the rules have errors, or name what the configuration does not have. */
  readonly ruleSet: RuleSet | null;
  /** All of both files, sorted. Errors among them exactly when one of the two is null. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface CompileOptions {
  /** Program to run, with its arguments up to the command `compile`. */
  readonly command: readonly [string, ...string[]];
  readonly configPath: string;
  readonly rulesPath: string;
}

/** A file cannot be read, or the child came to no answer. The message is free of secrets. */
export class CompileFailed extends Error {
  override readonly name = "CompileFailed";
}

/**
 * Reads and checks configuration and rules in a child process, and answers once it has exited: parser, YAML and
 * schema take some 15 MB that only a process gives back. Throws CompileFailed.
 */
export async function compileInChild({ command, configPath, rulesPath }: CompileOptions): Promise<Compiled> {
  const [program, ...leading] = command;
  const child = spawn(program, [...leading, "compile", "--config", configPath, "--rules", rulesPath], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  const ending = await new Promise<string | null>((resolve, reject) => {
    child.once("error", (error) => reject(new CompileFailed(`cannot start the compiler: ${error.message}`)));
    child.once("close", (status, signal) => {
      if (signal !== null) resolve(`the compiler was killed by ${signal}`);
      else resolve(status === 0 ? null : `the compiler exited with ${status}`);
    });
  });
  if (ending !== null) throw new CompileFailed(Buffer.concat(err).toString().trim() || ending);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the child is this program
  return JSON.parse(Buffer.concat(out).toString()) as Compiled;
}
