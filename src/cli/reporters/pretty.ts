import { styleText } from "node:util";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { displayWidth, visible } from "../display-width.ts";
import { countMistakes, type Report } from "../report.ts";

/** How to print for people. */
export interface PrettyOptions {
  readonly colours?: boolean;
  /** Source lines, for the frame around a span; without it there are no frames. */
  readonly lineOf?: Report["lineOf"];
}

/** Longer lines are cut around the span: a rule set inside JSON is one line of a megabyte. */
const MAX_LINE = 160;
const KEPT_BEFORE_SPAN = 60;

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

const SEVERITY_STYLES: Readonly<Record<Diagnostic["severity"], Style>> = {
  error: ["red", "bold"],
  warning: ["yellow", "bold"],
  info: ["cyan", "bold"],
};

/** One frame a finding: header, source line with the span underlined, how to mend it, where to read more. */
export function renderPretty(diagnostics: readonly Diagnostic[], options: PrettyOptions = {}): string {
  const paint: Paint = (style, text) =>
    options.colours === true ? styleText(style, text, { validateStream: false }) : text;
  return diagnostics.map((diagnostic) => renderFrame(diagnostic, options.lineOf ?? (() => null), paint)).join("\n");
}

/** The findings and a closing line with what was looked at: also when nothing was found. */
export function reportPretty(report: Report, colours: boolean): string {
  const frames = renderPretty(report.diagnostics, { colours, lineOf: report.lineOf });
  return frames + (frames === "" ? "" : "\n") + summarise(report) + "\n";
}

function renderFrame(diagnostic: Diagnostic, lineOf: Report["lineOf"], paint: Paint): string {
  const { file, line, column, severity, code, message, suggestion, help } = diagnostic;
  const place = paint("bold", `${visible(file)}:${line}:${column}`);
  const lines = [`${place} ${paint(SEVERITY_STYLES[severity], `${severity} ${code}`)} ${visible(message)}`];
  const hint = suggestion === undefined ? "" : ` did you mean \`${visible(suggestion)}\`?`;
  const indent = " ".repeat(String(line).length + 2);
  const source = lineOf(file, line);
  if (source !== null) {
    const { text, before, carets } = underline(source, diagnostic);
    lines.push(`  ${paint("dim", `${line} |`)} ${text}`.trimEnd());
    lines.push(`${indent} ${paint("dim", "|")} ${before}${paint(SEVERITY_STYLES[severity], carets + hint)}`);
  } else if (hint !== "") {
    lines.push(`${indent} ${paint("dim", "=")}${hint}`);
  }
  if (help !== undefined) lines.push(`${indent} ${paint("dim", "=")} help: ${visible(help)}`);
  lines.push(`${indent} ${paint("dim", "=")} grammar/diagnostics.md#${code.toLowerCase()}`);
  return `${lines.join("\n")}\n`;
}

/** Columns count code points; what goes under them counts cells of the terminal. */
function underline(
  source: string,
  { line, column, endLine, endColumn }: Diagnostic,
): Record<"text" | "before" | "carets", string> {
  const characters = Array.from(source, (character) => (character === "\t" ? "    " : visible(character)));
  const start = Math.min(column - 1, characters.length);
  // A span over several lines is underlined to the end of its first.
  const end = endLine > line ? characters.length : Math.min(endColumn - 1, characters.length);
  const cut = characters.length > MAX_LINE;
  const first = cut ? Math.max(0, start - KEPT_BEFORE_SPAN) : 0;
  const last = cut ? Math.min(characters.length, first + MAX_LINE) : characters.length;
  const ahead = first > 0 ? "… " : "";
  const upTo = (to: number, from: number): string => characters.slice(from, Math.min(to, last)).join("");
  return {
    text: ahead + upTo(last, first) + (last < characters.length ? " …" : ""),
    before: " ".repeat(displayWidth(ahead + upTo(start, first))),
    carets: "^".repeat(Math.max(1, displayWidth(upTo(end, start)))),
  };
}

function summarise({ files, rules, diagnostics }: Report): string {
  const { errors, warnings } = countMistakes(diagnostics);
  const found = [plural(errors, "error"), plural(warnings, "warning")].filter((text) => !text.startsWith("0 "));
  return `${plural(files, "file")}, ${plural(rules, "rule")}: ${found.join(", ") || "no mistakes"}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
