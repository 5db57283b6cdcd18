import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Compiled } from "../../src/compile.ts";
import { compiledInputs } from "../support/inputs.ts";
import { aFolder } from "../support/delivery.ts";

const DUMP = "receivers: [{name: dump, stdout: {}}]\n";

function compileTexts(config: string, rules: string, env: Readonly<Record<string, string>> = {}): Promise<Compiled> {
  const folder = aFolder();
  writeFileSync(join(folder, "config.yaml"), config);
  writeFileSync(join(folder, "a.rules"), rules);
  return compiledInputs({ configPath: join(folder, "config.yaml"), rulesPath: folder, env });
}

const codes = ({ diagnostics }: Compiled): readonly string[] => diagnostics.map(({ code }) => code);

test("checks the names that rules use against the configuration", async () => {
  expect(codes(await compileTexts(DUMP, "when type=Warning notify dump"))).toEqual([]);
  const unknown = await compileTexts(DUMP, "when type=Warning using cards notify dmup");
  expect(codes(unknown).toSorted()).toEqual(["E501", "E502"]);
  expect(unknown.ruleSet).toBeNull();
  expect(unknown.config).not.toBeNull();
});

test("checks rules all the same when the configuration has mistakes, by the names it has", async () => {
  const compiled = await compileTexts(`${DUMP}odd: 1\n`, "when type=Warning notify dmup");
  expect(compiled.config).toBeNull();
  expect(codes(compiled)).toEqual(["E511", "E501"]);
});

test("blames no rule for a configuration that is not even YAML", async () => {
  const compiled = await compileTexts("receivers: [", "when type=Warning notify dump");
  expect(compiled.config).toBeNull();
  expect(codes(compiled).filter((code) => code === "E501")).toEqual([]);
});

test("survives the trip through JSON, by which the engine gets it", async () => {
  const compiled = await compileTexts(
    `${DUMP}cluster: \${CLUSTER_LABEL}\n`,
    "let bad = type=Warning\nr: when bad and message =~ '^x' rate>=2/1m rate<1/1h notify dump",
    { CLUSTER_LABEL: "家里" },
  );
  expect(codes(compiled)).toEqual([]);
  expect(compiled.config?.cluster).toBe("家里");
  expect(JSON.parse(JSON.stringify(compiled))).toEqual(compiled);
});
