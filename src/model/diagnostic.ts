/** `info` is printed but never changes an exit code. */
export type DiagnosticSeverity = "error" | "warning" | "info";

/**
 * One mistake of an author, in rules or configuration. Lines and columns count from 1, columns in Unicode code
 * points; the end is exclusive.
 */
export interface Diagnostic {
  /** `E201`: letter by severity, hundreds by family; never reused. */
  readonly code: string;
  readonly severity: DiagnosticSeverity;
  /** Path as the caller named it; for standard input `-`. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** What is wrong: lower case, no full stop, stands alone. */
  readonly message: string;
  /** What to write instead of the span, where there is one near; plain text, not a sentence. */
  readonly suggestion?: string;
  /** How to mend it, where a replacement of the span does not say it. */
  readonly help?: string;
}
