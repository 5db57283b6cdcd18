import type { StatementVerdict } from "../model/match.ts";
import type { Statement } from "../model/rule.ts";

const NOBODY: readonly string[] = [];

/** How a statement ended; `receivers` are those it tells. */
export function verdictOf(
  { name, line }: Statement,
  verdict: StatementVerdict["verdict"],
  why: StatementVerdict["why"] = null,
  receivers: readonly string[] = NOBODY,
): StatementVerdict {
  return { statement: name, line, matched: verdict !== "unmatched", verdict, why, receivers };
}

/**
 * A verdict for each statement the Event met, in order, given the positions of those that hold and their verdicts:
 * nothing behind a `drop` or `stop` that holds is met.
 */
export function withUnmatched(
  statements: readonly Statement[],
  holding: readonly number[],
  verdicts: readonly StatementVerdict[],
): readonly StatementVerdict[] {
  const end = holding.at(-1) ?? -1;
  const last = statements[end];
  const isEnded = last !== undefined && (last.kind === "drop" || last.stop);
  const met = isEnded ? statements.slice(0, end + 1) : statements;
  const byPosition = new Map(holding.map((position, i) => [position, verdicts[i]]));
  return met.map((statement, position) => byPosition.get(position) ?? verdictOf(statement, "unmatched"));
}
