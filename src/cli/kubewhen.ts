#!/usr/bin/env node
import { Command } from "commander";
import { VERSION } from "../version.ts";
import { EXIT } from "./exit-codes.ts";

/*
 * Each command loads what it needs when it runs: the engine must not carry the parser, nor the compiler the engine.
 */
const program = new Command("kubewhen")
  .description("Turns Kubernetes Events into the few messages that matter.")
  .version(VERSION)
  .showSuggestionAfterError()
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.cannotRun);
  })
  .addHelpText(
    "after",
    `
Examples:
  kubewhen demo                                   see a day of Events pass, without cluster or network
  kubewhen run --config config.yaml --rules rules/
                                                  run against the cluster of your kubeconfig
  kubewhen send-test feishu --config config.yaml  try one receiver for real
  rulecheck check rules/ --config config.yaml     find mistakes before the engine does

A rule reads as it works:
  when type=Warning and kind=Pod rate<5/10m notify feishu`,
  );

const CONFIG = ["--config <file>", "the configuration", "/etc/kubewhen/config.yaml"] as const;

program
  .command("run")
  .description("Watch the cluster and notify, until told to stop.")
  .option(...CONFIG)
  .option("--rules <path>", "a rules file, or a folder of *.rules", "/etc/kubewhen/rules")
  .option("--kubeconfig <file>", "credentials; default: $KUBECONFIG, ~/.kube/config, else the Pod's service account")
  .option("--log-level <level>", "debug, info, warn or error", "info")
  .action(async (flags: { config: string; rules: string; kubeconfig?: string; logLevel: string }) => {
    const { run } = await import("./run.ts");
    process.exitCode = await run(flags);
  });

program
  .command("demo")
  .description("Play a day of a small cluster: embedded API server, embedded Feishu bot, real engine in between.")
  .option("--rules <path>", "try your own rules instead of the demo's; they notify `feishu`")
  .action(async (flags: { rules?: string }) => {
    const { demo } = await import("../demo/demo.ts");
    process.exitCode = await demo(flags);
  });

program
  .command("send-test")
  .description("Send one marked message through a receiver and print what it answered.")
  .argument("<receiver>", "its name in the configuration")
  .option(...CONFIG)
  .action(async (receiver: string, flags: { config: string }) => {
    const { sendTest } = await import("./send-test.ts");
    process.exitCode = await sendTest(receiver, flags);
  });

program
  .command("compile", { hidden: true })
  .requiredOption("--config <file>")
  .requiredOption("--rules <path>")
  .action(async (flags: { config: string; rules: string }) => {
    const { compile } = await import("./compile.ts");
    process.exitCode = await compile(flags);
  });

if (process.argv.length <= 2) program.help({ error: true });
await program.parseAsync();
