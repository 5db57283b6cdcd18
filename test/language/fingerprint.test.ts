import { expect, test } from "vitest";
import { fingerprint } from "../../src/language/fingerprint.ts";

test("stays the same, because the checkpoint keeps it", () => {
  expect(fingerprint("")).toMatch(/^[0-9a-f]{16}$/);
  expect(fingerprint("when kind=Pod notify 家")).toBe(fingerprint("when kind=Pod notify 家"));
});

test("tells 200,000 texts apart that differ in a number only", () => {
  const prints = new Set(Array.from({ length: 200_000 }, (_, number) => fingerprint(`rule-${number}: when kind=Pod`)));
  expect(prints.size).toBe(200_000);
});
