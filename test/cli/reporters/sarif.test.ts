import { expect, it } from "vitest";
import { reportSarif } from "../../../src/cli/reporters/sarif.ts";
import { VERSION } from "../../../src/version.ts";
import { aDiagnostic, aReport } from "../../support/reports.ts";

it("is a SARIF 2.1.0 log whose columns count code points", () => {
  const findings = [
    aDiagnostic({ file: "规则/a b.rules", line: 3, column: 6, endColumn: 9, suggestion: "kind" }),
    aDiagnostic({ code: "W122", severity: "info", file: "/abs/a.rules", message: "no statements", help: "write one" }),
  ];
  const first = { uri: "%E8%A7%84%E5%88%99/a%20b.rules" };
  const region = { startLine: 3, startColumn: 6, endLine: 3, endColumn: 9 };
  expect(JSON.parse(reportSarif(aReport(findings)))).toEqual({
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "rulecheck",
            version: VERSION,
            rules: [
              {
                id: "E201",
                shortDescription: { text: "unknown field" },
                help: { text: "rulecheck codes E201" },
                defaultConfiguration: { level: "error" },
              },
              {
                id: "W122",
                shortDescription: { text: "no statements" },
                help: { text: "rulecheck codes W122" },
                defaultConfiguration: { level: "note" },
              },
            ],
          },
        },
        columnKind: "unicodeCodePoints",
        results: [
          {
            ruleId: "E201",
            ruleIndex: 0,
            level: "error",
            message: { text: "unknown field `knd`; did you mean `kind`?" },
            locations: [{ physicalLocation: { artifactLocation: first, region } }],
            fixes: [
              {
                description: { text: "write `kind`" },
                artifactChanges: [
                  {
                    artifactLocation: first,
                    replacements: [{ deletedRegion: region, insertedContent: { text: "kind" } }],
                  },
                ],
              },
            ],
          },
          {
            ruleId: "W122",
            ruleIndex: 1,
            level: "note",
            message: { text: "no statements; write one" },
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: "file:///abs/a.rules" },
                  region: { startLine: 1, startColumn: 1, endLine: 1, endColumn: 4 },
                },
              },
            ],
          },
        ],
      },
    ],
  });
});
