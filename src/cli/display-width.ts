const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
/* East Asian Wide and Fullwidth, and emoji shown as pictures (Unicode UAX #11), by the blocks that matter. */
const DOUBLE_WIDTH =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303E\uFF01-\uFF60\uFFE0-\uFFE6]$/u;

/** Cells one code point takes in a terminal. A guess for rare scripts: terminals differ there too. */
function widthOf(character: string): number {
  if (ZERO_WIDTH.test(character)) return 0;
  return DOUBLE_WIDTH.test(character) ? 2 : 1;
}

/** Cells a text takes in a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/**
 * Characters that would make a terminal do something, or show text in another order than it is, in a form one can
 * see. A rules file may come from anybody. Keeps the number of code points.
 */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === "\t") return " ";
    return code < 0x20 ? String.fromCodePoint(0x2400 + code) : "\u{FFFD}";
  });
}
