import type { Check } from "../check.ts";
import type { Finding } from "../finding.ts";

/** Fields whose values Kubernetes never lets hold `*` or `?`; a message may well do. */
const PLAIN = new Set(["type", "reason", "kind", "name", "namespace", "workload", "container", "host", "component"]);

/** W221: `=` compares `*` and `?` as they stand; `like` was meant. */
export const globEquality: Check = ({ comparisons }) =>
  comparisons.flatMap(({ node, comparison: { field } }): readonly Finding[] => {
    if (node.operator !== "=" && node.operator !== "!=" && node.operator !== "in") return [];
    if (field.kind !== "text" || !PLAIN.has(field.name)) return [];
    const first = node.values.find((value) => /[*?]/.test(value.text));
    if (first === undefined) return [];
    const message = `\`${node.operator}\` takes \`*\` and \`?\` as they stand, and no ${field.name} holds them: \`like\` was meant`;
    if (node.operator === "in") return [{ code: "W221", message, start: first.start, end: first.end }];
    const suggestion = node.operator === "!=" ? "not like" : "like";
    return [{ code: "W221", message, suggestion, ...node.operatorSpan }];
  });
