import { describe, expect, it } from "vitest";
import { renderPretty, reportPretty } from "../../../src/cli/reporters/pretty.ts";
import { aDiagnostic, aReport } from "../../support/reports.ts";

/** Source line and the line under it, as one finding prints them. */
function frame(text: string, column: number, endColumn: number): string[] {
  const lines = reportPretty(aReport([aDiagnostic({ column, endColumn })], text), false).split("\n");
  return lines.slice(1, 3);
}

describe("findings for people", () => {
  it("show place, source line, span, guess and where to read more", () => {
    const text = "\n\n\nwhen knd=Pod and type=Warning notify feishu\n";
    const found = aDiagnostic({ file: "rules/default.rules", line: 4, column: 6, suggestion: "kind" });
    expect(reportPretty(aReport([found], text), false)).toBe(`rules/default.rules:4:6 error E201 unknown field \`knd\`
  4 | when knd=Pod and type=Warning notify feishu
    |      ^^^ did you mean \`kind\`?
    = grammar/diagnostics.md#e201

1 file, 1 rule: 1 error
`);
  });

  it("say how to mend what no other word mends", () => {
    const found = aDiagnostic({ line: 12, help: "write `rate<5/10m`" });
    expect(
      reportPretty(aReport([found], `${"\n".repeat(11)}abc`), false)
        .split("\n")
        .slice(1, 5),
    ).toEqual(["  12 | abc", "     | ^^^", "     = help: write `rate<5/10m`", "     = grammar/diagnostics.md#e201"]);
  });

  it("count files, rules and mistakes, and leave out what is none", () => {
    const findings = [
      aDiagnostic(),
      aDiagnostic(),
      aDiagnostic({ code: "W324", severity: "warning" }),
      aDiagnostic({ code: "W122", severity: "info" }),
    ];
    const summary = (found: typeof findings, files: number, rules: number): string | undefined =>
      reportPretty(aReport(found, "", { files, rules }), false)
        .trimEnd()
        .split("\n")
        .at(-1);
    expect(summary(findings, 2, 14)).toBe("2 files, 14 rules: 2 errors, 1 warning");
    expect(summary(findings.slice(2), 1, 1)).toBe("1 file, 1 rule: 1 warning");
    expect(summary(findings.slice(3), 1, 0)).toBe("1 file, 0 rules: no mistakes");
    expect(reportPretty(aReport([]), false)).toBe("1 file, 1 rule: no mistakes\n");
  });

  it("put the carets under a span behind wide characters", () => {
    expect(frame('when message="家里" and knd=Pod', 23, 26)).toEqual([
      '  1 | when message="家里" and knd=Pod',
      `    | ${" ".repeat(24)}^^^ `.trimEnd(),
    ]);
    expect(frame("when name=家里 notify x", 11, 13)[1]).toBe(`    | ${" ".repeat(10)}^^^^`);
    expect(frame("e\u0301 knd", 4, 7)[1]).toBe(`    | ${" ".repeat(2)}^^^`);
    expect(frame("😀 knd", 3, 6)[1]).toBe(`    | ${" ".repeat(3)}^^^`);
  });

  it("put the carets under a span behind tabs", () => {
    expect(frame("\twhen\tknd", 7, 10)).toEqual(["  1 |     when    knd", "    |             ^^^"]);
  });

  it("underline a span of several lines to the end of its first, and no span as one character", () => {
    const several = aDiagnostic({ column: 2, endLine: 3, endColumn: 1 });
    expect(reportPretty(aReport([several], "abcdef\nx\ny"), false)).toContain("    |  ^^^^^\n");
    expect(frame("abc", 4, 4)[1]).toBe("    |    ^");
    expect(frame("abc", 40, 45)[1]).toBe("    |    ^");
  });

  it("cut a long line around the span", () => {
    const text = `${"x".repeat(5000)}knd${"y".repeat(5000)}`;
    const [source = "", under = ""] = frame(text, 5001, 5004);
    expect(source.length).toBeLessThan(180);
    expect(source.slice(under.indexOf("^"), under.indexOf("^") + 3)).toBe("knd");
    expect(frame(text, 2, 4)[0]).toMatch(/^ {2}1 \| x+ …$/);
  });

  it("ask for no more of a line than they show, however long it is", () => {
    const asked: number[] = [];
    const text = "knd ".repeat(10_000);
    const report = aReport([aDiagnostic({ column: 20_001, endColumn: 40_000 })], text);
    const columnsOf: typeof report.columnsOf = (file, line, from, to) => {
      asked.push(to - from);
      return report.columnsOf(file, line, from, to);
    };
    const [, source, under] = reportPretty({ ...report, columnsOf }, false).split("\n");
    expect(source).toMatch(/^ {2}1 \| … (?:knd ){40} …$/);
    expect(under).toBe(`    | ${" ".repeat(62)}${"^".repeat(100)}`);
    expect(Math.max(...asked)).toBeLessThan(170);
    expect(asked).toHaveLength(2);
  });

  it("never let a text drive the terminal", () => {
    const hostile = "\u001B[2J\u0007\u202Eknd\u009B";
    const found = aDiagnostic({ file: `a${hostile}`, message: hostile, suggestion: hostile, help: hostile });
    const printed = reportPretty(aReport([found], hostile), false);
    expect(printed.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202E]/u);
  });

  it("print without frames where nobody has the text, and in colour when asked", () => {
    const found = aDiagnostic({ suggestion: "kind" });
    expect(renderPretty([found])).toBe(
      "a.rules:1:1 error E201 unknown field `knd`\n    = did you mean `kind`?\n    = grammar/diagnostics.md#e201\n",
    );
    expect(renderPretty([found], { colours: true })).toContain("\u001B[31m");
  });
});
