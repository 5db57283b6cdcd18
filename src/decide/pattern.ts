import { RE2JS } from "re2js";

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
  const plain = lower(stripped);
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
  while (pattern.startsWith(".*", start) && !"?*+{".includes(pattern.charAt(start + 2) || " ")) start += 2;
  let end = pattern.length;
  while (end - 2 >= start && pattern.startsWith(".*", end - 2) && !isEscaped(pattern, end - 2)) end -= 2;
  return pattern.slice(start, end);
}

function isEscaped(pattern: string, at: number): boolean {
  let slashes = 0;
  while (at - slashes > 0 && pattern[at - slashes - 1] === "\\") slashes += 1;
  return slashes % 2 === 1;
}

function lower(pattern: string): ((text: string) => boolean) | null {
  // Half a surrogate pair is found by `includes` inside a whole one, by re2js it is not.
  if (!pattern.isWellFormed()) return null;
  const atStart = pattern.startsWith("^");
  const atEnd = pattern.endsWith("$") && !isEscaped(pattern, pattern.length - 1);
  const body = pattern.slice(atStart ? 1 : 0, atEnd ? -1 : undefined);
  const words = alternatives(body);
  if (!words) return null;
  if (words.length > 1) {
    if (!atStart || !atEnd) return null;
    const all = new Set(words);
    return (text) => all.has(text);
  }
  const word = words[0] ?? "";
  if (atStart && atEnd) return (text) => text === word;
  if (atStart) return (text) => text.startsWith(word);
  if (atEnd) return (text) => text.endsWith(word);
  return (text) => text.includes(word);
}

/** The literals of `literal`, `(a|b)` or `(?:a|b)`; null for anything else. */
function alternatives(body: string): readonly string[] | null {
  const group = body.startsWith("(?:") ? 3 : body.startsWith("(") ? 1 : 0;
  if (group === 0) {
    const word = literal(body);
    return word === null ? null : [word];
  }
  if (!body.endsWith(")")) return null;
  const words: string[] = [];
  // A bar or bracket after a backslash splits a literal in two halves, one of which then ends in a lone backslash
  // and is refused.
  for (const part of body.slice(group, -1).split("|")) {
    const word = literal(part);
    if (word === null) return null;
    words.push(word);
  }
  return words;
}

const SPECIAL = new Set("\\.+*?()|[]{}^$");

/** What a pattern without operators stands for, escaped punctuation resolved; null if there is an operator in it. */
function literal(pattern: string): string | null {
  let text = "";
  for (let i = 0; i < pattern.length; i += 1) {
    const character = pattern.charAt(i);
    if (character === "\\") {
      i += 1;
      const escaped = pattern.charAt(i);
      if (!SPECIAL.has(escaped)) return null;
      text += escaped;
    } else if (SPECIAL.has(character)) return null;
    else text += character;
  }
  return text;
}
