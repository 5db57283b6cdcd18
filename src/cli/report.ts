import type { Diagnostic } from "../model/diagnostic.ts";

/** What a check found, as every reporter takes it. */
export interface Report {
  readonly files: number;
  /** Rules met, refused ones too. */
  readonly rules: number;
  /** Sorted by file, line, column. */
  readonly diagnostics: readonly Diagnostic[];
  /**
   * The characters of a line from one column up to another, secrets starred out; null when nobody has the file's text.
   * Takes no longer for a longer line: a hostile text may have all its mistakes on one.
   */
  readonly columnsOf: (file: string, line: number, from: number, to: number) => string | null;
}

/** `info` is no mistake and counts as neither. */
export function countMistakes(diagnostics: readonly Diagnostic[]): { errors: number; warnings: number } {
  const count = (severity: string): number => diagnostics.filter((found) => found.severity === severity).length;
  return { errors: count("error"), warnings: count("warning") };
}
