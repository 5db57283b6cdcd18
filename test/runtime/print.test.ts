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

test("waits for a reader whose pipe is full, and loses nothing", async () => {
  const path = join(aFolder(), "pipe");
  expect(spawnSync("/usr/bin/mkfifo", [path]).status).toBe(0);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  onTestFinished(() => [reader, writer].forEach((descriptor) => closeSync(descriptor)));
  const line = "x".repeat(300_000);
  let done = false;
  const printing = createPrint(systemClock, writer)(line).then(() => (done = true));
  let read = "";
  const chunk = Buffer.alloc(1 << 16);
  await expect
    .poll(() => {
      try {
        read += chunk.toString("utf8", 0, readSync(reader, chunk));
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
      }
      return read.length;
    })
    .toBe(300_001);
  await printing;
  expect(done).toBe(true);
  expect(read).toBe(`${line}\n`);
});

test("rejects with the system's error, and prints on", async () => {
  const { path, descriptor } = aFile();
  const readOnly = openSync(path, "r");
  onTestFinished(() => closeSync(readOnly));
  await expect(createPrint(systemClock, readOnly)("x")).rejects.toMatchObject({ code: "EBADF", syscall: "write" });
  const print = createPrint(systemClock, descriptor);
  await print("y");
  expect(readFileSync(path, "utf8")).toBe("y\n");
});
