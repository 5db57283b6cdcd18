import type { Problem } from "./ast.ts";

const ESCAPE = /\\(?:u\{([0-9A-Fa-f]{1,6})\}|([\s\S]))/g;
const SIMPLE: Readonly<Record<string, string>> = { '"': '"', "\\": "\\", n: "\n", t: "\t" };

/** What a quoted text means: `'…'` as it stands, `"…"` with its escapes read. Reports each escape there is not. */
export function readText(image: string, start: number, report: (problem: Problem) => void): string {
  const inner = image.slice(1, -1);
  if (image.startsWith("'") || !inner.includes("\\")) return inner;
  return inner.replaceAll(ESCAPE, (escape: string, hex: string | undefined, letter: string | undefined, at: number) => {
    const code = hex === undefined ? Number.NaN : Number.parseInt(hex, 16);
    // A lone surrogate is no character and would not survive UTF-8.
    if (code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)) return String.fromCodePoint(code);
    const simple = letter === undefined ? undefined : SIMPLE[letter];
    if (simple !== undefined) return simple;
    report({
      code: "E102",
      message: `there is no escape \`${escape}\``,
      help: '`"…"` knows `\\"`, `\\\\`, `\\n`, `\\t` and `\\u{…}`; in \'…\' a backslash stands for itself',
      start: start + 1 + at,
      end: start + 1 + at + escape.length,
    });
    return escape;
  });
}

/** The shortest way to write a text: bare where it can stand bare, else quoted. */
export function quote(text: string): string {
  // Most texts are ASCII, and Unicode's letters take milliseconds to look up for the first time.
  const plain = /^[ -~]*$/.test(text);
  if (plain && /^[\w\-./:@*]*[\w\-./@*]$/.test(text) && !HARD.has(text)) return text;
  if (!plain && /^[\p{L}\p{M}\p{N}_\-./:@*]*[\p{L}\p{M}\p{N}_\-./@*]$/u.test(text) && !HARD.has(text)) return text;
  const escaped = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n").replaceAll("\t", "\\t");
  if (plain) return `"${escaped}"`;
  return `"${escaped.replaceAll(/\p{Cc}/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)}"`;
}

const HARD: ReadonlySet<string> = new Set(["and", "or", "not", "when", "let", "drop", "notify"]);
