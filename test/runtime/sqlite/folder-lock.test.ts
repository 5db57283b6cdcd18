import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lockFolder } from "../../../src/runtime/sqlite/folder-lock.ts";
import { aFolder } from "../../support/delivery.ts";
import { NOON } from "../../support/events.ts";

const MODULE = new URL("../../../src/runtime/sqlite/folder-lock.ts", import.meta.url).href;

/** Another process that takes the folder and keeps it. */
async function otherHolder(folder: string): Promise<{ pid: number; kill(): Promise<void> }> {
  const program = `import { lockFolder } from ${JSON.stringify(MODULE)};
    const lock = lockFolder(${JSON.stringify(folder)}, ${NOON});
    console.log("heldBy" in lock ? lock.heldBy : "held");
    setInterval(() => lock, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program]);
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  expect(said.toString().trim()).toBe("held");
  return {
    pid: child.pid ?? 0,
    async kill() {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

function heldBy(folder: string): string | null {
  const lock = lockFolder(folder, NOON);
  if ("heldBy" in lock) return lock.heldBy;
  lock.release();
  return null;
}

test("says who holds a folder, until that process ends, however it ends", async () => {
  const folder = aFolder();
  const other = await otherHolder(folder);
  expect(heldBy(folder)).toBe(`process ${other.pid} on ${hostname()} since 2026-11-22T12:00:00.000Z`);
  await other.kill();
  expect(heldBy(folder)).toBeNull();
});

test("a second hold within one process is none either, and asking for it ends nothing", () => {
  const folder = aFolder();
  const lock = lockFolder(folder, NOON);
  expect(heldBy(folder)).toContain(`process ${process.pid} `);
  expect(heldBy(folder)).toContain(`process ${process.pid} `);
  if ("release" in lock) lock.release();
  if ("release" in lock) lock.release();
  expect(heldBy(folder)).toBeNull();
});

test.each([
  ["is gone", null],
  ["was cut short", "{"],
  ["holds something else", "7"],
])("names no holder where its note %s", (_what, text) => {
  const folder = aFolder();
  const lock = lockFolder(folder, NOON);
  const note = join(folder, "kubewhen.lock.json");
  if (text === null) rmSync(note);
  else writeFileSync(note, text);
  expect(heldBy(folder)).toBe("another process");
  if ("release" in lock) lock.release();
});

test("a lock file that somebody has written into is made anew, for its owner alone", () => {
  const folder = aFolder();
  const path = join(folder, "kubewhen.lock");
  writeFileSync(path, "not a database ".repeat(100));
  const lock = lockFolder(folder, NOON);
  expect("release" in lock).toBe(true);
  expect(statSync(path).mode % 0o1000).toBe(0o600);
  expect(heldBy(folder)).toContain("process");
  if ("release" in lock) lock.release();
});
