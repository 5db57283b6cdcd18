import { expect, test } from "vitest";
import { loadRules } from "../../src/language/load.ts";

const anything = { receivers: null, templates: null };

test("reads the sentence on the card as one rule that means it", () => {
  const text = "when type=Warning and kind=Pod rate<5/10m notify feishu";
  const { ruleSet, diagnostics, files, rules } = loadRules([{ file: "dir/a.rules", text }], anything);
  expect(diagnostics).toEqual([]);
  expect({ files, rules }).toEqual({ files: 1, rules: 1 });
  expect(ruleSet?.statements).toEqual([
    {
      kind: "rule",
      key: expect.stringMatching(/^[0-9a-f]{16}$/),
      name: "a.rules:1",
      file: "a.rules",
      line: 1,
      condition: {
        kind: "and",
        parts: [
          {
            kind: "comparison",
            field: { kind: "text", name: "type" },
            test: { op: "in", values: ["Warning"] },
            negated: false,
            text: "type=Warning",
          },
          {
            kind: "comparison",
            field: { kind: "text", name: "kind" },
            test: { op: "in", values: ["Pod"] },
            negated: false,
            text: "kind=Pod",
          },
        ],
      },
      threshold: null,
      throttle: { notifications: 5, windowMs: 600_000 },
      by: [
        { kind: "text", name: "kind" },
        { kind: "text", name: "namespace" },
        { kind: "text", name: "name" },
        { kind: "text", name: "reason" },
      ],
      severity: null,
      template: null,
      values: {},
      receivers: ["feishu"],
      stop: false,
    },
  ]);
});
