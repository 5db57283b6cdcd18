import { execFileSync } from "node:child_process";

/** Makes a named pipe: opening it to read waits until somebody opens it to write. */
export function makePipe(path: string): string {
  execFileSync("mkfifo", [path]);
  return path;
}
