import * as fc from "fast-check";
import { expect, test } from "vitest";
import { INDEX_FIELDS, type IndexedValues, type IndexKey } from "../../../src/language/algebra/index-keys.ts";
import { createRuleIndex, type IndexEntry, type RuleIndex } from "../../../src/language/algebra/rule-index.ts";

const value = fc.constantFrom("", "a", "b", "c");
const values: fc.Arbitrary<IndexedValues> = fc.record({ namespace: value, reason: value, kind: value, type: value });
const key: fc.Arbitrary<IndexKey> = fc.record(
  { namespace: value, reason: value, kind: value, type: value },
  { requiredKeys: [] },
);
const entries = fc
  .array(key, { maxLength: 60, size: "max" })
  .map((keys) => keys.map((one, position): IndexEntry<IndexKey> => ({ key: one, position, rest: one })));

function found<T>(index: RuleIndex<T>, { namespace, reason, kind, type }: IndexedValues): [number, T][] {
  const pairs: [number, T][] = [];
  const ranges = index.find(namespace, reason, kind, type);
  for (let i = 0; i < ranges.length; i += 2) {
    for (let at = ranges[i] ?? 0; at < (ranges[i + 1] ?? 0); at += 1) {
      pairs.push([index.positions[at] ?? -1, index.rests[at] as T]);
    }
  }
  return pairs;
}

test("finds each entry whose key fits, once, with what belongs to it", () => {
  fc.assert(
    fc.property(entries, fc.array(values, { minLength: 1 }), (all, asked) => {
      const index = createRuleIndex(all);
      for (const one of asked) {
        const fitting = all.filter((entry) =>
          INDEX_FIELDS.every((name) => (entry.key[name] ?? one[name]) === one[name]),
        );
        const byPosition = found(index, one).toSorted(([a], [b]) => a - b);
        expect(byPosition).toEqual(fitting.map(({ position, rest }) => [position, rest]));
      }
    }),
  );
});

test("gives what lies under one key in the order of the entries, and what fits every Event last", () => {
  const keys: IndexKey[] = [{}, { kind: "a" }, {}, { kind: "a" }, { kind: "a", type: "b" }];
  const index = createRuleIndex(keys.map((one, position) => ({ key: one, position, rest: null })));
  const positions = found(index, { namespace: "", reason: "", kind: "a", type: "b" }).map(([position]) => position);
  expect(positions.filter((position) => position % 2 === 1)).toEqual([1, 3]);
  expect(positions.slice(-2)).toEqual([0, 2]);
  expect(positions).toHaveLength(5);
});
