import { fork, type ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestAnswer, TestRequest } from "./tester.ts";

export type TestEnd = "passed" | "failed" | "timed out";

/** A copy of the repository in which one test at a time is run over a source with a mistake in it. */
export interface Bench {
  run(request: TestRequest, timeoutMs: number): Promise<TestEnd>;
  close(): void;
}

const TESTER = fileURLToPath(new URL("tester.ts", import.meta.url));
/** Vitest is up within seconds, also on a busy machine. */
const START_MS = 60_000;

const LEFT_OUT: ReadonlySet<string> = new Set(["node_modules", ".git", "dist", "coverage"]);

/** Copies what is below `root` but for what installing, building and Git make; packages are shared. */
export function createBench(root: string): Bench {
  const folder = mkdtempSync(join(tmpdir(), "mutate-"));
  cpSync(root, folder, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  let tester: ChildProcess | null = null;

  /** Its group goes with it: Vitest runs each test file in a process of its own, which may never end by itself. */
  const stop = (): void => {
    if (tester?.pid !== undefined && tester.exitCode === null) process.kill(-tester.pid, "SIGKILL");
    tester = null;
  };
  const start = async (): Promise<ChildProcess> => {
    const child = fork(TESTER, [root], { cwd: folder, detached: true, stdio: ["ignore", "ignore", "ignore", "ipc"] });
    tester = child;
    if ((await answerOf(child, START_MS)) !== "ready") throw new Error("Vitest does not start in the copy");
    return child;
  };

  return {
    async run(request, timeoutMs) {
      const child = tester ?? (await start());
      const answered = answerOf(child, timeoutMs);
      child.send(request);
      const answer = await answered;
      if (isAnswer(answer)) return answer.passed ? "passed" : "failed";
      stop();
      // A mistake that ends the process that runs the tests is noticed by any of them.
      return answer === "silent" ? "timed out" : "failed";
    },
    close() {
      stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The next message of a process; `gone` when it ends first, `silent` when it says nothing for so long. */
function answerOf(child: ChildProcess, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve) => {
    const end = (answer: unknown): void => {
      clearTimeout(timer);
      child.off("message", end);
      child.off("exit", gone);
      resolve(answer);
    };
    const gone = (): void => {
      end("gone");
    };
    const timer = setTimeout(end, timeoutMs, "silent");
    child.once("message", end);
    child.once("exit", gone);
  });
}

function isAnswer(answer: unknown): answer is TestAnswer {
  return typeof answer === "object" && answer !== null && "passed" in answer;
}
