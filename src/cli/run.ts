import { compileInChild, CompileFailed, RefusedInputs } from "../compile.ts";
import { runEngine } from "../main.ts";
import { systemClock } from "../runtime/clock.ts";
import { StorageError } from "../runtime/database.ts";
import { KubeConfigError } from "../runtime/kube.ts";
import { createLogger, type Logger } from "../runtime/logger.ts";
import { createMetrics } from "../runtime/metrics.ts";
import { createPrint } from "../runtime/print.ts";
import { createRedactor } from "../runtime/secret.ts";
import { EXIT } from "./exit-codes.ts";
import { endByForce } from "./forced-end.ts";

export interface RunFlags {
  readonly config: string;
  readonly rules: string;
  readonly kubeconfig?: string;
  readonly logLevel: string;
}

const LEVELS = ["debug", "info", "warn", "error"];

/** `kubewhen run`: the engine until SIGTERM or SIGINT. Answers the exit code. */
export async function run({ config, rules, kubeconfig, logLevel }: RunFlags): Promise<number> {
  if (!LEVELS.includes(logLevel)) {
    process.stderr.write(`kubewhen: --log-level is one of ${LEVELS.join(", ")}\n`);
    return EXIT.cannotRun;
  }
  const redactor = createRedactor();
  const logger = createLogger(redactor, logLevel);
  guardCrashes(logger);
  const stopping = new AbortController();
  const ended = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      logger.info({ signal }, "stopping");
      stopping.abort();
      void endByForce({ clock: systemClock, logger, exit: () => process.exit(EXIT.cannotRun) }, ended.signal);
    });
  }
  try {
    await runEngine(
      {
        inputPaths: [config, rules],
        compile: (signal) =>
          compileInChild(
            { command: compilerCommand(), configPath: config, rulesPath: rules, clock: systemClock },
            signal,
          ),
        kubeconfig: kubeconfig ?? null,
        clock: systemClock,
        networkClock: systemClock,
        logger,
        metrics: createMetrics(),
        redactor,
        print: createPrint(systemClock),
      },
      stopping.signal,
    );
    return EXIT.ok;
  } catch (error) {
    if (error instanceof RefusedInputs) {
      const { renderPretty } = await import("./reporters/pretty.ts");
      process.stderr.write(renderPretty(error.diagnostics));
      return EXIT.inputHasErrors;
    }
    if (isWorldsDoing(error)) {
      logger.fatal(redactor.scrub(error.message));
      return EXIT.cannotRun;
    }
    throw error;
  } finally {
    ended.abort();
  }
}

/**
 * A bug ends the process, and Kubernetes starts it again. Its last words go through the redactor like all others, and
 * a diagnostic report, if the operator asked Node for one, leaves the environment out: there may be secrets in it.
 */
function guardCrashes(logger: Logger): void {
  process.report.excludeEnv = true;
  process.on("uncaughtException", (error) => {
    logger.fatal({ err: error }, "a bug in kubewhen ends the process");
    process.exit(EXIT.cannotRun);
  });
}

/** A heap for the compiler, MB: twice what the largest rule set takes (`npm run bench -- compile`). */
export const COMPILER_HEAP_MB = 64;

/**
 * How to run this program again as a compiler: as it runs now, flags of Node included, but with a heap of its own. The
 * engine's may be too small for it: it is cut to what the engine needs.
 */
export function compilerCommand(): [string, ...string[]] {
  const flags = process.execArgv.filter((flag) => !flag.startsWith("--max-old-space-size"));
  return [process.execPath, ...flags, `--max-old-space-size=${COMPILER_HEAP_MB}`, process.argv[1] ?? ""];
}

function isWorldsDoing(error: unknown): error is Error {
  return (
    error instanceof CompileFailed ||
    error instanceof KubeConfigError ||
    error instanceof StorageError ||
    (error instanceof Error && "syscall" in error)
  );
}
