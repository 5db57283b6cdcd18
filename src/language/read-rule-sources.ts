import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { RuleSource } from "./load.ts";

/** The rules could not even be read: exit code 2, not a mistake in them. */
export class RulesUnreadableError extends Error {
  override readonly name = "RulesUnreadableError";
  readonly path: string;

  constructor(path: string, cause: unknown) {
    super(`cannot read rules from ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.path = path;
  }
}

/**
 * The rule texts of a file, or of a folder's `*.rules` in byte order of their names.
 *
 * Dot-files are skipped, and so is the `..data` of a mounted ConfigMap; the links to it are followed. Folders inside
 * are not entered. Throws RulesUnreadableError for anything `readFile` refuses, for a pipe or a device in a folder, and
 * for text that is not UTF-8.
 */
export function readRuleSources(path: string, readFile: ReadFile = readFileSync): readonly RuleSource[] {
  let current = path;
  try {
    if (!statSync(path).isDirectory()) return [readSource(path, readFile)];
    const names = readdirSync(path).filter((name) => name.endsWith(".rules") && !name.startsWith("."));
    const sources: RuleSource[] = [];
    for (const name of names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
      current = join(path, name);
      const stats = statSync(current);
      if (stats.isDirectory()) continue;
      if (!stats.isFile()) throw new Error("it is a pipe or a device, not a file");
      sources.push(readSource(current, readFile));
    }
    return sources;
  } catch (error) {
    throw new RulesUnreadableError(current, error);
  }
}

type ReadFile = (path: string) => Uint8Array;

function readSource(file: string, readFile: ReadFile): RuleSource {
  // Not `toString`: it would put U+FFFD for broken bytes, and a rule would quietly compare with something else.
  return { file, text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFile(file)) };
}
