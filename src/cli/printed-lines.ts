import { indexLines, type LineIndex, type Span } from "../text-position.ts";
import type { Report } from "./report.ts";

/** Texts whose lines reports may print, all that is not public starred out. */
export interface PrintedLines {
  /** A text without secrets: it is printed as it is. */
  addPublic(file: string, text: string): void;
  /**
   * A text that may hold secrets: its characters print as stars, one each, so that what stands beside them keeps its
   * column; but for indentation and what `show` names.
   */
  addPrivate(file: string, text: string): void;
  show(file: string, span: Span): void;
  readonly lineOf: Report["lineOf"];
}

interface PrivateText {
  readonly lines: LineIndex;
  /** By the line they begin on. */
  readonly shown: Map<number, Span[]>;
  /** Those that end on a later line than they begin on. */
  readonly long: Span[];
}

export function createPrintedLines(): PrintedLines {
  const publicTexts = new Map<string, LineIndex>();
  const privateTexts = new Map<string, PrivateText>();

  const starredLine = ({ lines, shown, long }: PrivateText, line: number): string => {
    const written = Array.from(lines.line(line));
    const printed = written.map(() => "*");
    const show = (from: number, to: number): void => {
      for (let at = from; at < Math.min(to, written.length); at += 1) printed[at] = written[at] ?? "";
    };
    const indentation = written.findIndex((character) => !/\s/.test(character));
    show(0, indentation < 0 ? written.length : indentation);
    for (const span of [...(shown.get(line) ?? []), ...long]) {
      if (line < span.line || line > span.endLine) continue;
      show(line === span.line ? span.column - 1 : 0, line === span.endLine ? span.endColumn - 1 : written.length);
    }
    return printed.join("");
  };

  return {
    addPublic(file, text) {
      publicTexts.set(file, indexLines(withoutMark(text)));
    },
    addPrivate(file, text) {
      privateTexts.set(file, { lines: indexLines(withoutMark(text)), shown: new Map(), long: [] });
    },
    show(file, span) {
      const text = privateTexts.get(file);
      if (text === undefined) return;
      if (span.endLine > span.line) text.long.push(span);
      else text.shown.set(span.line, [...(text.shown.get(span.line) ?? []), span]);
    },
    lineOf(file, line) {
      const starred = privateTexts.get(file);
      if (starred !== undefined) return starredLine(starred, line);
      return publicTexts.get(file)?.line(line) ?? null;
    },
  };
}

/** A byte order mark is not a column. */
function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, "");
}
