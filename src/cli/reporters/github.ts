import type { Diagnostic, DiagnosticSeverity } from "../../model/diagnostic.ts";
import type { Report } from "../report.ts";

const COMMANDS: Readonly<Record<DiagnosticSeverity, string>> = { error: "error", warning: "warning", info: "notice" };

/**
 * Workflow commands, which GitHub Actions shows beside the changed lines ("Workflow commands for GitHub Actions",
 * 2026-11). Nothing at all when nothing was found.
 */
export function reportGithub({ diagnostics }: Report): string {
  return diagnostics.map((diagnostic) => `${renderCommand(diagnostic)}\n`).join("");
}

function renderCommand({ severity, file, line, column, endLine, endColumn, code, ...said }: Diagnostic): string {
  const properties: Record<string, string | number> = { file, line, endLine };
  // GitHub refuses columns for a span over several lines; its end column is inclusive.
  if (endLine === line) Object.assign(properties, { col: column, endColumn: Math.max(column, endColumn - 1) });
  properties["title"] = code;
  const hints = [
    ...(said.suggestion === undefined ? [] : [`did you mean \`${said.suggestion}\`?`]),
    ...(said.help === undefined ? [] : [said.help]),
  ];
  const text = [said.message, ...hints].join("\n");
  const list = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  return `::${COMMANDS[severity]} ${list.join(",")}::${escapeText(text)}`;
}

/** The escapes of @actions/core, so that no text can end its command and begin another. */
function escapeText(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeText(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
