import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { expectNoSecret } from "../support/no-secret.ts";
import { runProgram } from "../support/programs.ts";

/** The day takes 18 s of the machine's time. */
const PATIENCE_MS = 90_000;

const folder = mkdtempSync(join(tmpdir(), "kubewhen-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

function aRulesFile(text: string): string {
  files += 1;
  const path = join(folder, `${files}.rules`);
  writeFileSync(path, text);
  return path;
}

/** The numbers of the table at the end, by the name in front. */
function numbersOf(stdout: string): ReadonlyMap<string, number> {
  const rows = stdout.matchAll(/^ {0,2}([a-z]+(?: [a-z]+)?) +([\d,]+) {2}/gm);
  return new Map([...rows].map(([, name, value]) => [name ?? "", Number(value?.replaceAll(",", ""))]));
}

describe.concurrent("kubewhen demo", () => {
  test(
    "plays a day, prints its rules, its cards and what became of every Event, and ends by itself",
    { timeout: PATIENCE_MS },
    async () => {
      const { code, stdout, stderr } = await runProgram("kubewhen", ["demo"]);
      expect(stderr).toBe("");
      expect(code).toBe(0);
      expect(stdout).toContain("crash-loop: when reason=BackOff");

      const numbers = numbersOf(stdout);
      const of = (name: string): number => numbers.get(name) ?? NaN;
      expect(of("events")).toBeGreaterThanOrEqual(2_000);
      expect(of("events")).toBe(of("replayed") + of("unmatched") + of("dropped") + of("matched"));
      expect(of("suppressed")).toBe(of("threshold") + of("throttle"));
      const some = ["dropped", "matched", "threshold", "throttle", "bytes in", "bytes out"];
      expect(some.filter((name) => !(of(name) > 0))).toEqual([]);
      expect(of("waiting")).toBe(0);
      // Quiet is the point: a handful of cards out of thousands of Events.
      expect(of("sent")).toBeLessThan(of("events") / 20);

      const titles = stdout.split("\n").filter((line) => line.startsWith("┃ 家里测试 K3S"));
      expect(titles).toHaveLength(of("sent"));
      expect(titles.join("\n")).toContain("NodeNotReady");
      expectNoSecret(["demo-sign-secret"], { stdout });
    },
  );

  test("tries other rules than its own", { timeout: PATIENCE_MS }, async () => {
    const rules = aRulesFile("only: when reason=NodeNotReady rate<1/1d by none notify feishu\n");
    const { code, stdout } = await runProgram("kubewhen", ["demo", "--rules", rules]);
    expect(code).toBe(0);
    expect(numbersOf(stdout).get("sent")).toBe(1);
    expect(stdout).not.toContain("crash-loop");
  });

  test("refuses rules with mistakes, shows them and ends", async () => {
    const rules = aRulesFile("when knd=Pod notify feishu\n");
    const { code, stderr } = await runProgram("kubewhen", ["demo", "--rules", rules]);
    expect(code).toBe(1);
    expect(stderr).toContain(".rules:1:6 error E201 unknown field `knd`");
  });

  test("says which rules it cannot read and ends", async () => {
    const { code, stderr } = await runProgram("kubewhen", ["demo", "--rules", "/nowhere/own.rules"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^kubewhen: cannot read rules from \/nowhere\/own\.rules/);
  });

  test("sums up what it has seen when interrupted, and ends", async () => {
    const child = spawn(process.execPath, ["src/cli/kubewhen.ts", "demo"], { stdio: ["ignore", "pipe", "inherit"] });
    let stdout = "";
    let interrupted = false;
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      // A second one would kill it, as it should.
      if (!interrupted && stdout.includes("┃")) interrupted = child.kill("SIGINT");
    });
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(code).toBe(0);
    expect(numbersOf(stdout).get("sent")).toBeGreaterThanOrEqual(1);
  });
});
