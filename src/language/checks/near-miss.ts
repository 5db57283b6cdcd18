import { quote } from "../../../grammar/text.ts";
import { nearest } from "../../suggest.ts";
import { KNOWN_KINDS, KNOWN_REASONS } from "../catalogue.ts";
import type { Check } from "../check.ts";
import type { Finding } from "../finding.ts";

/**
 * W321: a reason, kind or type that is one slip away from a known one.
 *
 * Any word may be the reason of somebody's controller, so only a difference in case, or a slip in a long word, is
 * reported: a short unknown word is most likely meant.
 */
export const nearMiss: Check = ({ comparisons }) =>
  comparisons.flatMap(({ node, comparison: { field } }): readonly Finding[] => {
    if (node.operator !== "=" && node.operator !== "!=" && node.operator !== "in") return [];
    if (field.kind !== "text") return [];
    const known = KNOWN[field.name];
    if (known === undefined) return [];
    return node.values.flatMap(({ text, start, end }): readonly Finding[] => {
      const meant = known.has(text) ? null : nearest(text, known);
      const sameLetters = meant?.toLowerCase() === text.toLowerCase();
      if (meant === null || !(sameLetters || oneSlip(text, meant))) return [];
      return [
        { code: "W321", message: `no known ${field.name} is spelt ${quote(text)}`, suggestion: meant, start, end },
      ];
    });
  });

const KNOWN: Readonly<Record<string, ReadonlySet<string>>> = {
  reason: new Set(KNOWN_REASONS.keys()),
  kind: new Set(KNOWN_KINDS),
  type: new Set(["Normal", "Warning"]),
};

/** One letter too many, too few, wrong or swapped, in a word of eight letters or more; in a shorter one a plural. */
function oneSlip(text: string, meant: string): boolean {
  if (Math.min(text.length, meant.length) < 8) return text === `${meant}s`;
  let start = 0;
  while (start < text.length && text[start] === meant[start]) start++;
  let end = 0;
  while (end < Math.min(text.length, meant.length) - start && text.at(-1 - end) === meant.at(-1 - end)) end++;
  const ours = text.slice(start, text.length - end);
  const theirs = meant.slice(start, meant.length - end);
  if (ours.length <= 1 && theirs.length <= 1) return true;
  return ours.length === 2 && theirs === `${ours[1] ?? ""}${ours[0] ?? ""}`;
}
