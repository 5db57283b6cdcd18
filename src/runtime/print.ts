import { write } from "node:fs";
import type { Clock } from "./clock.ts";

/** Prints one line; resolves once the system has it, rejects with the system's error. */
export type Print = (line: string) => Promise<void>;

/** How soon a full pipe is tried again. */
const FULL_PAUSE_MS = 20;

/**
 * Prints to a file descriptor, by default standard output, one line after the other in the order of the calls.
 *
 * Unlike `process.stdout`, which writes to files and pipes while everything waits, it leaves the event loop free
 * between and during writes, however slow the disk or the reader is.
 */
export function createPrint(clock: Clock, descriptor = 1): Print {
  let last: Promise<void> = Promise.resolve();

  const writeAll = async (bytes: Buffer): Promise<void> => {
    for (let at = 0; at < bytes.length;) {
      const written = await writeSome(descriptor, bytes, at);
      if (written === 0) await clock.sleep(FULL_PAUSE_MS);
      at += written;
    }
  };

  return (line) => {
    const printed = last.then(() => writeAll(Buffer.from(`${line}\n`)));
    last = printed.catch(() => {});
    return printed;
  };
}

/** Answers how many bytes went; 0 when the other end has no room for more at the moment. */
function writeSome(descriptor: number, bytes: Buffer, from: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, from, bytes.length - from, null, (error, written) => {
      if (error === null) resolve(written);
      else if (error.code === "EAGAIN") resolve(0);
      else reject(error);
    });
  });
}
