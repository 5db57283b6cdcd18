import { RulesUnreadableError } from "../language/read-rule-sources.ts";
import { compileInputs } from "./inputs.ts";
import { EXIT } from "./exit-codes.ts";

/** `kubewhen compile`, the child process of the engine: the answer as one line of JSON on standard output. */
export async function compile({ config, rules }: { readonly config: string; readonly rules: string }): Promise<number> {
  try {
    const compiled = await compileInputs({ configPath: config, rulesPath: rules, env: process.env });
    process.stdout.write(`${JSON.stringify(compiled)}\n`);
    return EXIT.ok;
  } catch (error) {
    if (error instanceof RulesUnreadableError) process.stderr.write(`${error.message}; name them with --rules\n`);
    else if (error instanceof Error && "code" in error) {
      process.stderr.write(`cannot read ${config} (${String(error.code)}); name it with --config\n`);
    } else throw error;
    return EXIT.cannotRun;
  }
}
