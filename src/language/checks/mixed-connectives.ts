import type { ConditionNode } from "../../../grammar/ast.ts";
import type { Check } from "../check.ts";
import type { Finding } from "../finding.ts";

/** W121: `and` and `or` meet without parentheses. The meaning is fixed; that every reader knows it is not. */
export const mixedConnectives: Check = ({ node }) => {
  const findings: Finding[] = [];
  const visit = (condition: ConditionNode): void => {
    if (condition.kind === "not" || condition.kind === "group") visit(condition.part);
    if (condition.kind !== "and" && condition.kind !== "or") return;
    for (const part of condition.parts) {
      visit(part);
      if (condition.kind === "or" && part.kind === "and") {
        findings.push({
          code: "W121",
          message: "`and` binds tighter than `or`: put parentheses around this part to say so",
          start: part.start,
          end: part.end,
        });
      }
    }
  };
  visit(node.condition);
  return findings;
};
