import { Command } from "commander";
import { choice } from "./choice.ts";
import { CannotRunError, EXIT } from "./exit-codes.ts";

const FORMATS = ["pretty", "json"] as const;

interface ExplainFlags {
  readonly event: string;
  readonly config?: string;
  readonly format: (typeof FORMATS)[number];
}

/** `rulecheck explain`: what rules make of Events, statement by statement. Loads the engine only when it runs. */
export function explainCommand(): Command {
  return new Command("explain")
    .description("Say why each Event was sent, or was not: every statement it met, every comparison, every verdict.")
    .argument("<path>", "a rules file, a folder of *.rules, or - for standard input")
    .requiredOption(
      "--event <file>",
      "one Event, a List, or JSON lines, as `kubectl -o json` prints them; - for standard input",
    )
    .option("--config <file>", "the configuration: its cluster name and receivers")
    .addOption(choice("--format <format>", "how to print", FORMATS))
    .helpOption("-h, --help", "print this help")
    .showSuggestionAfterError()
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.cannotRun);
    })
    .addHelpText(
      "after",
      `
Examples:
  rulecheck explain my.rules --event event.json
  kubectl get events -A -o json | rulecheck explain rules/ --event -
  kubectl get events -A -o json --watch | rulecheck explain rules/ --event - --format json

Events are taken as one live stream in the order of the file, those of one List in the order they were last seen; the time
is each Event's own last-seen time.`,
    )
    .action(async (rulesPath: string, { event, config, format }: ExplainFlags) => {
      const { explain } = await import("./explain-events.ts");
      try {
        process.exitCode = await explain({
          rulesPath,
          eventPath: event,
          configPath: config ?? null,
          format,
          colours: process.stdout.hasColors?.() ?? false,
          env: process.env,
          stdin: process.stdin,
          stdout: (text) => process.stdout.write(text),
          stderr: (text) => process.stderr.write(text),
        });
      } catch (error) {
        if (!(error instanceof CannotRunError)) throw error;
        process.stderr.write(`rulecheck: ${error.message}\n`);
        process.exitCode = EXIT.cannotRun;
      }
    });
}
