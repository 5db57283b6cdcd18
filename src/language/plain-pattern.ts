/** Escapes that stand for one character or one class, and signs taken as they are. */
const ESCAPE = /\\[dDsSwW!-/:-@[-`{-~]/g;
/** A class of plain characters: without ranges, escapes or names, over which one could trip. */
const CLASS = /\[\^?[^\][\\^-]+\]/g;
/** `(…)` or `(?:…)` with alternatives of characters in it, each repeated in one way at most. */
const BODY = String.raw`(?:[|^$]|[^\\()[\]{}*+?|^$](?:[*+?]\??)?)*`;
const GROUP = new RegExp(String.raw`\((?:\?:)?${BODY}\)`, "g");
const WHOLE = new RegExp(`^${BODY}$`);
/** Groups in groups in groups … beyond which we do not look. */
const MAX_DEPTH = 8;

/**
 * True for a pattern that is easily seen to be a valid RE2 expression; false says nothing.
 *
 * Most patterns people write are, and compiling one just to see whether it compiles takes as long as parsing two
 * rules. A property test compiles what this lets pass.
 */
export function isPlainPattern(pattern: string): boolean {
  let rest = pattern
    .replace(/^\(\?i\)/, "")
    .replaceAll(ESCAPE, "x")
    .replaceAll(CLASS, "x");
  for (let depth = 0; depth < MAX_DEPTH && rest.includes("("); depth++) rest = rest.replaceAll(GROUP, "x");
  return WHOLE.test(rest);
}
