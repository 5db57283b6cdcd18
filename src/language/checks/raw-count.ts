import type { Check } from "../check.ts";

/** W324: `count` only grows, so a rule over it stays true for as long as the Event lives. */
export const rawCount: Check = ({ comparisons, node }) =>
  node.kind !== "rule" || node.clauses.some((clause) => clause.kind === "rate")
    ? []
    : comparisons
        .filter(
          ({ comparison: { field, test, negated } }) =>
            field.kind === "number" && field.name === "count" && !negated && (test.op === ">" || test.op === ">="),
        )
        .map(({ node: { start, end } }) => ({
          code: "W324",
          message: "`count` never falls: once true, this stays true for every repeat",
          help: "`rate>=5/10m` asks how often it happened lately",
          start,
          end,
        }));
