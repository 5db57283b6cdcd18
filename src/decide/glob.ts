/**
 * Compiles the pattern of `like`: `*` is any run, `?` one character (a code point), all else stands for itself, and
 * the whole text must fit.
 *
 * Time grows with the length of the text times that of the pattern and never faster: the pieces between stars are
 * looked for from the left, each only once, and nothing is ever tried again.
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  const pieces = pattern.split("*");
  if (pattern.includes("?")) {
    const wanted = pieces.map((piece) => codePoints(piece));
    return (text) => fits(wanted, codePoints(text));
  }
  const first = pieces[0] ?? "";
  if (pieces.length === 1) return (text) => text === first;
  const last = pieces.at(-1) ?? "";
  const middle = pieces.slice(1, -1).filter((piece) => piece !== "");
  return (text) => {
    const end = text.length - last.length;
    if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    for (const piece of middle) {
      const found = text.indexOf(piece, at);
      if (found < 0) return false;
      at = found + piece.length;
    }
    return at <= end;
  };
}

const ANY_ONE = 0x3f;

/** The form with `?` works on code points, so that one `?` is one character also outside the basic plane. */
function fits(pieces: readonly (readonly number[])[], text: readonly number[]): boolean {
  const first = pieces[0] ?? [];
  if (pieces.length === 1) return text.length === first.length && fitsAt(first, text, 0);
  const last = pieces.at(-1) ?? [];
  const end = text.length - last.length;
  if (end < first.length || !fitsAt(first, text, 0) || !fitsAt(last, text, end)) return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    while (at + piece.length <= end && !fitsAt(piece, text, at)) at += 1;
    at += piece.length;
    if (at > end) return false;
  }
  return true;
}

function fitsAt(piece: readonly number[], text: readonly number[], at: number): boolean {
  for (let i = 0; i < piece.length; i += 1) {
    if (piece[i] !== ANY_ONE && piece[i] !== text[at + i]) return false;
  }
  return true;
}

function codePoints(text: string): readonly number[] {
  const points: number[] = [];
  for (let i = 0; i < text.length; i += 1) {
    const point = text.codePointAt(i) ?? 0;
    points.push(point);
    if (point > 0xffff) i += 1;
  }
  return points;
}
