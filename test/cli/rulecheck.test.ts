import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runProgram, type Ended } from "../support/programs.ts";

const WEBHOOK = "https://open.feishu.cn/open-apis/bot/v2/hook/0a1b2c3d-feed";
const GOOD = "# 家\ncrash: when type=Warning and kind=Pod rate<5/10m notify feishu\n";
const BAD = "when knd=Pod and type=Warning notify feishu\n";

/** A folder with these files in it, in which the programs run. */
function folder(files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), "rulecheck-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, ".."), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

function rulecheck(
  args: string,
  files: Record<string, string> = {},
  options: { stdin?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  return runProgram("rulecheck", args.split(" "), { cwd: folder(files), ...options });
}

/** `file:line:column code` of each finding of a JSON report. */
function places({ stdout }: Ended): string[] {
  const report = JSON.parse(stdout) as { diagnostics: { file: string; line: number; column: number; code: string }[] };
  return report.diagnostics.map(({ file, line, column, code }) => `${file}:${line}:${column} ${code}`);
}

describe.concurrent("rulecheck check", () => {
  it("passes good rules and says what it looked at", async () => {
    expect(await rulecheck("check a.rules", { "a.rules": GOOD })).toEqual({
      code: 0,
      stdout: "1 file, 1 rule: no mistakes\n",
      stderr: "",
    });
  });

  it("fails bad rules and prints no colours into a pipe", async () => {
    expect(await rulecheck("check a.rules", { "a.rules": BAD })).toEqual({
      code: 1,
      stdout: `a.rules:1:6 error E201 unknown field \`knd\`
  1 | when knd=Pod and type=Warning notify feishu
    |      ^^^ did you mean \`kind\`?
    = grammar/diagnostics.md#e201

1 file, 1 rule: 1 error
`,
      stderr: "",
    });
  });

  it("prints colours where they are wanted anyway", async () => {
    const { stdout } = await rulecheck("check a.rules", { "a.rules": BAD }, { env: { FORCE_COLOR: "1" } });
    expect(stdout).toContain("\u001B[31m");
  });

  it("reads a folder's rules as one set, and several paths", async () => {
    const files = { "r/b.rules": BAD, "r/a.rules": GOOD, "r/.hidden.rules": BAD, "r/notes.md": BAD, "x.rules": GOOD };
    const { code, stdout } = await rulecheck("check x.rules r --format json", files);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      files: 3,
      rules: 3,
      errors: 1,
      warnings: 0,
      diagnostics: [
        {
          code: "E201",
          severity: "error",
          file: "r/b.rules",
          line: 1,
          column: 6,
          endLine: 1,
          endColumn: 9,
          message: "unknown field `knd`",
          suggestion: "kind",
        },
      ],
    });
  });

  it("prints the same JSON every time, sorted by file, line and column", async () => {
    const files = { "b.rules": BAD + BAD, "a.rules": `${BAD}when kind=Pod andd nam=x notify y\n` };
    const [first, second] = await Promise.all([
      rulecheck("check b.rules a.rules --format json", files),
      rulecheck("check a.rules b.rules --format json", files),
    ]);
    expect(first.stdout).toBe(second.stdout);
    expect(places(first).toSorted()).toEqual(places(first));
    expect(places(first)).toContain("b.rules:2:6 E201");
  });

  it("fails warnings only when told to", async () => {
    const files = { "a.rules": "when count>3 notify x" };
    const lenient = await rulecheck("check a.rules", files);
    expect(lenient.code).toBe(0);
    expect(lenient.stdout).toContain("1 file, 1 rule: 1 warning\n");
    expect((await rulecheck("check a.rules --fail-on warning", files)).code).toBe(1);
    expect((await rulecheck("check a.rules --fail-on=warning", { "a.rules": GOOD })).code).toBe(0);
  });

  it("reads standard input", async () => {
    const bad = await rulecheck("check - --format json", {}, { stdin: BAD });
    expect(bad.code).toBe(1);
    expect(places(bad)).toEqual(["-:1:6 E201"]);
    expect((await rulecheck("check -", {}, { stdin: GOOD })).code).toBe(0);
  });

  it("prints for GitHub and for code scanning", async () => {
    const github = await rulecheck("check a.rules --format github", { "a.rules": BAD });
    expect(github.stdout).toMatch(/^::error file=a\.rules,line=1,endLine=1,col=6,endColumn=8,title=E201::/);
    const sarif = await rulecheck("check a.rules --format sarif", { "a.rules": BAD });
    expect(JSON.parse(sarif.stdout)).toMatchObject({ version: "2.1.0" });
    expect([github.code, sarif.code]).toEqual([1, 1]);
  });
});

describe.concurrent("rulecheck check with a configuration", () => {
  const config = "receivers: [{name: feishu, feishu: {urlFile: /etc/url}}]\ntemplates: {small: {text: x}}\n";

  it("knows who can be told", async () => {
    const rules = "when kind=Pod notify feihsu\nwhen kind=Node using smal notify feishu\n";
    const ended = await rulecheck("check a.rules --config c.yaml --format json", {
      "a.rules": rules,
      "c.yaml": config,
    });
    expect(places(ended)).toEqual(["a.rules:1:22 E501", "a.rules:2:22 E502"]);
  });

  it("prints its mistakes with those of the rules", async () => {
    const files = { "a.rules": BAD, "c.yaml": `${config}clutser: x\n` };
    const ended = await rulecheck("check a.rules --config c.yaml --format json", files);
    expect(places(ended)).toEqual(["a.rules:1:6 E201", "c.yaml:3:1 E511"]);
  });

  it("expands the environment it runs in", async () => {
    const files = { "a.rules": GOOD, "c.yaml": 'receivers: [{name: feishu, feishu: {url: "${URL}"}}]' };
    expect((await rulecheck("check a.rules --config c.yaml", files, { env: { URL: WEBHOOK } })).code).toBe(0);
    expect(places(await rulecheck("check a.rules --config c.yaml --format json", files))).toEqual(["c.yaml:1:43 E513"]);
  });

  it.each(["pretty", "json", "github", "sarif"])("never prints a secret that stands in it: %s", async (format) => {
    const files = {
      "a.rules": GOOD,
      "c.yaml": `receivers: [{name: feishu, feishu: {url: "${WEBHOOK}", sercet: hush-hush}}]`,
    };
    const { code, stdout } = await rulecheck(`check a.rules --config c.yaml --format ${format}`, files);
    expect(code).toBe(1);
    expect(stdout).toContain("W514");
    expect(stdout).not.toContain("0a1b2c3d");
    expect(stdout).not.toContain("hush-hush");
  });
});

describe.concurrent("rulecheck check of a manifest", () => {
  const manifest = `apiVersion: v1
kind: ConfigMap
metadata: {name: kubewhen-rules}
data:
  config.yaml: |
    receivers:
      - name: feishu
        feishu: {url: "${WEBHOOK}"}
  # 规则
  a.rules: |
    # 家
    when kind=Pod
      and knd=Pod notify feishu
  b.rules: "when kind=Pod notify dump\\n"
`;

  it("prints places of the manifest", async () => {
    for (const ended of [
      await rulecheck("check m.yaml --format json", { "m.yaml": manifest }),
      await rulecheck("check - --format json", {}, { stdin: manifest }),
    ]) {
      const file = ended.stdout.includes('"m.yaml"') ? "m.yaml" : "-";
      expect(ended.code).toBe(1);
      expect(places(ended)).toEqual([`${file}:8:23 W514`, `${file}:13:11 E201`, `${file}:14:34 E501`]);
    }
  });

  it("prints lines of the manifest, secrets starred out", async () => {
    const { stdout } = await rulecheck("check m.yaml", { "m.yaml": manifest });
    expect(stdout).toContain("  13 |       and knd=Pod notify feishu\n     |           ^^^ did you mean `kind`?\n");
    expect(stdout).toContain(
      '  14 |   b.rules: "when kind=Pod notify dump\\n"\n     |                                  ^^^^',
    );
    expect(stdout).not.toContain("0a1b2c3d");
    expect(stdout).toContain("3 files, 2 rules: 2 errors, 1 warning\n");
  });

  it("prefers the configuration it is given", async () => {
    const files = { "m.yaml": manifest, "c.yaml": "receivers: [{name: feishu, stdout: {}}, {name: dump, stdout: {}}]" };
    const ended = await rulecheck("check m.yaml --config c.yaml --format json", files);
    expect(places(ended)).toEqual(["m.yaml:13:11 E201"]);
  });

  it("takes the manifest of the cluster, as kubectl prints it", async () => {
    const list = JSON.stringify({
      apiVersion: "v1",
      kind: "List",
      items: [{ apiVersion: "v1", kind: "ConfigMap", data: { "a.rules": BAD } }],
    });
    const ended = await rulecheck("check - --format json", {}, { stdin: list });
    expect(places(ended)).toEqual([`-:1:${list.indexOf("knd") + 1} E201`]);
  });

  it("takes the only configuration of the manifest where the ConfigMap has none of its own", async () => {
    const [head = "", rules = ""] = manifest.split("  # 规则\n");
    const apart = `${head}---\nkind: ConfigMap\ndata:\n${rules}`;
    const ended = await rulecheck("check m.yaml --format json", { "m.yaml": apart });
    expect(places(ended)).toEqual(["m.yaml:8:23 W514", "m.yaml:15:11 E201", "m.yaml:16:34 E501"]);
  });

  it("prints no secret beside a mistake in YAML", async () => {
    const broken = `kind: ConfigMap\ndata: {config.yaml: {url: "${WEBHOOK}"}, x: {secret: hush-hush, y: ]}}\n`;
    const { code, stdout } = await rulecheck("check m.yaml", { "m.yaml": broken });
    expect(code).toBe(1);
    expect(stdout).toContain("error E515");
    expect(stdout).not.toMatch(/0a1b2c3d|hush-hush/);
  });

  it("calls YAML that is none a mistake", async () => {
    const ended = await rulecheck("check m.yaml --format json", { "m.yaml": "kind: ConfigMap\ndata: {a.rules: x" });
    expect(ended.code).toBe(1);
    expect(places(ended)[0]).toMatch(/^m\.yaml:2:\d+ E515$/);
  });
});

describe.concurrent("rulecheck that cannot run", () => {
  it.each<[args: string, said: string]>([
    ["check nowhere.rules", "rulecheck: cannot read rules from nowhere.rules: ENOENT"],
    ["check empty", "rulecheck: nothing to check: empty holds no file ending in .rules"],
    ["check plain.yaml", "rulecheck: nothing to check: plain.yaml holds no ConfigMap"],
    ["check nowhere.yaml", "rulecheck: cannot read nowhere.yaml: ENOENT"],
    ["check latin.rules", "rulecheck: cannot read rules from latin.rules"],
    ["check -", "rulecheck: nothing to check: standard input is empty"],
    ["check a.rules --config nowhere.yaml", "rulecheck: cannot read nowhere.yaml: ENOENT"],
    ["check", "error: missing required argument 'path'"],
    ["chekc a.rules", "(Did you mean check?)"],
    ["check a.rules --fromat json", "(Did you mean --format?)"],
    ["check a.rules --format prety", "Did you mean pretty?"],
    ["check a.rules --format xml", "It is one of pretty, json, github, sarif."],
    ["check a.rules --fail-on errors", "Did you mean error?"],
    ["codes E2O1", "rulecheck: there is no code E2O1; did you mean E201?"],
    ["codes nonsense", "rulecheck: there is no code nonsense; rulecheck codes lists them all"],
  ])("answers 2 and says why on standard error: %s", async (args, said) => {
    const path = folder({ "a.rules": GOOD, "empty/readme.md": "", "plain.yaml": "a: 1" });
    writeFileSync(join(path, "latin.rules"), Buffer.from("when name=\xFF notify x", "latin1"));
    const { code, stdout, stderr } = await runProgram("rulecheck", args.split(" "), { cwd: path });
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(said);
  });
});

describe.concurrent("rulecheck for newcomers", () => {
  it("helps with examples", async () => {
    for (const args of ["--help", "help"]) {
      const { code, stdout, stderr } = await rulecheck(args);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toContain("rulecheck check rules/");
      expect(stdout).toContain("Exit codes: 0 fine, 1 mistakes found, 2 could not run.");
    }
    expect((await rulecheck("check --help")).stdout).toContain("--fail-on <severity>");
  });

  it("tells its version", async () => {
    expect(await rulecheck("--version")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  it("lists the codes", async () => {
    const { code, stdout } = await rulecheck("codes");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^E201 {2}error {4}unknown field$/m);
    expect(stdout).toMatch(/^W514 {2}warning {2}secret written in the file$/m);
  });
});
