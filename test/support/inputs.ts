import { compileInputs, type InputOptions } from "../../src/cli/inputs.ts";
import type { Compiled } from "../../src/compile.ts";
import type { Statement } from "../../src/model/rule.ts";

/** What the engine gets of these inputs, without a child process. */
export async function compiledInputs(options: InputOptions): Promise<Compiled> {
  const statements: Statement[] = [];
  const { rulesSound, ...compiled } = await compileInputs(options, (statement) => statements.push(statement));
  return { ...compiled, ruleSet: rulesSound ? { statements } : null };
}
