import { describe, expect, it } from "vitest";
import { nearest } from "../src/suggest.ts";

describe("nearest", () => {
  const words = ["kind", "name", "namespace", "receivers", "message"];

  it.each([
    ["knd", "kind"],
    ["nmae", "name"],
    ["receiver", "receivers"],
    ["Namespace", "namespace"],
    ["mesage", "message"],
  ])("takes %s for %s", (word, meant) => {
    expect(nearest(word, words)).toBe(meant);
  });

  it.each(["", "zz", "severity", "nn"])("makes no guess at '%s'", (word) => {
    expect(nearest(word, words)).toBeNull();
  });

  it("prefers the fewest slips, then the earlier candidate", () => {
    expect(nearest("abcdef", ["abcdxx", "abcdex"])).toBe("abcdex");
    expect(nearest("abc", ["abd", "abe"])).toBe("abd");
  });
});
