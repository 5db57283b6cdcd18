import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Document, type Scalar } from "yaml";
import { looksLikeManifest, readManifest } from "../../src/cli/config-map.ts";
import { indexLines } from "../../src/text-position.ts";
import { growthOfCpu } from "../support/cpu-growth.ts";

const HEAD = "apiVersion: v1\nkind: ConfigMap\n";

/** What stands in the manifest where `word` stands in the text of its first rules key. */
function wordInManifest(manifest: string, word: string): string {
  const embedded = readManifest(manifest).configMaps[0]?.rules[0];
  if (embedded === undefined) throw new Error("no rules in the manifest");
  const { line, column } = indexLines(embedded.text).positionAt(embedded.text.indexOf(word));
  const lines = indexLines(manifest);
  const start = lines.offsetAt(embedded.place(line, column));
  const end = lines.offsetAt(embedded.place(line, column + Array.from(word).length));
  return manifest.slice(start, end);
}

describe("rules in a manifest", () => {
  it.each([
    ["a literal block", "data:\n  a.rules: |\n    # 家\n\n    when type=Warning\n      and knd=Pod notify x\n"],
    ["a stripped block", "data:\n  a.rules: |-\n    when knd=Pod notify x"],
    ["a block with its indentation given", "data:\n    a.rules: |2+  # says so\n        when knd=Pod notify x\n\n"],
    ["a block with tabs and Windows line ends", "data:\r\n  a.rules: |\r\n    when\tx\r\n    \tknd=Pod\r\n"],
    ["a folded block", "data:\n  a.rules: >-\n    when type=Warning\n    and\n\n    knd=Pod notify x\n"],
    ["plain text", "data:\n  a.rules: when type in (a, b) and\n    knd\n"],
    ["single quotes", "data:\n  a.rules: 'when name=''x''\n    knd=Pod'\n"],
    ["double quotes", 'data: {a.rules: "when\\tmessage=\\"\\u5bb6\\U0001F600\\x41\\"\\nand \\\n     knd=Pod\\n"}\n'],
  ])("keep their places in %s", (_name, data) => {
    expect(wordInManifest(HEAD + data, "knd")).toBe("knd");
  });

  it("keep their places however YAML happens to be written", () => {
    const word = fc.constantFrom("when", "  ", "\t", "\n", "'", '"', "\\", "家", "😀", ": ", "#", " and ");
    const text = fc.array(word, { maxLength: 12 }).map((words) => `${words.join("")}§${words.toReversed().join("")}`);
    const type = fc.constantFrom<Scalar.Type>("BLOCK_LITERAL", "BLOCK_FOLDED", "QUOTE_DOUBLE", "QUOTE_SINGLE", "PLAIN");
    fc.assert(
      fc.property(text, type, fc.integer({ min: 20, max: 90 }), (rules, kind, lineWidth) => {
        const document = new Document({ apiVersion: "v1", kind: "ConfigMap", data: { "a.rules": rules } });
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        (document.getIn(["data", "a.rules"], true) as Scalar).type = kind;
        // Behind the mark the text may go on in the next line, and there its end then is.
        expect(wordInManifest(document.toString({ lineWidth }), "§")).toMatch(/^§(\\?\n\s*)?$/);
      }),
    );
  });

  it("keep their places in time that grows with the text", async () => {
    const growth = await growthOfCpu("blanks in a manifest", 500_000, (blanks) => {
      const space = `${" ".repeat(blanks)}\\\n `;
      const text = `${HEAD}data: {a.rules: "when${space}${space}knd=Pod notify x"}`;
      expect(wordInManifest(text, "knd")).toBe("knd");
    });
    expect(growth).toBeLessThan(10);
  });

  it("are found in every document and in Lists, each ConfigMap for itself, in the order of a mounted folder", () => {
    const { configMaps, mistakes } =
      readManifest(`${HEAD}data: {b.rules: "1", B.rules: "2", readme.md: "3", .x.rules: "4"}
---
kind: Secret
data: {a.rules: "5"}
---
kind: List
items:
  - {kind: ConfigMap, data: {z.rules: "6", config.yaml: "7"}}
  - {kind: ConfigMap, data: {other: "8"}}
  - nonsense
`);
    expect(mistakes).toEqual([]);
    expect(configMaps.map(({ rules, config }) => [rules.map(({ key }) => key), config?.text ?? null])).toEqual([
      [["B.rules", "b.rules"], null],
      [["z.rules"], "7"],
    ]);
  });

  it("in YAML that is none are a mistake with a place", () => {
    const { mistakes } = readManifest(`${HEAD}data: {a.rules: "x"\n`);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]?.span.line).toBe(4);
  });
});

it.each([
  [`${HEAD}data: {}`, true],
  ['{"kind": "ConfigMap", "apiVersion": "v1"}', true],
  ["---\nkind: List\napiVersion: v1\n", true],
  ["kind: when type=Warning notify x", false],
  ["# apiVersion: v1\nwhen type=Warning notify x", false],
])("tells a manifest from rules: %j", (text, manifest) => {
  expect(looksLikeManifest(text)).toBe(manifest);
});
