import type { Diagnostic } from "../model/diagnostic.ts";

/** What both programs answer the shell with. Nothing else is ever answered. */
export const EXIT: {
  readonly ok: 0;
  /** The input has errors, or a check failed. */
  readonly inputHasErrors: 1;
  /** Bad arguments, an unreadable file: the question could not even be asked. */
  readonly cannotRun: 2;
} = { ok: 0, inputHasErrors: 1, cannotRun: 2 };

/** From which severity on a finding makes `check` fail. */
export const FAIL_ON: readonly ["error", "warning"] = ["error", "warning"];
export type FailOn = (typeof FAIL_ON)[number];

/** `info` never fails anything. */
export function exitCodeOf(diagnostics: readonly Diagnostic[], failOn: FailOn): number {
  const fails = diagnostics.some(({ severity }) => severity === "error" || severity === failOn);
  return fails ? EXIT.inputHasErrors : EXIT.ok;
}

/** The program cannot do what it was asked to; the message is a sentence for the person who asked. */
export class CannotRunError extends Error {
  override readonly name = "CannotRunError";
}
