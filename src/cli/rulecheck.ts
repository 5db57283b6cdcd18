#!/usr/bin/env node
import { Command } from "commander";
import { VERSION } from "../version.ts";
import { choice } from "./choice.ts";
import { explainCommand } from "./explain.ts";
import { CannotRunError, EXIT, exitCodeOf, FAIL_ON, type FailOn } from "./exit-codes.ts";
import type { Report } from "./report.ts";

type Render = (report: Report) => Promise<string>;

const REPORTERS = {
  pretty: async (report) => (await import("./reporters/pretty.ts")).reportPretty(report, wantsColours()),
  json: async (report) => (await import("./reporters/json.ts")).reportJson(report),
  github: async (report) => (await import("./reporters/github.ts")).reportGithub(report),
  sarif: async (report) => (await import("./reporters/sarif.ts")).reportSarif(report),
} as const satisfies Readonly<Record<string, Render>>;

interface CheckFlags {
  readonly config?: string;
  readonly format: keyof typeof REPORTERS;
  readonly failOn: FailOn;
}

/* Each command loads what it needs when it runs, so that `--help` costs nothing and `codes` no parser. */
const program = new Command("rulecheck")
  .description("Finds mistakes in kubewhen's rules before the engine does, and says what a rule would do.")
  .version(VERSION, "-V, --version", "print the version")
  .helpOption("-h, --help", "print this help")
  .showSuggestionAfterError()
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.cannotRun);
  })
  .addHelpText(
    "after",
    `
Examples:
  rulecheck check rules/                          all mistakes of a folder's *.rules, in one run
  rulecheck check my.rules --config config.yaml   the configuration too, and the receivers the rules name
  kubectl get configmap kubewhen-rules -o yaml | rulecheck check -
                                                  what a cluster has now
  rulecheck explain my.rules --event event.json   why an Event was sent, or was not
  rulecheck codes E201                            what a code means and how to mend it

A rule reads as it works:
  when type=Warning and kind=Pod rate<5/10m notify feishu

Exit codes: 0 fine, 1 mistakes found, 2 could not run.`,
  );

program
  .command("check")
  .description("Print all mistakes of rules and configuration, each with its place and a way to mend it.")
  .argument("<path...>", "a rules file, a folder of *.rules, a ConfigMap manifest, or - for standard input")
  .option("--config <file>", "the configuration: checked too, and rules may name only its receivers and templates")
  .addOption(choice("--format <format>", "how to print", Object.keys(REPORTERS)))
  .addOption(choice("--fail-on <severity>", "exit 1 from this severity on", FAIL_ON))
  .addHelpText(
    "after",
    `
Examples:
  rulecheck check rules/ --fail-on warning        as strict as it gets
  rulecheck check rules/ --format github          annotations on a pull request
  rulecheck check deploy/kubewhen.yaml            rules inside a manifest; places are the manifest's`,
  )
  .action(async (paths: string[], { config, format, failOn }: CheckFlags) => {
    const { check } = await import("./check.ts");
    const report = await check({ paths, configPath: config ?? null, env: process.env, stdin: () => process.stdin });
    process.stdout.write(await REPORTERS[format](report));
    process.exitCode = exitCodeOf(report.diagnostics, failOn);
  });

program.addCommand(explainCommand());

program
  .command("codes")
  .description("List the codes of all mistakes, or explain one: cause, wrong, right, why.")
  .argument("[code]", "such as E201")
  .action(async (code: string | undefined) => {
    const { explainCode, listCodes } = await import("./codes.ts");
    process.stdout.write(code === undefined ? listCodes() : explainCode(code));
  });

/** As Node itself decides: FORCE_COLOR wins over NO_COLOR, which wins over the terminal. */
function wantsColours(): boolean {
  const { FORCE_COLOR, NO_COLOR } = process.env;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return process.stdout.isTTY && (NO_COLOR === undefined || NO_COLOR === "");
}

// Whoever reads us may stop early (`| head`): that is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

program.parseAsync().catch((error: unknown) => {
  // Whatever went wrong here is no mistake in the rules, a bug of ours least of all: it must not end with 1.
  const bug = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(error instanceof CannotRunError ? `rulecheck: ${error.message}\n` : `${bug}\n`);
  process.exitCode = EXIT.cannotRun;
});
