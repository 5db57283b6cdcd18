import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readRuleSources, RulesUnreadableError } from "../../src/language/read-rule-sources.ts";
import { makePipe } from "../support/pipes.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rules-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const names = (): readonly string[] => readRuleSources(folder).map(({ file }) => file.slice(folder.length + 1));

test("reads the rules of a folder in byte order and nothing else", () => {
  for (const name of ["b.rules", "a.rules", "B.rules", "é.rules", ".hidden.rules", "notes.txt"]) {
    writeFileSync(join(folder, name), "");
  }
  mkdirSync(join(folder, "deeper.rules"));
  expect(names()).toEqual(["B.rules", "a.rules", "b.rules", "é.rules"]);
});

test("follows the links of a mounted ConfigMap and reads each file once", () => {
  mkdirSync(join(folder, "..2026_11_22"));
  writeFileSync(join(folder, "..2026_11_22", "a.rules"), "when kind=Pod notify a");
  symlinkSync("..2026_11_22", join(folder, "..data"));
  symlinkSync("..data/a.rules", join(folder, "a.rules"));
  expect(readRuleSources(folder)).toEqual([{ file: join(folder, "a.rules"), text: "when kind=Pod notify a" }]);
});

test("a missing path, a dead link and bytes that are no UTF-8 are unreadable", () => {
  expect(() => readRuleSources(join(folder, "none"))).toThrow(RulesUnreadableError);
  const broken = join(folder, "a.rules");
  writeFileSync(broken, Uint8Array.of(0x77, 0xff));
  expect(() => readRuleSources(broken)).toThrow(RulesUnreadableError);
  rmSync(broken);
  symlinkSync("gone", broken);
  expect(() => readRuleSources(folder)).toThrow(RulesUnreadableError);
});

test("a pipe among the rules of a folder is unreadable, and is not waited for", () => {
  makePipe(join(folder, "a.rules"));
  expect(() => readRuleSources(folder)).toThrow("it is a pipe or a device, not a file");
});
