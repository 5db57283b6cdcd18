/** A place in a text: line and column count from 1, the column in Unicode code points. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A stretch of text from its first character to just behind its last. */
export interface Span {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** Turns UTF-16 offsets, which parsers count in, into places, which people count in, and back. */
export interface LineIndex {
  /** Offsets outside the text are moved to its nearest end. */
  positionAt(offset: number): Position;
  /** A column behind the end of its line answers the line's end. */
  offsetAt(position: Position): number;
  span(start: number, end: number): Span;
  /** The characters of a line from one column up to another; as much of that as the line has, its break left out. */
  columns(line: number, from: number, to: number): string;
}

/**
 * Looks a text over once; each look-up after that takes logarithmic time, for a hostile text may have all its mistakes
 * on one line. A line ends at `\n`, `\r\n` or a lone `\r`, as it does for YAML and for rules. A BOM has no column.
 */
export function indexLines(text: string): LineIndex {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);
  // Units that are no column of their own: second halves of surrogate pairs, and a BOM.
  const uncounted = Array.from(text.matchAll(/(?<=[\uD800-\uDBFF])[\uDC00-\uDFFF]|^\uFEFF/g), ({ index }) => index);

  /** Where a line ends, its break left out. */
  const endOf = (number: number): number => {
    const next = starts[number];
    if (next === undefined) return text.length;
    return text.endsWith("\r\n", next) ? next - 2 : next - 1;
  };
  const positionAt = (offset: number): Position => {
    const inside = Math.min(Math.max(offset, 0), text.length);
    const number = countWhile(starts, (start) => start <= inside);
    const start = starts[number - 1] ?? 0;
    const skipped = countWhile(uncounted, (unit) => unit < inside) - countWhile(uncounted, (unit) => unit < start);
    return { line: number, column: inside - start - skipped + 1 };
  };
  const offsetAt = ({ line: number, column }: Position): number => {
    const start = starts[number - 1];
    if (start === undefined) return number < 1 ? 0 : text.length;
    const first = countWhile(uncounted, (unit) => unit < start);
    const counted = start + Math.max(column, 1) - 1;
    // Each unit that is no column moves the place, and so lets in units further on.
    const skipped = countWhile(uncounted, (unit, index) => unit - Math.max(index - first, 0) <= counted) - first;
    return Math.min(counted + skipped, endOf(number));
  };
  return {
    positionAt,
    offsetAt,
    columns(line, from, to) {
      return text.slice(offsetAt({ line, column: from }), offsetAt({ line, column: to }));
    },
    span(start, end) {
      const from = positionAt(start);
      const to = positionAt(end);
      return { line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
    },
  };
}

/** How many items from the first on fit; what does not must be followed by nothing that does. */
function countWhile(items: readonly number[], fits: (item: number, index: number) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fits(items[middle] ?? Infinity, middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
