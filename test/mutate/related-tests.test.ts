import { expect, it } from "vitest";
import type { SourceFile } from "../support/source-files.ts";
import { relatedTests } from "./related-tests.ts";

function file(
  path: string,
  values: readonly string[],
  types: readonly string[] = [],
  late: readonly string[] = [],
): SourceFile {
  const imports = [
    ...values.map((to) => ({ to, kind: "value" as const })),
    ...types.map((to) => ({ to, kind: "type" as const })),
    ...late.map((to) => ({ to, kind: "late" as const })),
  ];
  return { path, text: "", imports };
}

it("names tests that load a file, the mirrored one first, then the nearest", () => {
  const sources = [
    file("src/a/b.ts", ["src/a/c.ts"]),
    file("src/a/c.ts", ["src/a/b.ts"]),
    file("src/d.ts", [], [], ["src/a/c.ts"]),
    file("test/support/x.ts", ["src/d.ts"]),
    file("test/a/b.test.ts", ["test/support/x.ts"]),
    file("test/a/a.test.ts", ["src/a/b.ts"]),
    file("test/d.test.ts", ["src/d.ts"]),
    file("test/c.test.ts", ["src/a/c.ts"]),
    file("test/types.test.ts", [], ["src/a/b.ts"]),
    file("test/other.test.ts", ["src/e.ts"]),
    file("test/repository/all.test.ts", ["src/a/b.ts"]),
    file("test/cluster/flow.test.ts", ["src/a/b.ts"]),
  ];
  expect(relatedTests("src/a/b.ts", sources)).toEqual([
    "test/a/b.test.ts",
    "test/a/a.test.ts",
    "test/c.test.ts",
    "test/d.test.ts",
  ]);
  expect(relatedTests("src/nobody.ts", sources)).toEqual([]);
});

it("finds the mirror of the grammar in a folder of its own", () => {
  const sources = [file("test/a.test.ts", ["grammar/t.ts"]), file("test/grammar/t.test.ts", ["grammar/t.ts"])];
  expect(relatedTests("grammar/t.ts", sources)[0]).toBe("test/grammar/t.test.ts");
});
