import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { check } from "../../src/cli/check.ts";
import type { Report } from "../../src/cli/report.ts";
import { reportGithub } from "../../src/cli/reporters/github.ts";
import { reportJson } from "../../src/cli/reporters/json.ts";
import { reportPretty } from "../../src/cli/reporters/pretty.ts";
import { reportSarif } from "../../src/cli/reporters/sarif.ts";
import { growthOfCpu } from "../support/cpu-growth.ts";

const folder = mkdtempSync(join(tmpdir(), "check-"));

function checkFile(name: string, text: string): Promise<Report> {
  const path = join(folder, name);
  writeFileSync(path, text);
  return check({ paths: [path], configPath: null, env: {}, stdin: notAsked });
}

function notAsked(): never {
  throw new Error("nothing asks for standard input");
}

/** Texts of one line with as many mistakes as asked for. */
const ONE_LINE: Readonly<Record<string, (mistakes: number) => string>> = {
  "unknown fields": (mistakes) => `when ${"knd=a or ".repeat(mistakes)}kind=a notify x`,
  "statements with a mistake": (mistakes) => "when knd=Pod notify x ".repeat(mistakes),
  "missing comparisons": (mistakes) => `when kind=a ${"and ".repeat(mistakes)}`,
  "open parentheses": (mistakes) => "when ((((kind=a notify x ".repeat(mistakes / 4),
  "unreadable characters": (mistakes) => "when 家里=1；notify x ".repeat(mistakes),
};

describe("checking a line with thousands of mistakes takes time that grows with their number", () => {
  it.each(Object.entries(ONE_LINE))("%s", { timeout: 300_000 }, async (title, textOf) => {
    const growth = await growthOfCpu(title, 1000, async (mistakes) => {
      const report = await checkFile("a.rules", textOf(mistakes));
      expect(report.diagnostics.length).toBeGreaterThanOrEqual(mistakes / 4);
      for (const render of [reportPretty, reportJson, reportGithub, reportSarif]) render(report, false);
    });
    expect(growth).toBeLessThan(10);
  });

  it("in JSON with rules in it", { timeout: 300_000 }, async () => {
    const growth = await growthOfCpu("rules in JSON", 1000, async (mistakes) => {
      const data = { "a.rules": `when ${"knd=a or ".repeat(mistakes)}kind=a notify x` };
      const report = await checkFile("a.json", JSON.stringify({ kind: "ConfigMap", data }));
      expect(report.diagnostics).toHaveLength(mistakes);
      reportPretty(report, false);
    });
    expect(growth).toBeLessThan(10);
  });
});

it("takes as many mistakes as a text has room for", async () => {
  const { diagnostics } = await checkFile("a.rules", `when kind=a by ${"a,".repeat(400_000)}name notify x`);
  expect(diagnostics).toHaveLength(400_000);
});
