import { RE2JS } from "re2js";
import { lowerPattern } from "./lower.ts";

/**
 * Compiles the pattern of `=~`: RE2 syntax, found anywhere in the text, linear time on any text.
 *
 * re2js is the only engine, because an Event's text can be written by anybody in the cluster and a backtracking
 * engine takes seconds on innocent patterns. Patterns that mean a plain text operation become it, only where the two
 * agree on every text.
 *
 * Throws for a pattern that is not RE2; the checker has refused those before.
 */
export function compilePattern(pattern: string): (text: string) => boolean {
  const stripped = stripAnyRuns(pattern);
  const plain = lowerPattern(stripped);
  if (plain) return plain;
  const compiled = RE2JS.compile(stripped);
  return (text) => compiled.test(text);
}

/**
 * Takes `.*` off both ends: what is found anywhere is found with any run before or after it. Not from `^.*x`, whose
 * dot stops at a line end, and not where a `\Q…\E` may make the run literal.
 */
function stripAnyRuns(pattern: string): string {
  if (pattern.includes("\\Q")) return pattern;
  let start = 0;
  // Not where what follows repeats the run, or is a flag that something may repeat behind.
  while (pattern.startsWith(".*", start) && !/^(?:[?*+{]|\(\?[^:])/.test(pattern.slice(start + 2))) start += 2;
  let end = pattern.length;
  while (end - 2 >= start && pattern.startsWith(".*", end - 2) && !isEscaped(pattern, end - 2)) end -= 2;
  return pattern.slice(start, end);
}

function isEscaped(pattern: string, at: number): boolean {
  let slashes = 0;
  while (at - slashes > 0 && pattern[at - slashes - 1] === "\\") slashes += 1;
  return slashes % 2 === 1;
}
