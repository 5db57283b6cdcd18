const ESC = String.fromCharCode(0x1b);
const BEL = String.fromCharCode(0x07);

/*
 * ANSI sequences as ECMA-48 writes them: CSI (colours, cursor), OSC (titles, links) and the two-character ones.
 * Bounded, so that an unfinished one hides no text and costs no time.
 */
const ANSI = new RegExp(
  `${ESC}\\[[0-?]{0,64}[ -/]{0,8}[@-~]|${ESC}\\][^${BEL}${ESC}]{0,256}(?:${BEL}|${ESC}\\\\)|${ESC}[@-Z\\\\^_]`,
  "g",
);

/** Controls but the line feed, and the characters that turn the direction of writing to make text read otherwise. */
const CONTROLS = /(?!\n)[\p{Cc}\u{061C}\u{200E}\u{200F}\u{202A}-\u{202E}\u{2066}-\u{2069}]/gu;

/** Line ends of other systems, and of Unicode: line separator and paragraph separator. */
const LINE_ENDS = /\r\n?|[\u{2028}\u{2029}]/gu;

/**
 * Makes text of strangers fit for any receiver: no ANSI sequences, no controls but line feeds, no direction
 * overrides, lone surrogates as U+FFFD; tabs become spaces. It still needs the escape of its dialect.
 */
export function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(ANSI, "")
    .replaceAll(LINE_ENDS, "\n")
    .replaceAll("\t", " ")
    .replaceAll(CONTROLS, "");
}

/**
 * The first `maxLength` UTF-16 units of a text, whole characters only, with a mark that says how many bytes went.
 * The mark comes on top of `maxLength`.
 */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  // Half a character at the cut would become U+FFFD.
  const end = maxLength > 0 && /[\u{D800}-\u{DBFF}]/u.test(text.charAt(maxLength - 1)) ? maxLength - 1 : maxLength;
  const kept = text.slice(0, Math.max(0, end));
  return `${kept}… (+${Buffer.byteLength(text) - Buffer.byteLength(kept)} bytes)`;
}

/** A text on one line: runs of white space become one space. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

/** Percent-encodes everything that could end a link: `encodeURIComponent` leaves quotes, stars and brackets. */
export function escapeUrl(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}
