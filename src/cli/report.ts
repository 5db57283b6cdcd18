import type { Diagnostic } from "../model/diagnostic.ts";

/** What a check found, as every reporter takes it. */
export interface Report {
  readonly files: number;
  /** Rules met, refused ones too. */
  readonly rules: number;
  /** Sorted by file, line, column. */
  readonly diagnostics: readonly Diagnostic[];
  /** The text of a line fit for printing, secrets starred out; null when nobody has the file's text. */
  readonly lineOf: (file: string, line: number) => string | null;
}

/** `info` is no mistake and counts as neither. */
export function countMistakes(diagnostics: readonly Diagnostic[]): { errors: number; warnings: number } {
  const count = (severity: string): number => diagnostics.filter((found) => found.severity === severity).length;
  return { errors: count("error"), warnings: count("warning") };
}
