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
  /** The text of one line without its break; empty for a line the text does not have. */
  line(number: number): string;
}

/** A line ends at `\n`, `\r\n` or a lone `\r`, as it does for YAML and for rules. */
export function indexLines(text: string): LineIndex {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);

  const line = (number: number): string => {
    const start = starts[number - 1];
    if (start === undefined) return "";
    const next = starts[number];
    return next === undefined ? text.slice(start) : text.slice(start, next).replace(/\r?\n$|\r$/, "");
  };
  const positionAt = (offset: number): Position => {
    const inside = Math.min(Math.max(offset, 0), text.length);
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= inside) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: countCodePoints(text.slice(starts[low], inside)) + 1 };
  };
  return {
    line,
    positionAt,
    offsetAt({ line: number, column }) {
      const start = starts[number - 1];
      if (start === undefined) return number < 1 ? 0 : text.length;
      return (
        start +
        Array.from(line(number))
          .slice(0, column - 1)
          .join("").length
      );
    },
    span(start, end) {
      const from = positionAt(start);
      const to = positionAt(end);
      return { line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
    },
  };
}

function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
