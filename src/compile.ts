import { spawn } from "node:child_process";
import { StringDecoder } from "node:string_decoder";
import type { Config } from "./config/config.ts";
import type { Diagnostic } from "./model/diagnostic.ts";
import type { RuleSet, Statement } from "./model/rule.ts";
import type { Clock } from "./runtime/clock.ts";

/** What an operator wrote, read and checked. */
export interface Compiled {
  /** Null when it has errors. May hold secrets that came from the environment: never to be logged. */
  readonly config: Config | null;
  /** Null when the rules have errors, name what the configuration does not have, or cannot be read. */
  readonly ruleSet: RuleSet | null;
  /** A sentence; null when the rules could be read. */
  readonly rulesUnreadable: string | null;
  /** All of both files, sorted. */
  readonly diagnostics: readonly Diagnostic[];
}

/** The child's last line. On each line before it stands one statement. */
export interface CompiledSummary extends Omit<Compiled, "ruleSet"> {
  /** False: the statements before it are refused as a whole. */
  readonly rulesSound: boolean;
}

export interface CompileOptions {
  /** Program to run, with its arguments up to the command `compile`. */
  readonly command: readonly [string, ...string[]];
  readonly configPath: string;
  readonly rulesPath: string;
  readonly clock: Clock;
}

/**
 * The configuration cannot be read, or the child came to no answer: trying again may help. The message is a sentence
 * that holds nothing of the files.
 */
export class CompileFailed extends Error {
  override readonly name = "CompileFailed";
}

/** The engine cannot start until a person mends what the author wrote. */
export class RefusedInputs extends Error {
  override readonly name = "RefusedInputs";
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super("the configuration or the rules have errors");
    this.diagnostics = diagnostics;
  }
}

/** Exit code of a child that says on standard error, in one sentence, why there is no answer. */
export const CANNOT_READ = 2;

/** The largest rule set takes 4 s of a processor (measured on Node 26, x86-64, 2026-11), and boards are slower. */
const COMPILE_MS = 60_000;
/** Most of a sentence that is kept. */
const MAX_SENTENCE = 1_000;

/**
 * Reads and checks configuration and rules in a child process, and answers once it has exited: parser, YAML and
 * schema take some 15 MB that only a process gives back. A child without an answer after a minute is killed.
 *
 * Throws CompileFailed, and the signal's reason once that is aborted; then the child is killed too.
 */
export async function compileInChild(options: CompileOptions, signal: AbortSignal): Promise<Compiled> {
  signal.throwIfAborted();
  const { command, configPath, rulesPath, clock } = options;
  const [program, ...leading] = command;
  const child = spawn(program, [...leading, "compile", "--config", configPath, "--rules", rulesPath], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const answer = createAnswer();
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => answer.add(chunk));
  child.stderr.on("data", (chunk: Buffer) => {
    if (said.length < MAX_SENTENCE) said += chunk.toString();
  });
  const ended = new Promise<Ending>((resolve) => {
    child.once("error", ({ message }) => resolve({ kind: "unstarted", message }));
    child.once("close", (status, killedBy) => resolve({ kind: "closed", status, killedBy }));
  });
  const answered = new AbortController();
  const late = clock.sleep(COMPILE_MS, AbortSignal.any([signal, answered.signal])).then(
    (): Ending => ({ kind: "late" }),
    (): Ending => ({ kind: "stopped" }),
  );
  const ending = await Promise.race([ended, late]);
  answered.abort();
  if (ending.kind === "late" || ending.kind === "stopped") {
    // A child that waits for a disk outlives even this: we do not wait for it.
    child.kill("SIGKILL");
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
  }
  signal.throwIfAborted();
  const failure = failureOf(ending, said);
  if (failure !== null) throw new CompileFailed(failure);
  return answer.take();
}

type Ending =
  | { readonly kind: "closed"; readonly status: number | null; readonly killedBy: NodeJS.Signals | null }
  | { readonly kind: "unstarted"; readonly message: string }
  | { readonly kind: "late" | "stopped" };

function failureOf(ending: Ending, said: string): string | null {
  switch (ending.kind) {
    case "late":
    case "stopped":
      return `the compiler gave no answer within ${COMPILE_MS / 1_000} s and was killed`;
    case "unstarted":
      return `cannot start the compiler: ${ending.message}`;
    case "closed":
      if (ending.status === 0) return null;
      // Of a crash nobody knows what it prints: there may be a secret in it.
      if (ending.status === CANNOT_READ && said !== "") return said.slice(0, MAX_SENTENCE).trim();
      if (said.includes("heap out of memory")) return "the compiler ran out of memory";
      return ending.killedBy === null
        ? `the compiler exited with ${ending.status}`
        : `the compiler was killed by ${ending.killedBy}`;
  }
}

interface Answer {
  add(chunk: Buffer): void;
  /** Throws CompileFailed for an answer that is not whole. */
  take(): Compiled;
}

/** Reads the child's lines as they come: of 10,000 rules the text alone would be 8 MB. */
function createAnswer(): Answer {
  const decoder = new StringDecoder("utf8");
  const values: unknown[] = [];
  let rest = "";
  let isBroken = false;
  return {
    add(chunk) {
      const lines = (rest + decoder.write(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        try {
          values.push(JSON.parse(line));
        } catch (error) {
          // Its message quotes the text.
          if (!(error instanceof SyntaxError)) throw error;
          isBroken = true;
        }
      }
    },
    take() {
      const summary = values.pop();
      if (isBroken || rest !== "" || summary === undefined) {
        throw new CompileFailed("the compiler's answer is not whole");
      }
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the child is this program
      const { rulesSound, ...compiled } = summary as CompiledSummary;
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- and so are these
      const statements = values as Statement[];
      return { ...compiled, ruleSet: rulesSound ? { statements } : null };
    },
  };
}
