import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundlePrograms } from "../../deploy/bundle.ts";
import { startFeishuBot } from "../../src/emulator/feishu-bot.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { runAsImage, type Ran } from "../support/image.ts";

const folder = mkdtempSync(join(tmpdir(), "kubewhen-bundle-"));
let metafile: Metafile;
let checker: Metafile;

beforeAll(async () => {
  ({ kubewhen: metafile, rulecheck: checker } = await bundlePrograms(folder));
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

  test("checks rules, with a configuration and without", async () => {
    expect(await run("rulecheck.cjs", "check", join(process.cwd(), "rules/default.rules"))).toMatchObject({ code: 0 });
    writeFileSync(join(folder, "wrong.rules"), "when knd=Pod notify feishu\n");
    writeFileSync(join(folder, "wrong.yaml"), "receivers: [{ name: feishu, stdot: {} }]\n");
    const paths = [join(folder, "wrong.rules"), "--config", join(folder, "wrong.yaml")];
    const { code, stdout } = await run("rulecheck.cjs", "check", ...paths);
    expect(code).toBe(1);
    expect(stdout).toContain("knd");
    expect(stdout).toContain("stdot");
  });

  test("explains what becomes of an Event", async () => {
    writeFileSync(join(folder, "any.rules"), "when kind=Pod notify feishu\n");
    const event = {
      kind: "Event",
      metadata: { name: "a" },
      involvedObject: { kind: "Pod", name: "x" },
      reason: "Failed",
    };
    writeFileSync(join(folder, "event.json"), JSON.stringify(event));
    const paths = [join(folder, "any.rules"), "--event", join(folder, "event.json")];
    expect(await run("rulecheck.cjs", "explain", ...paths)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("kind=Pod"),
    });
  });

  test("explains a code, reading the page that lies beside it in the image", async () => {
    const { code, stdout } = await run("rulecheck.cjs", "codes", "E201");
    expect(code).toBe(0);
    expect(stdout).toContain("E201");
  });

  test("sends a test with each kind of receiver", async () => {
    const bot = await startFeishuBot({ clock: systemClock });
    writeFileSync(join(folder, "url"), bot.url);
    const receivers = `[{ name: bot, feishu: { urlFile: ${join(folder, "url")} } }, { name: dump, stdout: {} }]`;
    writeFileSync(join(folder, "both.yaml"), `receivers: ${receivers}\n`);
    for (const name of ["bot", "dump"]) {
      const { code, stdout, stderr } = await run(
        "kubewhen.cjs",
        "send-test",
        name,
        "--config",
        join(folder, "both.yaml"),
      );
      expect({ code, stderr, last: stdout.trim().split("\n").at(-1) }).toEqual({
        code: 0,
        stderr: "",
        last: `${name}: delivered`,
      });
    }
    expect(bot.accepted()).toHaveLength(1);
    await bot.close();
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

const inputs = (): readonly string[] => Object.values(metafile.outputs).flatMap((file) => Object.keys(file.inputs));

/** Modules that run because `from` runs: all it imports, but not what it asks for later. */
const reached = (from: string, { inputs: modules }: Metafile): ReadonlySet<string> => {
  const seen = new Set([from]);
  for (const path of seen) {
    for (const { path: next, kind } of modules[path]?.imports ?? []) {
      if (kind !== "dynamic-import") seen.add(next);
    }
  }
  return seen;
};

/** All that stands in the files which are read because these modules run. */
const readFor = (entries: readonly string[], { inputs: modules, outputs }: Metafile): readonly string[] => {
  const ran = new Set(entries.flatMap((from) => Array.from(reached(from, { inputs: modules, outputs }))));
  const files = Object.values(outputs).map((file) => Object.keys(file.inputs));
  return files.filter((paths) => paths.some((path) => ran.has(path))).flat();
};

describe("what the bundle holds", () => {
  test("is small", () => {
    const bytes = Object.values(metafile.outputs).reduce((sum, file) => sum + file.bytes, 0);
    expect(bytes).toBeLessThan(2.5 * 1024 * 1024);
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

  test("each kind of receiver is a file that only its receivers ask for, and its shape the compiler", () => {
    const engine = readFor(["src/cli/kubewhen.ts", "src/cli/run.ts"], metafile);
    expect(engine).toContain("src/deliver/kinds.ts");
    expect(engine.filter((path) => /^src\/deliver\/[\w-]+\//.test(path))).toEqual([]);
    const kinds = Object.values(metafile.outputs)
      .map((file) => Object.keys(file.inputs).filter((path) => /^src\/deliver\/[\w-]+\/kind\.ts$/.test(path)))
      .filter((paths) => paths.length > 0);
    expect(kinds.length).toBeGreaterThan(1);
    expect(kinds.filter((paths) => paths.length > 1)).toEqual([]);
    const compiler = readFor(["src/cli/kubewhen.ts", "src/cli/compile.ts"], metafile);
    expect(compiler.filter((path) => path.endsWith("/kind.ts"))).toEqual([]);
  });

  test("the engine reads no file that holds parser, YAML or schema", () => {
    const read = readFor(["src/cli/kubewhen.ts", "src/cli/run.ts"], metafile);
    expect(read).toContain("src/pipeline.ts");
    expect(read.length).toBeGreaterThan(50);
    expect(read.filter((path) => /node_modules\/(chevrotain|@chevrotain|yaml|zod)\//.test(path))).toEqual([]);
  });

  test("the compiler reads no file that holds the engine's connections", () => {
    const read = readFor(["src/cli/kubewhen.ts", "src/cli/compile.ts"], metafile);
    expect(read).toContain("grammar/parser.ts");
    expect(read.filter((path) => /node_modules\/(@kubernetes\/client-node|undici)\//.test(path))).toEqual([]);
  });

  test("a check of rules reads no file that holds engine, YAML or schema", () => {
    const read = readFor(["src/cli/rulecheck.ts", "src/cli/check.ts", "src/language/load.ts"], checker);
    expect(read).toContain("grammar/parser.ts");
    expect(
      read.filter((path) =>
        /node_modules\/(yaml|zod|pino|undici|lru-cache)\/|src\/(decide|runtime|collect)\//.test(path),
      ),
    ).toEqual([]);
  });
});
