import type { Check } from "../check.ts";
import { fieldText, findField } from "../fields.ts";
import type { Finding } from "../finding.ts";

/** Fields that tell objects, or sets of them, apart. */
const OBJECT_FIELDS = new Set(["name", "namespace", "workload", "container", "host", "uid", "fieldPath", "cluster"]);
/** Fields with a new value for nearly every Event. */
const EVER_NEW = new Set(["message", "uid", "fieldPath"]);

/** W411, W412: a group so wide that one object mutes all others, or so narrow that nothing is ever held back. */
export const groups: Check = ({ node }) => {
  if (node.kind !== "rule") return [];
  const by = node.clauses.find((clause) => clause.kind === "by");
  // `by none` says it in so many words.
  if (by === undefined || by.fields.length === 0) return [];
  const refs = by.fields.map((field) => ({ field, ref: findField(field.name, field.key?.text ?? null) }));
  const findings: Finding[] = [];
  const rated = node.clauses.some((clause) => clause.kind === "rate");
  const naming = refs.some(({ ref }) => ref === null || ref.kind !== "text" || OBJECT_FIELDS.has(ref.name));
  if (rated && !naming) {
    findings.push({
      code: "W411",
      message: "this group tells no objects apart: one noisy object mutes all others",
      help: "add `namespace` or `name`, or write `by none` if you mean it",
      start: by.start,
      end: by.end,
    });
  }
  for (const { field, ref } of refs) {
    if (ref?.kind !== "text" || !EVER_NEW.has(ref.name) || ref.name === "fieldPath") continue;
    findings.push({
      code: "W412",
      message: `\`${fieldText(ref)}\` is new nearly every time, so this group rarely holds two Events`,
      start: field.start,
      end: field.end,
    });
  }
  return findings;
};
