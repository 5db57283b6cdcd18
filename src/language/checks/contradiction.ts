import type { Condition } from "../../model/rule.ts";
import { isImpossible } from "../algebra/solve.ts";
import type { Check } from "../check.ts";
import { fieldText } from "../fields.ts";

/** E301: a condition that no Event can meet. */
export const contradiction: Check = ({ node, condition }) => {
  if (condition === null || node.kind === "let" || !isImpossible(condition)) return [];
  const { start, end } = node.condition;
  const field = condition.kind === "and" ? contradictedField(condition.parts) : null;
  return [
    {
      code: "E301",
      message:
        field === null
          ? "this condition can never be true"
          : `this can never be true: no \`${field}\` is what these comparisons ask for`,
      help: "`or`, or `in (a, b)`, asks for one of several values",
      start,
      end,
    },
  ];
};

/** The field over which plain comparisons joined by `and` contradict each other. */
function contradictedField(parts: readonly Condition[]): string | null {
  const comparisons = parts.filter((part) => part.kind === "comparison");
  for (const [field, asked] of Map.groupBy(comparisons, (comparison) => fieldText(comparison.field))) {
    if (isImpossible({ kind: "and", parts: asked })) return field;
  }
  return null;
}
