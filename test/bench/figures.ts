/** The middle one, the upper of two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** One line of a table for people: what it is about, then its figures, right-aligned. */
export function tableRow(head: string, cells: readonly string[]): string {
  return `${head.padEnd(30)}${cells.map((cell) => cell.padStart(18)).join("")}`;
}
