import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import { DIAGNOSTICS, isDiagnosticCode } from "../../language/diagnostic.ts";
import type { Diagnostic, DiagnosticSeverity } from "../../model/diagnostic.ts";
import { VERSION } from "../../version.ts";
import type { Report } from "../report.ts";

const LEVELS: Readonly<Record<DiagnosticSeverity, string>> = { error: "error", warning: "warning", info: "note" };

/** SARIF 2.1.0 (OASIS standard, 2020-03) for code scanning. Its columns count code points, as ours do. */
export function reportSarif({ diagnostics }: Report): string {
  const codes = [...new Set(diagnostics.map(({ code }) => code))].toSorted();
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "rulecheck", version: VERSION, rules: codes.map(describeCode) } },
        columnKind: "unicodeCodePoints",
        results: diagnostics.map((diagnostic) => toResult(diagnostic, codes)),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function describeCode(code: string): object {
  const kind = isDiagnosticCode(code) ? DIAGNOSTICS[code] : null;
  return {
    id: code,
    shortDescription: { text: kind?.title ?? code },
    help: { text: `rulecheck codes ${code}` },
    ...(kind === null ? {} : { defaultConfiguration: { level: LEVELS[kind.severity] } }),
  };
}

function toResult(diagnostic: Diagnostic, codes: readonly string[]): object {
  const { code, severity, file, line, column, endLine, endColumn, message, suggestion, help } = diagnostic;
  const region = { startLine: line, startColumn: column, endLine, endColumn };
  const artifactLocation = { uri: toUri(file) };
  const hints = [
    message,
    ...(suggestion === undefined ? [] : [`did you mean \`${suggestion}\`?`]),
    ...(help === undefined ? [] : [help]),
  ];
  return {
    ruleId: code,
    ruleIndex: codes.indexOf(code),
    level: LEVELS[severity],
    message: { text: hints.join("; ") },
    locations: [{ physicalLocation: { artifactLocation, region } }],
    ...(suggestion === undefined ? {} : { fixes: [toFix(suggestion, artifactLocation, region)] }),
  };
}

function toFix(suggestion: string, artifactLocation: object, deletedRegion: object): object {
  return {
    description: { text: `write \`${suggestion}\`` },
    artifactChanges: [{ artifactLocation, replacements: [{ deletedRegion, insertedContent: { text: suggestion } }] }],
  };
}

/** A relative path stays relative, so that the viewer finds it in its own checkout. */
function toUri(file: string): string {
  if (isAbsolute(file)) return pathToFileURL(file).href;
  return file.split(/[\\/]/).map(encodeURIComponent).join("/");
}
