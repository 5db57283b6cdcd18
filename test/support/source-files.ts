import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** One `import` or `export … from`. */
export interface Import {
  /** A path from the root for a file of ours, the package's name for any other. */
  readonly to: string;
  /** `type` is gone when the program runs, `late` is an `import()` that runs when it is met. */
  readonly kind: "value" | "type" | "late";
}

export interface SourceFile {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

/** Files below a folder, as sorted paths from the root; what installing, building and Git make is left out. */
export function filesBelow(folder: string, isWanted: (path: string) => boolean): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter(({ name }) => !["node_modules", "dist", "coverage", ".git"].includes(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path, isWanted) : isWanted(path) ? [path] : [];
    })
    .toSorted();
}

/** All TypeScript below the folders, parsed for what it imports. */
export function readSources(...folders: readonly string[]): SourceFile[] {
  return folders
    .flatMap((folder) => filesBelow(folder, (path) => path.endsWith(".ts")))
    .map((path) => {
      const text = readFileSync(join(ROOT, path), "utf8");
      return { path, text, imports: importsOf(path, text) };
    });
}

const DECLARATION =
  /^(?:import\s+(?:(?<type>type)\s+)?(?:[\w$*{}\s,]+?\s+from\s+)?|export\s+(?:(?<exportType>type)\s+)?(?:\{[^}]*\}|\*(?:\s+as\s+\w+)?)\s+from\s+)"(?<to>[^"]+)"/gm;
const CALL = /(?<typeOnly>typeof\s+)?\bimport\(\s*["'`](?<to>[^"'`]+)["'`]\s*\)/g;

/** Reads what a file imports from its text alone. Right for code that is formatted as ours is. */
export function importsOf(path: string, text: string): Import[] {
  const found = (specifier: string, kind: Import["kind"]): Import => ({
    to: specifier.startsWith(".") ? relative(ROOT, join(ROOT, dirname(path), specifier)) : packageOf(specifier),
    kind,
  });
  return [
    ...Array.from(text.matchAll(DECLARATION), ({ groups = {} }) =>
      found(groups["to"] ?? "", groups["type"] || groups["exportType"] ? "type" : "value"),
    ),
    ...Array.from(text.matchAll(CALL), ({ groups = {} }) =>
      found(groups["to"] ?? "", groups["typeOnly"] ? "type" : "late"),
    ),
  ];
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Lines of code with their numbers: whole-line comments left out, trailing ones cut off. */
export function codeLines(text: string): { readonly line: number; readonly code: string }[] {
  return text
    .split("\n")
    .map((code, index) => ({ line: index + 1, code: code.replace(/\s\/\/ .*$/, "") }))
    .filter(({ code }) => !/^\s*(?:\/\/|\/\*|\*)/.test(code));
}
