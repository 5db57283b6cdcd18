import type { Alert } from "./alert.ts";

/**
 * A group in words: its values in the order of the rule's `by`, an object with its namespace in front, empty values
 * left out. Empty for `by none`.
 */
export function groupLabel(group: Alert["group"]): string {
  const values = group.map(([field, value], i) => {
    const next = group[i + 1];
    const joins = field === "namespace" && value !== "" && next?.[0] === "name" && next[1] !== "";
    return joins ? `${value}/` : value === "" ? "" : `${value} `;
  });
  return values.join("").trimEnd();
}
