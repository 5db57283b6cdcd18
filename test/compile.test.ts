import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CompileFailed, compileInChild, type Compiled, type CompileOptions } from "../src/compile.ts";
import { systemClock } from "../src/runtime/clock.ts";
import { until } from "./flow/program.ts";
import { aFolder } from "./support/delivery.ts";
import { NOON } from "./support/events.ts";
import { createFakeClock } from "./support/fake-clock.ts";
import { imageFlags } from "./support/image.ts";
import { makePipe } from "./support/pipes.ts";

const COMMAND: CompileOptions["command"] = [process.execPath, "src/cli/kubewhen.ts"];

function someInputs(rules: string, config: object = { receivers: [{ name: "dump", stdout: {} }] }): CompileOptions {
  const folder = aFolder();
  const [configPath, rulesPath] = [join(folder, "config.yaml"), join(folder, "rules")];
  writeFileSync(configPath, JSON.stringify(config));
  mkdirSync(rulesPath);
  writeFileSync(join(rulesPath, "a.rules"), rules);
  return { command: COMMAND, configPath, rulesPath, clock: systemClock };
}

/** A program in the compiler's place. */
function aProgram(script: string): CompileOptions {
  return { ...someInputs(""), command: [process.execPath, "-e", script, "--"] };
}

function compile(options: CompileOptions, signal = new AbortController().signal): Promise<Compiled> {
  return compileInChild(options, signal);
}

function isRunning(pid: number): boolean {
  // A child that has ended and that nobody has asked for yet is a zombie: Z.
  return existsSync(`/proc/${pid}/stat`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

function isStopped(pid: number): boolean {
  return /\) T /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/** A child that says its process id in a file, stops as SIGSTOP stops it, and never goes on by itself. */
function aStoppedChild(): { readonly options: CompileOptions; readonly pid: () => Promise<number> } {
  const path = join(aFolder(), "pid");
  const options = aProgram(
    `require("fs").writeFileSync(${JSON.stringify(path)}, String(process.pid)); process.kill(process.pid, "SIGSTOP")`,
  );
  const pid = (): Promise<number> =>
    until("the child to stop", () => {
      const written = existsSync(path) ? Number(readFileSync(path, "utf8")) : 0;
      return written > 0 && isStopped(written) ? written : null;
    });
  return { options, pid };
}

test("hands back configuration and rules as plain data", async () => {
  const { config, ruleSet, diagnostics } = await compile(someInputs("r: when type=Warning notify dump"));
  expect(diagnostics).toEqual([]);
  expect(config?.receivers).toEqual([{ kind: "stdout", name: "dump", settings: {} }]);
  expect(ruleSet?.statements).toMatchObject([{ kind: "rule", name: "r", receivers: ["dump"] }]);
});

test("hands back the mistakes of both, and neither is there that has some", async () => {
  const broken = await compile(someInputs("when knd=Pod notify dmp"));
  expect(broken.config).not.toBeNull();
  expect(broken.ruleSet).toBeNull();
  expect(broken.diagnostics.map(({ code }) => code)).toEqual(["E201", "E501"]);
  const both = await compile(someInputs("when knd=Pod notify dump", { receivers: [], odd: 1 }));
  expect(both).toMatchObject({ config: null, ruleSet: null });
  expect(both.diagnostics.map(({ file }) => file.endsWith(".rules"))).toContain(true);
  expect(both.diagnostics.map(({ file }) => file.endsWith(".yaml"))).toContain(true);
});

test("fails for what cannot be read, in the words of the child", async () => {
  const inputs = someInputs("");
  const missing = compile({ ...inputs, configPath: "/nowhere/config.yaml" });
  await expect(missing).rejects.toThrow(CompileFailed);
  await expect(missing).rejects.toThrow("/nowhere/config.yaml");
});

test("hands back why rules cannot be read, with the configuration", async () => {
  const inputs = someInputs("");
  const missing = await compile({ ...inputs, rulesPath: "/nowhere/rules" });
  expect(missing.config).not.toBeNull();
  expect(missing.ruleSet).toBeNull();
  expect(missing.rulesUnreadable).toMatch(/^cannot read rules from \/nowhere\/rules: ENOENT/);
});

test("waits for no pipe in the place of a file", async () => {
  const inputs = someInputs("");
  const pipe = makePipe(join(aFolder(), "pipe"));
  await expect(compile({ ...inputs, configPath: pipe })).rejects.toThrow("it is a pipe or a device, not a file");
  expect((await compile({ ...inputs, rulesPath: pipe })).rulesUnreadable).toBe(
    `cannot read rules from ${pipe}: it is a pipe or a device, not a file`,
  );
});

test("gives a child a minute, and kills it then even if it is stopped", async () => {
  const clock = createFakeClock(NOON);
  const { options, pid } = aStoppedChild();
  const compiling = compile({ ...options, clock });
  const child = await pid();
  await clock.advance(59_999);
  expect(isRunning(child)).toBe(true);
  await Promise.all([
    expect(compiling).rejects.toThrow("the compiler gave no answer within 60 s and was killed"),
    clock.advance(1),
  ]);
  await until("the child's end", () => !isRunning(child));
});

test("kills the child at once when it is told to stop", async () => {
  const stopping = new AbortController();
  const { options, pid } = aStoppedChild();
  const compiling = compile(options, stopping.signal);
  const child = await pid();
  stopping.abort();
  await expect(compiling).rejects.toBe(stopping.signal.reason);
  await until("the child's end", () => !isRunning(child));
  await expect(compile(options, stopping.signal)).rejects.toBe(stopping.signal.reason);
});

test("leaves no timer behind", async () => {
  const clock = createFakeClock(NOON);
  await compile({ ...someInputs("when type=Warning notify dump"), clock });
  expect(clock.sleepers()).toBe(0);
});

test("fails for a child that cannot be started, that is killed, or that ends without a word", async () => {
  const never = compile({ ...someInputs(""), command: ["/nowhere/node"] });
  await expect(never).rejects.toThrow(/cannot start the compiler: .*ENOENT/);
  const killed = compile(aProgram("process.kill(process.pid, 'SIGKILL')"));
  await expect(killed).rejects.toThrow("the compiler was killed by SIGKILL");
  await expect(compile(aProgram("process.exit(9)"))).rejects.toThrow("the compiler exited with 9");
});

test("quotes nothing of what a child prints that ends in an unknown way, nor of half an answer", async () => {
  const crashed = compile(aProgram("console.error('hush-hush'); process.exit(1)"));
  await expect(crashed).rejects.toThrow(/^the compiler exited with 1$/);
  const half = compile(aProgram("console.log('{\"config\": hush-hush')"));
  await expect(half).rejects.toThrow(/^the compiler's answer is not whole$/);
  const starved = compile(aProgram("console.error('FATAL ERROR: JavaScript heap out of memory'); process.abort()"));
  await expect(starved).rejects.toThrow(/^the compiler ran out of memory$/);
});

test("compiles as many rules as there may be, in the heap that the image gives the engine", async () => {
  const rules = Array.from({ length: 10_000 }, (_, index) => {
    return `r${index}: when kind=Pod and namespace=ns-${index} and reason=BackOff rate<5/9m notify dump\n`;
  });
  const command: CompileOptions["command"] = [process.execPath, ...imageFlags, "src/cli/kubewhen.ts"];
  const { ruleSet, diagnostics } = await compile({ ...someInputs(rules.join("")), command });
  expect(diagnostics).toEqual([]);
  expect(ruleSet?.statements).toHaveLength(10_000);
  expect(ruleSet?.statements.at(-1)).toMatchObject({ name: "r9999", line: 10_000 });
}, 60_000);
