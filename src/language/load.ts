import { basename } from "node:path";
import { parseRules } from "../../grammar/parse-rules.ts";
import type { ParsedStatement } from "../../grammar/parse-statement.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { RuleSet, Statement } from "../model/rule.ts";
import { nearest } from "../suggest.ts";
import { indexLines, type LineIndex, type Position } from "../text-position.ts";
import { createChecks } from "./check.ts";
import { MAX_PATTERNS } from "./checks/patterns.ts";
import { DIAGNOSTICS } from "./diagnostic.ts";
import type { Finding } from "./finding.ts";
import { createResolver, type Known, type ResolvedStatement } from "./resolve.ts";

/** The text of one rules file. */
export interface RuleSource {
  /** As the caller names it; its base name goes into the names of unnamed rules. */
  readonly file: string;
  readonly text: string;
  /** Where a place of `text` lies in `file`, when the text is only a part of it (a key of a manifest). */
  readonly place?: (line: number, column: number) => Position;
}

/** What became of a rule set. Counts cover refused rules too. */
interface ReadRules {
  /** Without any error: a set runs whole or not at all. */
  readonly isSound: boolean;
  /** Sorted by file (in the order of the sources), line and column. */
  readonly diagnostics: readonly Diagnostic[];
  readonly files: number;
  readonly rules: number;
}

export interface LoadedRules extends Omit<ReadRules, "isSound"> {
  /** Null when there is any error. */
  readonly ruleSet: RuleSet | null;
}

/** A ConfigMap holds no more than 1 MiB, so no mounted rule set is larger. */
const MAX_TEXT_BYTES = 1024 * 1024;
const MAX_STATEMENTS = 10_000;

/** As `readRules`, all statements kept. */
export function loadRules(sources: readonly RuleSource[], known: Known): LoadedRules {
  const statements: Statement[] = [];
  const { isSound, ...rest } = readRules(sources, known, (statement) => statements.push(statement));
  return { ruleSet: isSound ? { statements } : null, ...rest };
}

/**
 * Reads rule texts as one set, in the order given: parses, looks up names, checks. Each statement without a mistake is
 * handed to `take` at once, and nothing of it is kept: of 10,000 the trees alone would take 60 MB. All mistakes come
 * back at the end; nothing an author writes makes this throw.
 */
export function readRules(
  sources: readonly RuleSource[],
  known: Known,
  take: (statement: Statement) => void,
): ReadRules {
  const resolver = createResolver(known);
  const check = createChecks();
  const diagnostics: Diagnostic[] = [];
  const patterns = new Set<string>();
  let bytes = 0;
  let statementCount = 0;
  let rules = 0;

  for (const source of sources) {
    const findings: Finding[] = [];
    const lines = indexLines(source.text);
    let problems: readonly Finding[] = [];
    bytes += Buffer.byteLength(source.text);
    if (bytes > MAX_TEXT_BYTES) {
      findings.push({ code: "E111", message: "a rule set has 1 MiB of text at most", start: 0, end: 0 });
    } else {
      const visit = ({ node, refused, partial, isGuess }: ParsedStatement): void => {
        const place = { file: basename(source.file), line: lines.positionAt(node.start).line, text: source.text };
        const report = (finding: Finding): void => {
          if (!isGuess(finding)) findings.push(finding);
        };
        const resolved = resolver.resolve(node, place, report);
        if (resolved.statement !== null && !refused) take(resolved.statement);
        for (const finding of [...check(resolved), ...countPatterns(resolved, patterns)]) {
          if (!partial || DIAGNOSTICS[finding.code].severity === "error") report(finding);
        }
      };
      const parsed = parseRules(source.text, nearest, MAX_STATEMENTS - statementCount, {
        statement: visit,
        brokenLet: (name) => resolver.defineBroken(name),
      });
      ({ problems } = parsed);
      rules += parsed.ruleCount;
      statementCount += parsed.statementCount;
    }
    const placed = problems
      .concat(findings)
      .map((finding) => toDiagnostic(finding, source, lines))
      .toSorted(byPlace);
    for (const diagnostic of placed) diagnostics.push(diagnostic);
  }
  const [first] = sources;
  if (first !== undefined && statementCount === 0 && diagnostics.length === 0) {
    const nothing: Finding = {
      code: "W122",
      message: "there are no statements here: nobody is ever told anything",
      start: 0,
      end: 0,
    };
    diagnostics.push(toDiagnostic(nothing, first, indexLines(first.text)));
  }
  const failed = diagnostics.some(({ severity }) => severity === "error");
  return { isSound: !failed, diagnostics, files: sources.length, rules };
}

/** Adds a statement's patterns to the set's, and reports the one that is too many. */
function countPatterns({ comparisons }: ResolvedStatement, patterns: Set<string>): readonly Finding[] {
  for (const { node, comparison } of comparisons) {
    const { test } = comparison;
    if (test.op !== "matches" && test.op !== "like") continue;
    const before = patterns.size;
    patterns.add(`${test.op} ${test.pattern}`);
    if (before === MAX_PATTERNS && patterns.size > before) {
      return [
        {
          code: "E401",
          message: `a rule set has ${MAX_PATTERNS} different patterns at most`,
          start: node.start,
          end: node.end,
        },
      ];
    }
  }
  return [];
}

function toDiagnostic(finding: Finding, source: RuleSource, lines: LineIndex): Diagnostic {
  const inSource = ({ line, column }: Position): Position => source.place?.(line, column) ?? { line, column };
  const start = inSource(lines.positionAt(finding.start));
  // A finding about what is missing underlines the one place where it is missing.
  const end =
    finding.end > finding.start
      ? inSource(lines.positionAt(finding.end))
      : { line: start.line, column: start.column + 1 };
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
