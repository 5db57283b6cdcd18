import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CompileFailed, compileInChild, type CompileOptions } from "../src/compile.ts";
import { aFolder } from "./support/delivery.ts";

const COMMAND: CompileOptions["command"] = [process.execPath, "src/cli/kubewhen.ts"];

function someInputs(rules: string, config: object = { receivers: [{ name: "dump", stdout: {} }] }): CompileOptions {
  const folder = aFolder();
  const [configPath, rulesPath] = [join(folder, "config.yaml"), join(folder, "rules")];
  writeFileSync(configPath, JSON.stringify(config));
  mkdirSync(rulesPath);
  writeFileSync(join(rulesPath, "a.rules"), rules);
  return { command: COMMAND, configPath, rulesPath };
}

/** A program in the compiler's place. */
function aProgram(script: string): CompileOptions {
  return { ...someInputs(""), command: [process.execPath, "-e", script, "--"] };
}

test("hands back configuration and rules as plain data", async () => {
  const { config, ruleSet, diagnostics } = await compileInChild(someInputs("r: when type=Warning notify dump"));
  expect(diagnostics).toEqual([]);
  expect(config?.receivers).toEqual([{ kind: "stdout", name: "dump" }]);
  expect(ruleSet?.statements).toMatchObject([{ kind: "rule", name: "r", receivers: ["dump"] }]);
});

test("hands back the mistakes of both, and neither is there that has some", async () => {
  const broken = await compileInChild(someInputs("when knd=Pod notify dmp"));
  expect(broken.config).not.toBeNull();
  expect(broken.ruleSet).toBeNull();
  expect(broken.diagnostics.map(({ code }) => code)).toEqual(["E201", "E501"]);
  const both = await compileInChild(someInputs("when knd=Pod notify dump", { receivers: [], odd: 1 }));
  expect(both).toMatchObject({ config: null, ruleSet: null });
  expect(both.diagnostics.map(({ file }) => file.endsWith(".rules"))).toContain(true);
  expect(both.diagnostics.map(({ file }) => file.endsWith(".yaml"))).toContain(true);
});

test("fails for what cannot be read, in the words of the child", async () => {
  const inputs = someInputs("");
  const missing = compileInChild({ ...inputs, configPath: "/nowhere/config.yaml" });
  await expect(missing).rejects.toThrow(CompileFailed);
  await expect(missing).rejects.toThrow("/nowhere/config.yaml");
  await expect(compileInChild({ ...inputs, rulesPath: "/nowhere/rules" })).rejects.toThrow("cannot read rules from");
});

test("fails for a child that cannot be started, that is killed, or that ends without a word", async () => {
  const never = compileInChild({ ...someInputs(""), command: ["/nowhere/node"] });
  await expect(never).rejects.toThrow(/cannot start the compiler: .*ENOENT/);
  const killed = compileInChild(aProgram("process.kill(process.pid, 'SIGKILL')"));
  await expect(killed).rejects.toThrow("the compiler was killed by SIGKILL");
  await expect(compileInChild(aProgram("process.exit(9)"))).rejects.toThrow("the compiler exited with 9");
});
