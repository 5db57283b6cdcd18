import { expect, it } from "vitest";
import { reportJson } from "../../../src/cli/reporters/json.ts";
import { aDiagnostic, aReport } from "../../support/reports.ts";

it("prints the documented object, keys in the documented order, on one line", () => {
  const findings = [
    aDiagnostic({ line: 3, column: 6, endColumn: 10, suggestion: "kind" }),
    aDiagnostic({ code: "W324", severity: "warning", line: 9, message: "m", help: "h" }),
    aDiagnostic({ code: "W122", severity: "info", line: 10, message: "m" }),
  ];
  expect(reportJson(aReport(findings, "", { files: 2, rules: 14 }))).toBe(
    '{"files":2,"rules":14,"errors":1,"warnings":1,"diagnostics":[' +
      '{"code":"E201","severity":"error","file":"a.rules","line":3,"column":6,"endLine":3,"endColumn":10,' +
      '"message":"unknown field `knd`","suggestion":"kind"},' +
      '{"code":"W324","severity":"warning","file":"a.rules","line":9,"column":1,"endLine":9,"endColumn":4,' +
      '"message":"m","help":"h"},' +
      '{"code":"W122","severity":"info","file":"a.rules","line":10,"column":1,"endLine":10,"endColumn":4,' +
      '"message":"m"}]}\n',
  );
});
