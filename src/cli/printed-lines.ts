import { indexLines, type LineIndex, type Span } from "../text-position.ts";
import type { Report } from "./report.ts";

/** Texts whose lines reports may print, what is hidden in them starred out. */
export interface PrintedLines {
  add(file: string, text: string): void;
  /** From now on these characters print as stars, one each, so that what stands beside them keeps its column. */
  hide(file: string, span: Span): void;
  readonly lineOf: Report["lineOf"];
}

export function createPrintedLines(): PrintedLines {
  const texts = new Map<string, LineIndex>();
  const hidden = new Map<string, Span[]>();
  return {
    add(file, text) {
      texts.set(file, indexLines(text.replace(/^\uFEFF/, "")));
    },
    hide(file, span) {
      const spans = hidden.get(file) ?? [];
      spans.push(span);
      hidden.set(file, spans);
    },
    lineOf(file, line) {
      const lines = texts.get(file);
      if (lines === undefined) return null;
      const characters = Array.from(lines.line(line));
      for (const span of hidden.get(file) ?? []) {
        if (line < span.line || line > span.endLine) continue;
        const from = line === span.line ? span.column - 1 : 0;
        const to = line === span.endLine ? span.endColumn - 1 : characters.length;
        characters.fill("*", from, to);
      }
      return characters.join("");
    },
  };
}
