import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../../deploy/bundle.ts";
import { runAsImage, type Ran } from "../support/image.ts";

const folder = mkdtempSync(join(tmpdir(), "kubewhen-bundle-"));
let metafile: Metafile;

beforeAll(async () => {
  metafile = await bundle({ outFile: join(folder, "kubewhen.cjs") });
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (program: string, ...args: readonly string[]): Promise<Ran> => runAsImage(join(folder, program), ...args);

describe("the bundle, under the flags of the image", () => {
  test("says how it is used", async () => {
    const { code, stdout } = await run("kubewhen.cjs", "--help");
    expect(code).toBe(0);
    expect(stdout).toContain("Usage: kubewhen");
    expect(stdout).toContain("send-test");
  });

  test("is rulecheck when it is called so", async () => {
    expect(await run("rulecheck.cjs", "check", join(process.cwd(), "rules/default.rules"))).toMatchObject({ code: 0 });
    writeFileSync(join(folder, "wrong.rules"), "when knd=Pod notify feishu\n");
    const { code, stdout } = await run("rulecheck.cjs", "check", join(folder, "wrong.rules"));
    expect(code).toBe(1);
    expect(stdout).toContain("knd");
  });

  test("explains a code, reading the page that lies beside it in the image", async () => {
    const { code, stdout } = await run("rulecheck.cjs", "codes", "E201");
    expect(code).toBe(0);
    expect(stdout).toContain("E201");
  });

  test("compiles rules and configuration for the engine", async () => {
    writeFileSync(join(folder, "config.yaml"), "receivers: [{ name: feishu, stdout: {} }]\n");
    writeFileSync(join(folder, "right.rules"), "when type=Warning and kind=Pod rate<5/10m notify feishu\n");
    const paths = ["--config", join(folder, "config.yaml"), "--rules", join(folder, "right.rules")];
    const { code, stdout } = await run("kubewhen.cjs", "compile", ...paths);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ diagnostics: [], ruleSet: { statements: [{ kind: "rule" }] } });
  });
});

const inputs = (): readonly string[] => Object.keys(Object.values(metafile.outputs)[0]?.inputs ?? {});

/** Modules that run because `from` runs: all it imports, but not what it asks for later. */
const reached = (from: string): ReadonlySet<string> => {
  const seen = new Set([from]);
  for (const path of seen) {
    for (const { path: next, kind } of metafile.inputs[path]?.imports ?? []) {
      if (kind !== "dynamic-import") seen.add(next);
    }
  }
  return seen;
};

describe("what the bundle holds", () => {
  test("is small", () => {
    expect(Object.values(metafile.outputs)[0]?.bytes).toBeLessThan(3 * 1024 * 1024);
  });

  test.each([
    ["the generated client", /client-node\/dist\/gen\/(apis|models)\/.*(Api|V1Pod)\.js/],
    ["fetch and its kin", /undici\/lib\/web\/(fetch\/index|websocket)/],
    ["mocks and caches", /undici\/lib\/(mock|cache)\//],
    ["undici's second parser", /undici\/lib\/milo\//],
    ["web sockets", /node_modules\/(ws|isomorphic-ws)\//],
  ])("leaves out %s", (_what, pattern) => {
    expect(inputs().filter((path) => pattern.test(path))).toEqual([]);
  });

  test("the engine runs without ever loading parser, YAML or schema", () => {
    const paths = [...reached("src/cli/run.ts")];
    expect(paths.length).toBeGreaterThan(50);
    expect(paths.filter((path) => /node_modules\/(chevrotain|@chevrotain|yaml|zod)\//.test(path))).toEqual([]);
  });

  test("the compiler runs without ever loading the engine's connections", () => {
    const paths = [...reached("src/cli/compile.ts")];
    expect(paths.filter((path) => /node_modules\/(@kubernetes\/client-node|undici)\//.test(path))).toEqual([]);
  });
});
