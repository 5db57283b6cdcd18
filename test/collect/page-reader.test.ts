import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPageReader } from "../../src/collect/page-reader.ts";
import type { JsonObject } from "../../src/model/json.ts";

interface Read {
  readonly items: unknown[];
  readonly page: JsonObject | null;
  readonly oversized: number;
}

/** Reads a text that arrives in pieces of so many bytes, the last of them again and again. */
function read(text: string, sizes: readonly number[] = [text.length || 1], maxItemBytes?: number): Read {
  let oversized = 0;
  const count = (): void => void (oversized += 1);
  const reader = createPageReader({ oversized: count, ...(maxItemBytes === undefined ? {} : { maxItemBytes }) });
  const bytes = Buffer.from(text);
  const items: unknown[] = [];
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const size = sizes[Math.min(i, sizes.length - 1)] ?? 1;
    items.push(...reader.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return { items, page: reader.end(), oversized };
}

const METADATA = { resourceVersion: "7", continue: "x" };

describe("createPageReader", () => {
  it("hands out each item as soon as its bytes are there", () => {
    const reader = createPageReader({ oversized: () => {} });
    expect(reader.push(Buffer.from('{"metadata":{"resourceVersion":"7"},"items":[{"a":1},{"b":'))).toEqual([{ a: 1 }]);
    expect(reader.push(Buffer.from("[2]}"))).toEqual([]);
    expect(reader.push(Buffer.from("]"))).toEqual([{ b: [2] }]);
    expect(reader.push(Buffer.from("}"))).toEqual([]);
    expect(reader.end()).toEqual({ metadata: { resourceVersion: "7" }, items: [] });
  });

  it("reads what JSON.parse reads, in whatever pieces it arrives", () => {
    const around = fc.dictionary(
      fc.string().filter((key) => key !== "items" && key !== "__proto__"),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(
        around,
        fc.array(fc.jsonValue(), { maxLength: 8 }),
        around,
        fc.constantFrom(undefined, 1, "\t"),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 }),
        (before, items, after, space, sizes) => {
          const page = { ...before, items, ...after };
          const text = JSON.stringify(page, null, space);
          const result = read(text, sizes);
          expect(result.items).toEqual((JSON.parse(text) as typeof page).items);
          expect(result.page).toEqual({ ...(JSON.parse(text) as typeof page), items: [] });
        },
      ),
    );
  });

  it.each([
    ["a key that only ends like it", { 'x"items': [1, 2], items: [3] }, [3]],
    ["one of the metadata", { metadata: { items: [1] }, items: [2] }, [2]],
    ["a text", { metadata: { note: '"items":[' }, items: ['],"items":[9'] }, ['],"items":[9']],
  ])("does not take %s for the list of items", (_what, page, items) => {
    expect(read(JSON.stringify(page), [3])).toMatchObject({ items, page: { items: [] } });
  });

  it("skips an item that is too long, and none beside it", () => {
    const text = JSON.stringify({ metadata: METADATA, items: [1, "x".repeat(98), "x".repeat(99), { a: 1 }] });
    const result = read(text, [17], 100);
    expect(result).toEqual({
      items: [1, "x".repeat(98), { a: 1 }],
      page: { metadata: METADATA, items: [] },
      oversized: 1,
    });
  });

  it("gives a broken item as null, and the ones around it", () => {
    expect(read('{"items":[{"a":1},{"b":oops},{"c":3}]}').items).toEqual([{ a: 1 }, null, { c: 3 }]);
  });

  it("takes null for an empty list", () => {
    expect(read('{"metadata":{},"items":null}')).toMatchObject({ items: [], page: { metadata: {} } });
  });

  it.each([
    ["nothing", ""],
    ["half a page", '{"metadata":{},"items":[{"a":1}'],
    ["a page without its last byte", '{"metadata":{},"items":[]'],
    ["no list", '{"metadata":{}}'],
    ["a list of its own", "[1,2]"],
    ["an error page", "<html>{[</html>"],
    ["more around the items than any list has", JSON.stringify({ metadata: "x".repeat(65_536), items: [] })],
  ])("takes %s for no page", (_what, text) => {
    expect(read(text).page).toBeNull();
  });
});
