import { describe, expect, it } from "vitest";
import { cutText } from "../../src/collect/fields.ts";
import { heldBytes } from "../support/held-memory.ts";

const MIB = 1024 * 1024;

describe("cutText", () => {
  it("leaves a text that is short enough as it is", () => {
    expect(cutText("four", 4)).toBe("four");
    expect(cutText("a\ud800", 4)).toBe("a\ud800");
  });

  it("cuts after so many units, and leaves no half of a character", () => {
    expect(cutText("fives", 4)).toBe("five");
    expect(cutText("ab\u{1f600}", 3)).toBe("ab\ufffd");
  });

  it("does not keep the rest of the text alive", () => {
    const cut = (): readonly string[] => Array.from({ length: 20 }, (_, i) => cutText(String(i).padEnd(MIB, "x"), 64));
    expect(heldBytes(cut)).toBeLessThan(4 * MIB);
  });
});
