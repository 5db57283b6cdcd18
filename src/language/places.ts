/** A place as people count it: lines and columns from 1, columns in Unicode code points. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Turns UTF-16 offsets of a text into places. Lines end at `\n`, `\r\n` or a lone `\r`. A BOM has no column. */
export function createPlaces(text: string): (offset: number) => Place {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    const before = text.slice(starts[low], offset);
    let column = 1;
    for (const character of before) if (character !== "\uFEFF") column++;
    return { line: low + 1, column };
  };
}
