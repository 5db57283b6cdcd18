import { indexLines, type LineIndex, type Span } from "../text-position.ts";
import type { Report } from "./report.ts";

/** Texts of which reports may print parts, all that is not public starred out. */
export interface PrintedLines {
  /** A text without secrets: it is printed as it is. */
  addPublic(file: string, text: string): void;
  /**
   * A text that may hold secrets: its characters print as stars, one each, so that what stands beside them keeps its
   * column; but for indentation and what `show` names.
   */
  addPrivate(file: string, text: string): void;
  /** The text of the file may be added later. */
  show(file: string, span: Span): void;
  readonly columnsOf: Report["columnsOf"];
}

interface PrintedText {
  readonly text: string;
  readonly isPublic: boolean;
  /** As it may be printed; null when something was shown since it was last asked for. */
  printed: LineIndex | null;
}

export function createPrintedLines(): PrintedLines {
  const texts = new Map<string, PrintedText>();
  const shown = new Map<string, Span[]>();
  const add = (file: string, text: string, isPublic: boolean): void => {
    // A byte order mark is not a column.
    texts.set(file, { text: text.replace(/^\uFEFF/, ""), isPublic, printed: null });
  };
  return {
    addPublic: (file, text) => add(file, text, true),
    addPrivate: (file, text) => add(file, text, false),
    show(file, span) {
      const spans = shown.get(file);
      if (spans === undefined) shown.set(file, [span]);
      else spans.push(span);
      const known = texts.get(file);
      if (known !== undefined) known.printed = null;
    },
    columnsOf(file, line, from, to) {
      const known = texts.get(file);
      if (known === undefined) return null;
      const { text, isPublic } = known;
      known.printed ??= indexLines(isPublic ? text : starOut(text, shown.get(file) ?? []));
      return known.printed.columns(line, from, to);
    },
  };
}

/** Puts a star for each character outside the spans, line ends and indentation left as they are. */
function starOut(text: string, shown: readonly Span[]): string {
  const lines = indexLines(text);
  const indentation = Array.from(text.matchAll(/^[ \t]+/gm), ({ 0: { length }, index }) => {
    return { start: index, end: index + length };
  });
  const named = shown.map(({ line, column, endLine, endColumn }) => ({
    start: lines.offsetAt({ line, column }),
    end: lines.offsetAt({ line: endLine, column: endColumn }),
  }));
  const stars = (from: number, to: number): string => text.slice(from, to).replaceAll(/[^\r\n]/gu, "*");
  let printed = "";
  let at = 0;
  for (const { start, end } of [...indentation, ...named].toSorted((a, b) => a.start - b.start)) {
    printed += stars(at, Math.max(at, start)) + text.slice(Math.max(at, start), Math.max(at, end));
    at = Math.max(at, end);
  }
  return printed + stars(at, text.length);
}
