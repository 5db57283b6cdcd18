import { expect, it } from "vitest";
import { reportGithub } from "../../../src/cli/reporters/github.ts";
import { aDiagnostic, aReport } from "../../support/reports.ts";

it("prints one workflow command a finding", () => {
  const findings = [
    aDiagnostic({ line: 3, column: 6, endColumn: 9, suggestion: "kind" }),
    aDiagnostic({ code: "W324", severity: "warning", endLine: 2, message: "over two lines" }),
    aDiagnostic({ code: "W122", severity: "info", message: "hm" }),
  ];
  expect(reportGithub(aReport(findings)))
    .toBe(`::error file=a.rules,line=3,endLine=3,col=6,endColumn=8,title=E201::unknown field \`knd\`%0Adid you mean \`kind\`?
::warning file=a.rules,line=1,endLine=2,title=W324::over two lines
::notice file=a.rules,line=1,endLine=1,col=1,endColumn=3,title=W122::hm
`);
});

it("lets no text end its command and begin another", () => {
  const found = aDiagnostic({ file: "a,b:c.rules", message: "100%\n::set-output name=x::y\r" });
  expect(reportGithub(aReport([found]))).toBe(
    "::error file=a%2Cb%3Ac.rules,line=1,endLine=1,col=1,endColumn=3,title=E201::100%25%0A::set-output name=x::y%0D\n",
  );
});

it("says nothing when there is nothing to say", () => {
  expect(reportGithub(aReport([]))).toBe("");
});
