import type { RuleSet, Statement } from "./model/rule.ts";
import type { Database } from "./runtime/database.ts";

/** The last rules that were in order, on disk: what a restart with broken ones falls back to. */
export interface LastGood {
  /** Null when none are kept, or what is kept cannot be read. */
  readonly load: () => RuleSet | null;
  /** Writes nothing of what is kept already. Throws StorageError; then the ones before are kept. */
  save(ruleSet: RuleSet): void;
}

/** Statements in a row of the table. In one row, 10,000 rules would be 8 MB, three times over while they are stored. */
const PIECE = 256;
/** Rows are named after this and their number; no other row is between the two. */
const [FIRST_KEY, END_KEY] = ["last-good-rules/", "last-good-rules0"];
/** Version 0.1 kept them in this one row. */
const OLD_KEY = "last-good-rules";

export function createLastGood(database: Database): LastGood {
  const readOld = database.prepare("SELECT value FROM checkpoint WHERE key = ?");
  const readPieces = database.prepare("SELECT value FROM checkpoint WHERE key >= ? AND key < ? ORDER BY key");
  const replacePiece = database.prepare(
    `INSERT INTO checkpoint VALUES (?, ?)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value`,
  );
  const removeFrom = database.prepare("DELETE FROM checkpoint WHERE (key >= ? AND key < ?) OR key = ?");

  return {
    load() {
      const statements: Statement[] = [];
      let [pieces, isWhole] = [0, true];
      for (const row of readPieces.each(FIRST_KEY, END_KEY)) {
        const piece = parse(row["value"]);
        isWhole &&= Array.isArray(piece);
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `save` wrote them
        if (isWhole) for (const statement of piece as readonly Statement[]) statements.push(statement);
        pieces += 1;
      }
      if (pieces > 0) return isWhole ? { statements } : null;
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- version 0.1 wrote it
      const old = parse(readOld.row(OLD_KEY)?.["value"]) as RuleSet | null;
      return Array.isArray(old?.statements) ? old : null;
    },
    save({ statements }) {
      database.transaction(() => {
        let pieces = 0;
        // An empty set is one empty piece: it is kept all the same.
        for (let from = 0; from < statements.length || from === 0; from += PIECE) {
          replacePiece.run(keyOf(pieces), JSON.stringify(statements.slice(from, from + PIECE)));
          pieces += 1;
        }
        removeFrom.run(keyOf(pieces), END_KEY, OLD_KEY);
      });
    },
  };
}

function keyOf(piece: number): string {
  return `${FIRST_KEY}${String(piece).padStart(4, "0")}`;
}

/** Null for what is not JSON. */
function parse(text: unknown): unknown {
  if (typeof text !== "string") return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
