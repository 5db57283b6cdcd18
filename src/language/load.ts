import { basename } from "node:path";
import { parseRules } from "../../grammar/parse-rules.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { RuleSet, Statement } from "../model/rule.ts";
import { nearest } from "../suggest.ts";
import { checkStatement } from "./check.ts";
import { DIAGNOSTICS } from "./diagnostic.ts";
import type { Finding } from "./finding.ts";
import { createPlaces, type Place } from "./places.ts";
import { createResolver, type Known } from "./resolve.ts";

/** The text of one rules file. */
export interface RuleSource {
  /** As the caller names it; its base name goes into the names of unnamed rules. */
  readonly file: string;
  readonly text: string;
  /** Where a place of `text` lies in `file`, when the text is only a part of it (a key of a manifest). */
  readonly place?: (line: number, column: number) => Place;
}

/** What became of a rule set. Counts cover refused rules too. */
export interface LoadedRules {
  /** Null when there is any error: a set runs whole or not at all. */
  readonly ruleSet: RuleSet | null;
  /** Sorted by file (in the order of the sources), line and column. */
  readonly diagnostics: readonly Diagnostic[];
  readonly files: number;
  readonly rules: number;
}

/** A ConfigMap holds no more than 1 MiB, so no mounted rule set is larger. */
const MAX_TEXT_BYTES = 1024 * 1024;
const MAX_STATEMENTS = 10_000;

/**
 * Reads rule texts as one set, in the order given: parses, looks up names, checks. All mistakes come back at once;
 * nothing an author writes makes this throw.
 */
export function loadRules(sources: readonly RuleSource[], known: Known): LoadedRules {
  const resolver = createResolver(known);
  const diagnostics: Diagnostic[] = [];
  const statements: Statement[] = [];
  let bytes = 0;
  let statementCount = 0;
  let rules = 0;

  for (const source of sources) {
    const findings: Finding[] = [];
    const placeOf = createPlaces(source.text);
    bytes += Buffer.byteLength(source.text);
    if (bytes > MAX_TEXT_BYTES) {
      findings.push({ code: "E111", message: "a rule set has 1 MiB of text at most", start: 0, end: 0 });
    } else {
      const parsed = parseRules(source.text, nearest);
      findings.push(...parsed.problems);
      rules += parsed.ruleCount;
      for (const name of parsed.brokenLets) resolver.defineBroken(name);
      for (const { node, refused } of parsed.statements) {
        const place = { file: basename(source.file), line: placeOf(node.start).line, text: source.text };
        const resolved = resolver.resolve(node, place, (finding) => findings.push(finding));
        if (resolved.statement !== null && !refused) statements.push(resolved.statement);
        findings.push(...checkStatement(resolved));
      }
      statementCount += parsed.statementCount;
      if (statementCount > MAX_STATEMENTS && statementCount - parsed.statementCount <= MAX_STATEMENTS) {
        const first = parsed.statements[MAX_STATEMENTS - statementCount + parsed.statementCount]?.node;
        findings.push({
          code: "E111",
          message: `a rule set has ${MAX_STATEMENTS} statements at most`,
          start: first?.start ?? 0,
          end: first?.start ?? 0,
        });
      }
    }
    diagnostics.push(...findings.map((finding) => toDiagnostic(finding, source, placeOf)).toSorted(byPlace));
  }
  const failed = diagnostics.some(({ severity }) => severity === "error");
  return { ruleSet: failed ? null : { statements }, diagnostics, files: sources.length, rules };
}

function toDiagnostic(finding: Finding, source: RuleSource, placeOf: (offset: number) => Place): Diagnostic {
  const inSource = ({ line, column }: Place): Place => source.place?.(line, column) ?? { line, column };
  const start = inSource(placeOf(finding.start));
  // A finding about what is missing underlines the one place where it is missing.
  const end =
    finding.end > finding.start ? inSource(placeOf(finding.end)) : { line: start.line, column: start.column + 1 };
  return {
    code: finding.code,
    severity: DIAGNOSTICS[finding.code].severity,
    file: source.file,
    line: start.line,
    column: start.column,
    endLine: end.line,
    endColumn: end.column,
    message: finding.message,
    ...(finding.suggestion === undefined ? {} : { suggestion: finding.suggestion }),
    ...(finding.help === undefined ? {} : { help: finding.help }),
  };
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return a.line - b.line || a.column - b.column || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0);
}
