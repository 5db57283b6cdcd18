import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { ROOT } from "../support/source-files.ts";
import { createBench } from "./bench.ts";

const root = mkdtempSync(join(tmpdir(), "bench-"));
const A = "export const a = (n: number): number => n + 1;\n";
const files = {
  "package.json": '{ "type": "module" }',
  "vitest.config.ts": 'export default { test: { include: ["test/*.test.ts"] } };\n',
  "src/a.ts": A,
  "src/b.ts": 'import { a } from "./a.ts";\nexport const b = (): number => a(1);\n',
  "test/a.test.ts":
    'import { expect, test } from "vitest";\nimport { a } from "../src/a.ts";\ntest("a", () => { expect(a(1)).toBe(2); });\n',
  "test/b.test.ts":
    'import { expect, test } from "vitest";\nimport { b } from "../src/b.ts";\ntest("b", () => { expect(b()).toBe(2); });\n',
};
for (const [path, text] of Object.entries(files)) {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}
symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));

const bench = createBench(root);
afterAll(() => {
  bench.close();
});

function run(path: string, text: string, test: string, timeoutMs = 60_000): Promise<string> {
  return bench.run({ source: { path, text }, test }, timeoutMs);
}

it("runs a test over the source it is given, each time anew, and over all others as they are", async () => {
  expect(await run("src/a.ts", A, "test/a.test.ts")).toBe("passed");
  expect(await run("src/a.ts", A.replace("1", "2"), "test/a.test.ts")).toBe("failed");
  expect(await run("src/a.ts", A.replace("1", "2"), "test/b.test.ts")).toBe("failed");
  expect(await run("src/a.ts", "export {};\n", "test/a.test.ts")).toBe("failed");
  expect(await run("src/a.ts", A, "test/a.test.ts")).toBe("passed");
  expect(await run("src/a.ts", A.replace("1", "2"), "test/a.test.ts")).toBe("failed");
  // The mistake before is taken back when another file has its turn.
  expect(await run("src/b.ts", files["src/b.ts"], "test/b.test.ts")).toBe("passed");
  expect(readFileSync(join(root, "src/a.ts"), "utf8")).toBe(A);
});

it("ends what never ends by itself, and goes on", async () => {
  const endless = "export const a = (): number => { for (;;); };\n";
  expect(await run("src/a.ts", endless, "test/a.test.ts", 3000)).toBe("timed out");
  expect(await run("src/a.ts", A, "test/a.test.ts")).toBe("passed");
});
