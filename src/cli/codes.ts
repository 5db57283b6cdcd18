import { readFileSync } from "node:fs";
import { DIAGNOSTICS } from "../language/diagnostic.ts";
import { nearest } from "../suggest.ts";
import { CannotRunError } from "./exit-codes.ts";

/** Every code with its severity and title, one a line, in the order of families. */
export function listCodes(): string {
  const rows = Object.entries(DIAGNOSTICS).map(
    ([code, { severity, title }]) => `${code}  ${severity.padEnd(7)}  ${title}`,
  );
  return `${rows.join("\n")}\n\nrulecheck codes E201 explains one: cause, wrong, right, why.\n`;
}

/** The page of one code, as it stands in `grammar/diagnostics.md`. Throws CannotRunError for a code there is not. */
export function explainCode(code: string): string {
  const wanted = code.toUpperCase();
  const known = Object.keys(DIAGNOSTICS);
  if (!known.includes(wanted)) {
    const meant = nearest(wanted, known);
    const hint = meant === null ? "rulecheck codes lists them all" : `did you mean ${meant}?`;
    throw new CannotRunError(`there is no code ${code}; ${hint}`);
  }
  const page = sectionsOf(readDiagnosticPages()).get(wanted);
  if (page === undefined) throw new Error(`grammar/diagnostics.md has no section for ${wanted}`);
  return `${page}\n`;
}

/** Text of the sections of a document whose headings begin with a code, by code, headings included. */
export function sectionsOf(markdown: string): ReadonlyMap<string, string> {
  const sections = new Map<string, string>();
  let current: { code: string; depth: number; lines: string[] } | null = null;
  let fenced = false;
  for (const line of markdown.split("\n")) {
    // A line of an example may begin with `#`: rules have comments.
    if (line.startsWith("```")) fenced = !fenced;
    const [, hashes, code] = (fenced ? null : /^(#{1,6}) +`?([EW]\d{3})?/.exec(line)) ?? [];
    if (hashes !== undefined && (current === null || hashes.length <= current.depth || code !== undefined)) {
      current = code === undefined ? null : { code, depth: hashes.length, lines: [] };
    }
    if (current === null) continue;
    current.lines.push(line);
    sections.set(current.code, current.lines.join("\n").trimEnd());
  }
  return sections;
}

function readDiagnosticPages(): string {
  return readFileSync(new URL("../../grammar/diagnostics.md", import.meta.url), "utf8");
}
