import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFraming } from "../../src/collect/framing.ts";

function frame(chunks: readonly Uint8Array[], maxLineBytes?: number): { lines: string[]; oversized: number } {
  let oversized = 0;
  const framing = createFraming({
    oversized: () => (oversized += 1),
    ...(maxLineBytes === undefined ? {} : { maxLineBytes }),
  });
  return { lines: chunks.flatMap((chunk) => framing.push(chunk).map(String)), oversized };
}

describe("createFraming", () => {
  it("splits on line feeds only, not on U+2028 or carriage returns", () => {
    expect(frame([Buffer.from("a\u2028b\rc\nd\u2029\n")]).lines).toEqual(["a\u2028b\rc", "d\u2029"]);
  });

  it("drops what the stream leaves unterminated", () => {
    expect(frame([Buffer.from("whole\nha"), Buffer.from("lf")]).lines).toEqual(["whole"]);
  });

  it("gives the same lines however the bytes are cut", () => {
    const text = "first\n\nsecond … with 汉字\nthird\n";
    const bytes = Buffer.from(text);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: bytes.length }), { maxLength: 8 }), (cuts) => {
        const ends = [...cuts.toSorted((a, b) => a - b), bytes.length];
        const chunks = ends.map((end, i) => new Uint8Array(bytes.subarray(ends[i - 1] ?? 0, end)));
        expect(frame(chunks).lines).toEqual(["first", "second … with 汉字", "third"]);
      }),
    );
  });

  it("skips a line that is too long to its end, counts it once and goes on", () => {
    const chunks = ["ok\n", "x".repeat(8), "x".repeat(8), "x".repeat(8), "x\nnext\n"].map((text) => Buffer.from(text));
    expect(frame(chunks, 10)).toEqual({ lines: ["ok", "next"], oversized: 1 });
    expect(frame([Buffer.from(`${"x".repeat(11)}\n${"y".repeat(10)}\n`)], 10)).toEqual({
      lines: ["y".repeat(10)],
      oversized: 1,
    });
  });
});
