import type { Span } from "../../grammar/ast.ts";
import type { DiagnosticCode } from "./diagnostic.ts";

/** A diagnostic before it has a file, a line and a severity. */
export interface Finding extends Span {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly suggestion?: string;
  readonly help?: string;
}

export type Report = (finding: Finding) => void;
