import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { loadDialects, loadKind, loadShapes } from "../../src/deliver/kinds.ts";

const FOLDERS = readdirSync("src/deliver", { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .toSorted();

test("every folder is a kind and has its row, with all its parts", async () => {
  expect([...(await loadShapes()).keys()].toSorted()).toEqual(FOLDERS);
  const dialects = await loadDialects();
  expect([...dialects.keys()].toSorted()).toEqual(FOLDERS);
  for (const name of FOLDERS) {
    const kind = await loadKind(name);
    expect(kind.dialect).toBe(dialects.get(name));
    expect(kind.dialect.kind).toBe(name);
    expect(kind.limits).toBe(kind.dialect.limits);
    expect(kind.batch).toBeGreaterThan(0);
  }
});

test.each(["pigeon", "constructor"])("there is no kind %s", async (name) => {
  await expect(loadKind(name)).rejects.toThrow(`no kind of receiver is called ${name}`);
});
