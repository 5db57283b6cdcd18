import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, readSync, constants } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/runtime/clock.ts";
import { createPrint } from "../../src/runtime/print.ts";
import { aFolder } from "../support/delivery.ts";

function aFile(): { path: string; descriptor: number } {
  const path = join(aFolder(), "out");
  const descriptor = openSync(path, "w");
  onTestFinished(() => closeSync(descriptor));
  return { path, descriptor };
}

test("prints lines in the order of the calls, and says when each is written", async () => {
  const { path, descriptor } = aFile();
  const print = createPrint(systemClock, descriptor);
  const first = print("one");
  const last = Promise.all([print("好"), print("three")]);
  await first;
  expect(readFileSync(path, "utf8")).toMatch(/^one\n/);
  await last;
  expect(readFileSync(path, "utf8")).toBe("one\n好\nthree\n");
});

test("leaves the event loop free between lines", async () => {
  const { descriptor } = aFile();
  const print = createPrint(systemClock, descriptor);
  let turns = 0;
  const printed = new AbortController();
  const others = (async (): Promise<void> => {
    for (; !printed.signal.aborted; turns += 1) await systemClock.sleep(0);
  })();
  for (let n = 0; n < 1000; n += 1) await print(`line ${n}`);
  printed.abort();
  await others;
  expect(turns).toBeGreaterThan(5);
});

/** A pipe by name, with both its ends open and neither of them waiting. */
function aPipe(): { path: string; reader: number; writer: number } {
  const path = join(aFolder(), "pipe");
  expect(spawnSync("/usr/bin/mkfifo", [path]).status).toBe(0);
  return { path, reader: openReader(path), writer: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK) };
}

function openReader(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

/** What the pipe holds at the moment. */
function readNow(reader: number): string {
  const chunk = Buffer.alloc(1 << 16);
  try {
    return chunk.toString("utf8", 0, readSync(reader, chunk));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EAGAIN") return "";
    throw error;
  }
}

test("waits for a reader whose pipe is full, loses nothing and keeps the order", async () => {
  const { reader, writer } = aPipe();
  onTestFinished(() => [reader, writer].forEach((descriptor) => closeSync(descriptor)));
  const print = createPrint(systemClock, writer);
  const line = "x".repeat(300_000);
  const printing = Promise.all([print(line), print("after it")]);
  let read = "";
  await expect
    .poll(() => {
      read += readNow(reader);
      return read.length;
    })
    .toBe(300_010);
  await printing;
  expect(read).toBe(`${line}\nafter it\n`);
});

test("rejects with the system's error, and prints on once there is a reader again", async () => {
  const { path, reader, writer } = aPipe();
  const print = createPrint(systemClock, writer);
  closeSync(reader);
  await expect(print("lost")).rejects.toMatchObject({ code: "EPIPE", syscall: "write" });
  const next = openReader(path);
  onTestFinished(() => [next, writer].forEach((descriptor) => closeSync(descriptor)));
  await print("found");
  expect(readNow(next)).toBe("found\n");
});
