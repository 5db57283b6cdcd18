import type { Report } from "../../src/cli/report.ts";
import type { Diagnostic } from "../../src/model/diagnostic.ts";
import { indexLines } from "../../src/text-position.ts";

/** A finding; every part may be given. The end is three columns behind the beginning unless given. */
export function aDiagnostic(parts: Partial<Diagnostic> = {}): Diagnostic {
  const line = parts.line ?? 1;
  const column = parts.column ?? 1;
  return {
    code: "E201",
    severity: "error",
    file: "a.rules",
    line,
    column,
    endLine: line,
    endColumn: column + 3,
    message: "unknown field `knd`",
    ...parts,
  };
}

/** A report over one text, whichever file the findings name. */
export function aReport(diagnostics: readonly Diagnostic[], text = "", counts: Partial<Report> = {}): Report {
  const lines = indexLines(text);
  return { files: 1, rules: 1, diagnostics, columnsOf: (_file, ...place) => lines.columns(...place), ...counts };
}
