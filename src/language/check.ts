import { contradiction } from "./checks/contradiction.ts";
import { globEquality } from "./checks/glob-equality.ts";
import { groups } from "./checks/groups.ts";
import { impossibleType } from "./checks/impossible-type.ts";
import { loneThreshold } from "./checks/lone-threshold.ts";
import { mixedConnectives } from "./checks/mixed-connectives.ts";
import { nearMiss } from "./checks/near-miss.ts";
import { createPatterns } from "./checks/patterns.ts";
import { rawCount } from "./checks/raw-count.ts";
import type { Finding } from "./finding.ts";
import type { ResolvedStatement } from "./resolve.ts";

/**
 * Looks at one statement for one kind of trouble. Cheap, and silent when in doubt: a false report teaches people to
 * ignore the true ones.
 */
export type Check = (resolved: ResolvedStatement) => readonly Finding[];

/** All checks as one. Keeps what it learnt of a set's patterns, so one serves one rule set. A check that throws is our bug. */
export function createChecks(): Check {
  const checks: readonly Check[] = [
    mixedConnectives,
    globEquality,
    nearMiss,
    contradiction,
    impossibleType,
    rawCount,
    groups,
    loneThreshold,
    createPatterns(),
  ];
  return (resolved) => checks.flatMap((check) => check(resolved));
}
