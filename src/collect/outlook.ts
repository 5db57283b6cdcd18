import { INDEX_FIELDS, splitByKey, type IndexedValues } from "../language/algebra/index-keys.ts";
import { asksFor, assume } from "../language/algebra/partial.ts";
import { createRuleIndex } from "../language/algebra/rule-index.ts";
import type { Condition, RuleSet, Statement } from "../model/rule.ts";

/** Whether a rule can match an Event of which only a few fields are known. */
export interface Outlook {
  /**
   * What the type alone decides. `none`: no rule matches; `some`: one may, whatever kind, reason and namespace are;
   * `open`: they may decide. Reads every statement, so its answers are worth keeping.
   */
  ofType(type: string): "none" | "some" | "open";
  /** False if no rule matches, whatever else the Event holds. Takes the time of a look-up in the rule index. */
  mayMatch(values: IndexedValues): boolean;
}

const WITHOUT_TYPE = INDEX_FIELDS.filter((field) => field !== "type");

/** Answers for a rule set. */
export function createOutlook({ statements }: RuleSet): Outlook {
  const entries = statements.flatMap((statement, position) =>
    splitByKey(statement.condition).flatMap(({ key, rest }) => {
      const bearing = bearingOf(statement, rest, INDEX_FIELDS);
      if (bearing === "none") return [];
      return [{ key, position, rest: bearing === "open" ? rest : true }];
    }),
  );
  const index = createRuleIndex(entries);

  return {
    ofType(type) {
      let dropOpen = false;
      let ruleOpen = false;
      for (const statement of statements) {
        const bearing = bearingOf(statement, assume(statement.condition, { type }), WITHOUT_TYPE);
        if (statement.kind === "drop") {
          if (bearing === "certain") break;
          dropOpen ||= bearing === "open";
        } else {
          if (bearing === "certain" && !dropOpen) return "some";
          ruleOpen ||= bearing !== "none";
        }
      }
      return ruleOpen ? "open" : "none";
    },
    mayMatch(values) {
      // The first statement that ends the question: a drop that surely holds, or a rule that may.
      let first = statements.length;
      const found = index.find(values.namespace, values.reason, values.kind, values.type);
      for (let i = 0; i < found.length; i += 2) {
        const last = found[i + 1] ?? 0;
        for (let at = found[i] ?? 0; at < last; at += 1) {
          const position = index.positions[at] ?? 0;
          if (position >= first) break;
          const statement = statements[position];
          const rest = index.rests[at] ?? true;
          if (statement && bearingOf(statement, rest === true || assume(rest, values), []) !== "none") first = position;
        }
      }
      return statements[first]?.kind === "rule";
    },
  };
}

/**
 * What a statement of which this much is left means for the outlook: `none` if it changes nothing, `certain` if it
 * ends the question, `open` if one of these fields may still tell. For a drop only what surely holds counts, for a
 * rule what may hold.
 */
function bearingOf(
  { kind }: Statement,
  rest: Condition | boolean,
  fields: readonly string[],
): "none" | "certain" | "open" {
  if (typeof rest === "boolean") return rest ? "certain" : "none";
  if (asksFor(rest, fields)) return "open";
  return kind === "drop" ? "none" : "certain";
}
