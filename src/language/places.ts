/** A place as people count it: lines and columns from 1, columns in Unicode code points. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/**
 * Turns UTF-16 offsets of a text into places, each in logarithmic time: a hostile text may have all its mistakes on
 * one line. Lines end at `\n`, `\r\n` or a lone `\r`. A BOM has no column.
 */
export function createPlaces(text: string): (offset: number) => Place {
  const starts = [0, ...Array.from(text.matchAll(/\r\n|\n|\r/g), (end) => end.index + end[0].length)];
  // Units that are no column of their own: second halves of surrogate pairs, and a BOM.
  const uncounted = Array.from(text.matchAll(/(?<=[\uD800-\uDBFF])[\uDC00-\uDFFF]|^\uFEFF/g), (unit) => unit.index);
  return (offset) => {
    const line = countUpTo(starts, offset);
    const start = starts[line - 1] ?? 0;
    const skipped = countUpTo(uncounted, offset - 1) - countUpTo(uncounted, start - 1);
    return { line, column: offset - start - skipped + 1 };
  };
}

/** How many of the ascending numbers are not above `limit`. */
function countUpTo(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? Infinity) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
