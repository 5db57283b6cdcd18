import { indexLines, type LineIndex, type Span } from "../text-position.ts";
import type { Report } from "./report.ts";

/** Texts of which reports may print parts, what is hidden in them starred out. */
export interface PrintedLines {
  add(file: string, text: string): void;
  /** From now on these characters print as stars, one each, so that what stands beside them keeps its column. */
  hide(file: string, span: Span): void;
  readonly columnsOf: Report["columnsOf"];
}

interface PrintedText {
  readonly text: string;
  readonly hidden: Span[];
  /** As it may be printed; null when something was hidden since it was last asked for. */
  printed: LineIndex | null;
}

export function createPrintedLines(): PrintedLines {
  const texts = new Map<string, PrintedText>();
  // A span may be hidden before its text is there.
  const hidden = new Map<string, Span[]>();
  const hiddenIn = (file: string): Span[] => {
    const known = hidden.get(file) ?? [];
    hidden.set(file, known);
    return known;
  };
  return {
    add(file, text) {
      texts.set(file, { text: text.replace(/^\uFEFF/, ""), hidden: hiddenIn(file), printed: null });
    },
    hide(file, span) {
      hiddenIn(file).push(span);
      const known = texts.get(file);
      if (known !== undefined) known.printed = null;
    },
    columnsOf(file, line, from, to) {
      const known = texts.get(file);
      if (known === undefined) return null;
      known.printed ??= indexLines(starOut(known.text, known.hidden));
      return known.printed.columns(line, from, to);
    },
  };
}

/** Puts a star for each character of the spans, line ends left as they are. */
function starOut(text: string, spans: readonly Span[]): string {
  const lines = indexLines(text);
  const ranges = spans
    .map(({ line, column, endLine, endColumn }) => ({
      start: lines.offsetAt({ line, column }),
      end: lines.offsetAt({ line: endLine, column: endColumn }),
    }))
    .toSorted((a, b) => a.start - b.start);
  let printed = "";
  let at = 0;
  for (const { start, end } of ranges) {
    printed += text.slice(at, Math.max(at, start));
    printed += text.slice(Math.max(at, start), Math.max(at, end)).replaceAll(/[^\r\n]/gu, "*");
    at = Math.max(at, end);
  }
  return printed + text.slice(at);
}
