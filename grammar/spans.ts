import type { Span } from "./ast.ts";

/** Answers whether a stretch of text shares a character with any of these; in logarithmic time, however many. */
export function createOverlap(spans: readonly Span[]): (span: Span) => boolean {
  const merged: { readonly start: number; end: number }[] = [];
  for (const { start, end } of spans.filter((span) => span.end > span.start).toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last === undefined || last.end <= start) merged.push({ start, end });
    else last.end = Math.max(last.end, end);
  }
  return ({ start, end }) => {
    let low = 0;
    let high = merged.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((merged[middle]?.start ?? Infinity) < end) low = middle + 1;
      else high = middle;
    }
    return (merged[low - 1]?.end ?? -1) > start;
  };
}
