import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createVitest } from "vitest/node";

/** Runs one test file over one source put in the place of the one there. */
export interface TestRequest {
  readonly source: { readonly path: string; readonly text: string };
  readonly test: string;
}

/** `failed` with a mutant means that the tests notice it. */
export interface TestAnswer {
  readonly passed: boolean;
}

/*
 * A process of its own for each copy of the repository, told by its parent what to do: one Vitest stays alive for all
 * mutants and transforms only what changed. Started in the copy, with the path of the original as its argument.
 */
const [, , original = ""] = process.argv;
const vitest = await createVitest({
  watch: false,
  bail: 1,
  maxWorkers: 1,
  fileParallelism: false,
  silent: true,
  reporters: [{}],
});
await vitest.globTestSpecifications();

let changedPath: string | null = null;

function put({ path, text }: TestRequest["source"]): void {
  if (changedPath !== null && changedPath !== path) {
    copyFileSync(join(original, changedPath), changedPath);
    vitest.invalidateFile(join(process.cwd(), changedPath));
  }
  writeFileSync(path, text);
  vitest.invalidateFile(join(process.cwd(), path));
  changedPath = path;
}

async function run({ source, test }: TestRequest): Promise<TestAnswer> {
  put(source);
  const file = join(process.cwd(), test);
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(
    vitest.getModuleSpecifications(file),
    false,
  );
  // Vitest answers with all files it has run so far.
  const own = testModules.filter(({ moduleId }) => moduleId === file);
  return { passed: own.length > 0 && own.every((one) => one.ok()) && unhandledErrors.length === 0 };
}

process.on("message", (request: TestRequest) => {
  void run(request).then((answer) => process.send?.(answer));
});
process.send?.("ready");
