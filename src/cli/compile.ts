import { CANNOT_READ } from "../compile.ts";
import { EXIT } from "./exit-codes.ts";
import { compileInputs } from "./inputs.ts";
import { NotAFile } from "./regular-file.ts";

/**
 * `kubewhen compile`, the child process of the engine: lines of JSON on standard output, a statement each and then what
 * came of it all; or one sentence on standard error, which holds nothing of the files.
 */
export async function compile({ config, rules }: { readonly config: string; readonly rules: string }): Promise<number> {
  try {
    print(await compileInputs({ configPath: config, rulesPath: rules, env: process.env }, print));
    return EXIT.ok;
  } catch (error) {
    process.stderr.write(`${sentenceOf(error, config)}\n`);
    return CANNOT_READ;
  }
}

/** Standard output is a pipe, to which Node writes at once: what is written takes no memory here. */
function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function sentenceOf(error: unknown, config: string): string {
  if (error instanceof NotAFile) return `cannot read ${config}: ${error.message}; name the configuration with --config`;
  if (error instanceof Error && "syscall" in error && "code" in error) {
    return `cannot read ${config} (${String(error.code)}); name it with --config`;
  }
  // The message of an error we did not expect may quote what it is about; where it came from does not.
  const frames = error instanceof Error ? (error.stack ?? "").match(/^ {4}at .*$/gm) : null;
  return ["a bug in the compiler", ...(frames ?? []).slice(0, 5).map((frame) => frame.trim())].join(" ");
}
