import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../support/source-files.ts";

/*
 * How much a newcomer reads to follow one Event from the socket to the receiver's answer: the files of the table "The
 * flow" in ARCHITECTURE.md, and the map that calls them. Prints them and exits with 1 beyond the bounds.
 */

const MAX_FILES = 14;
const MAX_LINES = 2350;

const page = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");
const [, rest = ""] = page.split("\n## The flow\n");
const [flow = ""] = rest.split("\n## ");
const named = Array.from(flow.matchAll(/^\|[^|]+\| `([\w/-]+\.ts)` \|/gm), ([, path = ""]) => `src/${path}`);
const files = [...new Set(["src/pipeline.ts", ...named])];

const rows = files.map((path) => ({ path, lines: readFileSync(join(ROOT, path), "utf8").split("\n").length - 1 }));
const lines = rows.reduce((sum, row) => sum + row.lines, 0);
for (const row of rows) process.stdout.write(`${String(row.lines).padStart(5)}  ${row.path}\n`);
process.stdout.write(`${String(lines).padStart(5)}  in ${files.length} files (at most ${MAX_LINES} in ${MAX_FILES})\n`);
if (named.length < 8) throw new Error("ARCHITECTURE.md names no stations of the flow");
if (files.length > MAX_FILES || lines > MAX_LINES) process.exitCode = 1;
