import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createLastGood, type LastGood } from "../src/last-good.ts";
import type { RuleSet } from "../src/model/rule.ts";
import { openDatabase, type Database } from "../src/runtime/database.ts";
import { aFolder, aLogger } from "./support/delivery.ts";
import { aDrop, aRule, is } from "./support/rules.ts";

function openIn(folder: string): { readonly lastGood: LastGood; readonly database: Database } {
  const database = openDatabase(folder, aLogger().logger);
  onTestFinished(() => database.close());
  return { database, lastGood: createLastGood(database) };
}

const ruleSetOf = (count: number): RuleSet => ({
  statements: Array.from({ length: count }, (_, index) => ({ ...aRule({ name: `r${index}` }), line: index })),
});

test("gives back after a restart what it was given last, whole and in order, however many rules they are", () => {
  const folder = aFolder();
  const reopened = <T>(use: (lastGood: LastGood) => T): T => {
    const { lastGood, database } = openIn(folder);
    const answer = use(lastGood);
    database.close();
    return answer;
  };
  expect(reopened((lastGood) => lastGood.load())).toBeNull();
  const mixed: RuleSet = { statements: [aRule({ name: "a" }), aDrop(is("reason", "é\u0000\u2028"))] };
  for (const ruleSet of [mixed, ruleSetOf(1_000), ruleSetOf(256), ruleSetOf(257), ruleSetOf(1), { statements: [] }]) {
    reopened((lastGood) => lastGood.save(ruleSet));
    expect(reopened((lastGood) => lastGood.load())).toEqual(ruleSet);
  }
});

test("writes nothing to disk for rules that are kept already", () => {
  const folder = aFolder();
  const { lastGood } = openIn(folder);
  const written = (): number => statSync(join(folder, "kubewhen.db-wal")).size;
  lastGood.save(ruleSetOf(600));
  const before = written();
  lastGood.save(ruleSetOf(600));
  expect(written()).toBe(before);
  lastGood.save(ruleSetOf(601));
  expect(written()).toBeGreaterThan(before);
});

test("takes the rules that version 0.1 kept, and puts its own in their place", () => {
  const folder = aFolder();
  const { lastGood, database } = openIn(folder);
  const insert = database.prepare("INSERT INTO checkpoint VALUES (?, ?)");
  insert.run("last-good-rules", JSON.stringify(ruleSetOf(2)));
  expect(lastGood.load()).toEqual(ruleSetOf(2));
  lastGood.save(ruleSetOf(3));
  expect(lastGood.load()).toEqual(ruleSetOf(3));
  expect(database.prepare("SELECT key FROM checkpoint").rows()).toEqual([{ key: "last-good-rules/0000" }]);
});

test("keeps none rather than half of them when a part of what is kept cannot be read", () => {
  const { lastGood, database } = openIn(aFolder());
  lastGood.save(ruleSetOf(600));
  database.prepare("UPDATE checkpoint SET value = ? WHERE key = ?").run("[{", "last-good-rules/0001");
  expect(lastGood.load()).toBeNull();
  lastGood.save(ruleSetOf(600));
  expect(lastGood.load()).toEqual(ruleSetOf(600));
});
