import type { Finding } from "./finding.ts";
import type { ResolvedStatement } from "./resolve.ts";

/**
 * Looks at one statement for one kind of trouble. Cheap, and silent when in doubt: a false report teaches people to
 * ignore the true ones.
 */
export type Check = (resolved: ResolvedStatement) => readonly Finding[];

const CHECKS: readonly Check[] = [];

/** All findings of all checks about one statement. A check that throws is our bug and ends the run. */
export function checkStatement(resolved: ResolvedStatement): readonly Finding[] {
  return CHECKS.flatMap((check) => check(resolved));
}
