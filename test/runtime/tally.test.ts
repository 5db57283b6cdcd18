import * as fc from "fast-check";
import { Counter, Registry } from "prom-client";
import { expect, test } from "vitest";
import { createTally } from "../../src/runtime/tally.ts";

const configuration = { name: "t", help: "t", labelNames: ["rule", "why"] as const };

test("says the same as a plain Counter, whenever it is read", async () => {
  const word = fc.constantFrom("a", "b", "a b", "1 a", "");
  const step = fc.oneof(
    fc.record({ rule: word, why: word, value: fc.option(fc.integer({ min: 1, max: 5 })) }),
    fc.constant("read" as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step), async (steps) => {
      const registers = [new Registry()];
      const plain = new Counter({ ...configuration, registers: [new Registry()] });
      const tally = createTally({ ...configuration, registers });
      const seen: unknown[] = [];
      const wanted: unknown[] = [];
      for (const one of [...steps, "read" as const]) {
        if (one === "read") {
          seen.push(structuredClone((await tally.get()).values));
          wanted.push(structuredClone((await plain.get()).values));
        } else {
          const { value, ...labels } = one;
          for (const counter of [plain, tally]) counter.inc(labels, value ?? 1);
        }
      }
      expect(seen).toEqual(wanted);
    }),
  );
});

test("counts without labels too, and starts at 0", async () => {
  const tally = createTally({ name: "t", help: "t", registers: [] });
  expect((await tally.get()).values).toEqual([{ value: 0, labels: {} }]);
  tally.inc();
  tally.inc(4);
  expect((await tally.get()).values).toMatchObject([{ value: 5 }]);
});
