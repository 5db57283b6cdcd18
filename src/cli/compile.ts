import { compileInputs } from "./inputs.ts";
import { EXIT } from "./exit-codes.ts";

/** `kubewhen compile`, the child process of the engine: the answer as one line of JSON on standard output. */
export function compile({ config, rules }: { readonly config: string; readonly rules: string }): number {
  try {
    const compiled = compileInputs({ configPath: config, rulesPath: rules, env: process.env });
    process.stdout.write(`${JSON.stringify(compiled)}\n`);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error || error.name === "RulesUnreadableError")) throw error;
    process.stderr.write(`${error.message}\n`);
    return EXIT.cannotRun;
  }
}
