import { ANYTHING, type Box } from "../algebra/box.ts";
import { cover } from "../algebra/cover.ts";
import { KNOWN_REASONS } from "../catalogue.ts";
import type { Check } from "../check.ts";

/**
 * W322: the rule asks for a type that Kubernetes never gives this reason about this kind.
 *
 * `type=Warning and kind=Node and reason=NodeNotReady` reads well and never holds: a node's own conditions are
 * Normal. Looks at reasons that the catalogue knows for that very kind.
 */
export const impossibleType: Check = ({ condition, comparisons, node }) => {
  if (condition === null || node.kind !== "rule") return [];
  const [box = ANYTHING] = cover(condition, "holds", { most: 1, reads: ({ test }) => test.op === "in" });
  const types = requiredValues(box, "type");
  const reasons = requiredValues(box, "reason");
  if (types === null || reasons === null) return [];
  const kinds = requiredValues(box, "kind");
  const never = reasons.every((reason) => neverSeen(reason, types, kinds));
  if (!never) return [];
  const own = comparisons.find(({ comparison: { field } }) => field.kind === "text" && field.name === "type");
  const at = own?.node ?? node.condition;
  const about = kinds === null ? "" : ` about a ${kinds.join(" or ")}`;
  return [
    {
      code: "W322",
      message: `Kubernetes never gives ${reasons.map((reason) => `\`${reason}\``).join(", ")}${about} the type ${types.join(" or ")}`,
      help: `the type is ${types.includes("Warning") ? "Normal" : "Warning"} there: leave the comparison of \`type\` out`,
      start: at.start,
      end: at.end,
    },
  ];
};

function neverSeen(reason: string, types: readonly string[], kinds: readonly string[] | null): boolean {
  const known = KNOWN_REASONS.get(reason);
  if (known === undefined || types.some((type) => type !== "Normal" && type !== "Warning")) return false;
  const about = known.filter(
    (event) => kinds === null || event.kinds === null || kinds.some((kind) => event.kinds?.includes(kind)),
  );
  // A kind the catalogue does not list for this reason belongs to somebody else's controller.
  return about.length > 0 && about.every(({ type, kinds: listed }) => listed !== null && !types.includes(type));
}

/** Values one of which the field must have; null where most values will do. */
function requiredValues(box: Box, field: string): readonly string[] | null {
  const values = box.get(field);
  return values?.kind === "only" ? [...values.values].filter((value) => value !== null) : null;
}
