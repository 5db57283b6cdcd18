import { symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { NotAFile, readRegularFile } from "../../src/cli/regular-file.ts";
import { aFolder } from "../support/delivery.ts";
import { makePipe } from "../support/pipes.ts";

test("reads a file, also behind a link", () => {
  const folder = aFolder();
  writeFileSync(join(folder, "a"), "text");
  symlinkSync("a", join(folder, "b"));
  expect(readRegularFile(join(folder, "b")).toString()).toBe("text");
});

test("refuses a pipe without waiting for a writer, a device that never ends, and a folder", () => {
  const folder = aFolder();
  expect(() => readRegularFile(makePipe(join(folder, "pipe")))).toThrow("it is a pipe or a device, not a file");
  expect(() => readRegularFile("/dev/zero")).toThrow("it is a pipe or a device, not a file");
  expect(() => readRegularFile(folder)).toThrow("it is a folder, not a file");
});

test("refuses more than fits into the memory of a small board", () => {
  const path = join(aFolder(), "large");
  writeFileSync(path, "");
  truncateSync(path, 16 * 1024 * 1024 + 1);
  expect(() => readRegularFile(path)).toThrow(NotAFile);
});

test("lets the file system say why a path cannot be opened", () => {
  expect(() => readRegularFile("/nowhere/at/all")).toThrow("ENOENT");
});
