import { styleText } from "node:util";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { displayWidth, visible } from "../display-width.ts";
import { countMistakes, type Report } from "../report.ts";

/** How to print for people. */
export interface PrettyOptions {
  readonly colours?: boolean;
  /** Source text, for the frame around a span; without it there are no frames. */
  readonly columnsOf?: Report["columnsOf"];
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
  return diagnostics.map((diagnostic) => renderFrame(diagnostic, options.columnsOf ?? (() => null), paint)).join("\n");
}

/** The findings and a closing line with what was looked at: also when nothing was found. */
export function reportPretty(report: Report, colours: boolean): string {
  const frames = renderPretty(report.diagnostics, { colours, columnsOf: report.columnsOf });
  return frames + (frames === "" ? "" : "\n") + summarise(report) + "\n";
}

function renderFrame(diagnostic: Diagnostic, columnsOf: Report["columnsOf"], paint: Paint): string {
  const { file, line, column, severity, code, message, suggestion, help } = diagnostic;
  const place = paint("bold", `${visible(file)}:${line}:${column}`);
  const lines = [`${place} ${paint(SEVERITY_STYLES[severity], `${severity} ${code}`)} ${visible(message)}`];
  const hint = suggestion === undefined ? "" : ` did you mean \`${visible(suggestion)}\`?`;
  const indent = " ".repeat(String(line).length + 2);
  const frame = underline(diagnostic, columnsOf);
  if (frame !== null) {
    const { text, before, carets } = frame;
    lines.push(`  ${paint("dim", `${line} |`)} ${text}`.trimEnd());
    lines.push(`${indent} ${paint("dim", "|")} ${before}${paint(SEVERITY_STYLES[severity], carets + hint)}`);
  } else if (hint !== "") {
    lines.push(`${indent} ${paint("dim", "=")}${hint}`);
  }
  if (help !== undefined) lines.push(`${indent} ${paint("dim", "=")} help: ${visible(help)}`);
  lines.push(`${indent} ${paint("dim", "=")} grammar/diagnostics.md#${code.toLowerCase()}`);
  return `${lines.join("\n")}\n`;
}

/** Columns count code points; what goes under them counts cells of the terminal. Null when there is no text. */
function underline(
  { file, line, column, endLine, endColumn }: Diagnostic,
  columnsOf: Report["columnsOf"],
): Record<"text" | "before" | "carets", string> | null {
  const read = (from: number, to: number): readonly string[] | null => {
    const text = columnsOf(file, line, from, to);
    if (text === null) return null;
    return Array.from(text, (character) => (character === "\t" ? "    " : visible(character)));
  };
  const head = read(1, MAX_LINE + 2);
  if (head === null) return null;
  const first = head.length > MAX_LINE ? Math.max(1, column - KEPT_BEFORE_SPAN) : 1;
  const shown = first === 1 ? head : (read(first, first + MAX_LINE + 1) ?? []);
  const characters = shown.slice(0, MAX_LINE);
  const ahead = first > 1 ? "… " : "";
  const start = column - first;
  // A span over several lines is underlined to the end of its first.
  const end = endLine > line ? characters.length : endColumn - first;
  return {
    text: ahead + characters.join("") + (shown.length > MAX_LINE ? " …" : ""),
    before: " ".repeat(displayWidth(ahead + characters.slice(0, start).join(""))),
    carets: "^".repeat(Math.max(1, displayWidth(characters.slice(start, end).join("")))),
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
