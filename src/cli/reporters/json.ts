import type { Diagnostic } from "../../model/diagnostic.ts";
import { countMistakes, type Report } from "../report.ts";

/** One JSON object on one line. A stable interface: keys may be added, never renamed or removed. */
export function reportJson({ files, rules, diagnostics }: Report): string {
  return `${JSON.stringify({ files, rules, ...countMistakes(diagnostics), diagnostics: diagnostics.map(toJson) })}\n`;
}

/** In the documented order of keys, whoever made the diagnostic. */
function toJson(diagnostic: Diagnostic): object {
  const { code, severity, file, line, column, endLine, endColumn, message, suggestion, help } = diagnostic;
  return { code, severity, file, line, column, endLine, endColumn, message, suggestion, help };
}
