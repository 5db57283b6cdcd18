import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkTemplates } from "../../src/cli/check-templates.ts";
import { createTemplateUses } from "../../src/cli/template-uses.ts";
import { createPrintedLines } from "../../src/cli/printed-lines.ts";
import type { Report } from "../../src/cli/report.ts";
import { reportGithub } from "../../src/cli/reporters/github.ts";
import { reportJson } from "../../src/cli/reporters/json.ts";
import { reportPretty } from "../../src/cli/reporters/pretty.ts";
import { reportSarif } from "../../src/cli/reporters/sarif.ts";
import { createConfigLoader } from "../../src/config/config.ts";
import { loadDialects } from "../../src/deliver/kinds.ts";
import { loadRules } from "../../src/language/load.ts";

const WEBHOOK = "https://open.feishu.cn/open-apis/bot/v2/hook/0a1b2c3d-feed";

const [loadConfig, dialects] = await Promise.all([createConfigLoader(), loadDialects()]);

interface Printed {
  /** Every line of the file as reports may print it. */
  readonly lines: readonly string[];
  /** What all reporters say of it, and of rules that name what it does not have. */
  readonly reports: string;
}

function print(text: string, env: Readonly<Record<string, string>> = {}): Printed {
  const loaded = loadConfig("config.yaml", text, env);
  const printed = createPrintedLines();
  printed.addPrivate("config.yaml", text);
  for (const span of loaded.shown) printed.show("config.yaml", span);
  const inTemplates = checkTemplates({ file: "config.yaml", loaded, uses: createTemplateUses(), dialects });
  const inRules = loadRules([{ file: "a.rules", text: "when type=Warning using nosuch notify nobody" }], loaded.known);
  const diagnostics = [...loaded.diagnostics, ...inTemplates, ...inRules.diagnostics];
  const report: Report = { files: 1, rules: 1, diagnostics, columnsOf: printed.columnsOf };
  const reports = [reportPretty(report, false), reportJson(report), reportGithub(report), reportSarif(report)];
  return {
    lines: text.split(/\r\n|\r|\n/).map((_, index) => printed.columnsOf("config.yaml", index + 1, 1, 9_999) ?? ""),
    reports: reports.join("\n"),
  };
}

describe("a configuration's lines are printed", () => {
  it("with what its schema calls public, and stars for the rest", () => {
    const text = `cluster: home # of Zoe
receivers:
  - name: f
    feishu: {urlFile: /run/url, secret: "hush", keywords: [alarm]}
templates: {t: {text: "{{reason}} https://wiki/hush"}}
throttle: {maxGroups: 100}
startup: {maxAge: 5min}
`;
    expect(print(text).lines).toEqual([
      "cluster: home * ** ***",
      "receivers:",
      "  - name: f",
      "    feishu: {urlFile: /run/url, secret: ******, keywords: [alarm]}",
      "templates: {t: {****: ******************************}}",
      "throttle: {maxGroups: 100}",
      "startup: {maxAge: 5min}",
      "",
    ]);
  });

  it("without a value in the wrong place, though nothing that stands there in its right place is secret", () => {
    expect(print("cluster: https://a/b\nlanguage: hush\nserver: {listen: hush}\nouter: {name: hush}").lines).toEqual([
      "cluster: ***********",
      "language: ****",
      "server: {listen: ****}",
      "*****: {name: ****}",
    ]);
  });

  it("without what an alias makes a secret elsewhere", () => {
    expect(print("cluster: &a hush\nreceivers: [{name: f, feishu: {urlFile: /u, secret: *a}}]").lines[0]).toBe(
      "cluster: ** ****",
    );
  });

  it("as its bare signs where it is not even YAML", () => {
    expect(print('receivers:\n  - {url: "hush"]\n').lines).toEqual(["*********:", '  - {***: "****"]', ""]);
  });
});

/** Places where a secret may be put by mistake, each with its line and indentation; `@` stands for what is put there. */
const PLACES: readonly ((put: string) => string)[] = [
  (put) => `receivers:\n  - name: f\n    feishu:\n      url: ${put}\n`,
  (put) => `receivers:\n  - name: f\n    feishu:\n      urlFile: /u\n      secret: ${put}\n`,
  (put) => `receivers:\n  - name: f\n    feishu:\n      urlFile: /u\n      sercet: ${put}\n`,
  (put) => `receivers:\n  - name: f\n    feishu: ${put}\n`,
  (put) => `receivers:\n  - name: f\n    stdout: ${put}\n`,
  (put) => `receivers:\n  - ${put}\n`,
  (put) => `receivers: ${put}\n`,
  (put) => `receivers: [{name: f, stdout: {}}]\nsecret: ${put}\n`,
  (put) => `receivers: [{name: f, stdout: {}}]\nserver:\n  secret: ${put}\n`,
  (put) => `receivers: [{name: f, stdout: {}}]\nserver: ${put}\n`,
  (put) => `receivers: [{name: f, stdout: {}}]\nserver:\n  listen: ${put}\n`,
  (put) => `receivers: [{name: f, stdout: {}}]\nstartup:\n  maxAge: ${put}\n`,
  (put) => `receivers: [{name: f, stdout: {}}]\noutbox:\n  maxSize: ${put}\n`,
  (put) => `receivers: [{name: f, stdout: {}}]\nthrottle:\n  maxGroups: ${put}\n`,
  (put) => `receivers: [{name: f, stdout: {}}]\nlanguage: ${put}\n`,
  (put) => `receivers: [{name: f, stdout: {}}]\ntemplates:\n  t:\n    text: ${put}\n`,
  (put) => `receivers: [{name: f, stdout: {}}]\ntemplates:\n  t: ${put}\n`,
  (put) => `receivers: [{name: f, stdout: {}}]\n${put}\n`,
  (put) => `receivers: [{name: f, feishu: {urlFile: /u, secret: ${put}}}]\n`,
  (put) => `- ${put}\n`,
];

/** Forms in which YAML takes a text. */
const FORMS: readonly ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) => JSON.stringify(secret),
  (secret) => `'${secret}'`,
  (secret) => `|-\n        ${secret}`,
  (secret) => `>\n        ${secret}\n        more`,
  (secret) => `{a: "${secret}"}`,
  (secret) => `{"${secret}": a}`,
  (secret) => `{${secret}}`,
  (secret) => `[${secret}, x]`,
  (secret) => `["${secret}"]`,
  (secret) => `!${secret}`,
  (secret) => `!<${secret}> x`,
  (secret) => `!!${secret} x`,
  (secret) => `! "${secret}"`,
  (secret) => `&${secret} x`,
  (secret) => `*${secret}`,
  (secret) => `x # ${secret}`,
  (secret) => `"\${${secret}}"`,
  (secret) => `"\${${secret}"`,
  (secret) => `"\${${secret.replaceAll(/\W/g, "_")}}"`,
  (secret) => `"{{${secret}}}"`,
  (secret) => `"{{#if ${secret}}}"`,
  (secret) => `"{{${secret} reason}}"`,
  (secret) => `"{{#each x}}{{/${secret}}}"`,
  (secret) => `"\\${secret}"`,
  (secret) => `"${secret}`,
  (secret) => `? ${secret}`,
  (secret) => `${secret}: x`,
  (secret) => `x: ${secret}`,
  (secret) => `- ${secret}`,
  (secret) => `\n        ${secret}: {${secret}: 1}`,
  (secret) => `\n        ? {a: ${secret}}\n        : ${secret}`,
  (secret) => `\n        a: &x ${secret}\n        b: *x\n        *x : c`,
  (secret) => `\n%${secret}\n`,
  (secret) => `\n--- ${secret}`,
];

/** Of no stars, which stand for what is not shown, and of no small letters, of which the reports' own words are made. */
const aToken = fc.stringMatching(/^[A-Z][A-Z0-9_\-+/=.!%@&#:]{10,40}[A-Z]$/);

/** What makes a file that was YAML something else, at a place between 0 and 1. */
const aBreak = fc.option(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    text: fc.constantFrom("\t", "]", "}", '"', ": : ", "\n\t- [", "'", "\n"),
  }),
);

function piecesOf(secret: string): readonly string[] {
  return Array.from({ length: secret.length - 5 }, (_, at) => secret.slice(at, at + 6));
}

/** Every six characters of the secret that were printed. */
function leaked(secret: string, { lines, reports }: Printed): readonly string[] {
  const all = [...lines, reports].join("\n");
  return piecesOf(secret).filter((piece) => all.includes(piece));
}

/** The form and place of a secret, in YAML or not. */
const aText = (
  token: string,
  inUrl: boolean,
  place: (put: string) => string,
  form: (secret: string) => string,
): string => place(form(inUrl ? `https://open.feishu.cn/open-apis/bot/v2/hook/${token}` : token));

describe("no piece of a secret is ever quoted", () => {
  it.each([
    ["in braces", `url: "\${${WEBHOOK}}"`],
    ["folded", `url: >\n        ${WEBHOOK}`],
    ["as a tag", "secret: !0a1b2c3d-feed"],
    ["as an anchor", "secret: &0a1b2c3d-feed x"],
  ])("%s", (_name, line) => {
    const { lines, reports } = print(`receivers:\n  - name: f\n    feishu:\n      ${line}\n`);
    expect([...lines, reports].join("\n")).not.toMatch(/0a1b2c|2c3d-f|d-feed/);
  });

  it("wherever it stands and in whatever form, in YAML or not", () => {
    fc.assert(
      fc.property(
        aToken,
        fc.constantFrom(...PLACES),
        fc.constantFrom(...FORMS),
        fc.boolean(),
        aBreak,
        (token, place, form, inUrl, broken) => {
          const text = aText(token, inUrl, place, form);
          const at = Math.floor((broken?.at ?? 0) * text.length);
          // A break inside the secret leaves two shorter ones.
          const whole = broken === null ? text : text.slice(0, at) + broken.text + text.slice(at);
          expect(leaked(token, print(whole))).toEqual([]);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("nor of one that the environment brings", () => {
    fc.assert(
      fc.property(aToken, fc.constantFrom(...PLACES), fc.boolean(), (token, place, inUrl) => {
        const value = inUrl ? `https://open.feishu.cn/open-apis/bot/v2/hook/${token}` : token;
        expect(leaked(token, print(place('"${SOME_NAME}"'), { SOME_NAME: value }))).toEqual([]);
      }),
    );
  });

  it("nor of a file cut off in the middle of it", () => {
    fc.assert(
      fc.property(aToken, fc.constantFrom(...FORMS), fc.nat({ max: 30 }), (token, form, kept) => {
        const whole = `receivers:\n  - name: f\n    feishu:\n      secret: ${form(token)}`;
        expect(leaked(token, print(whole.slice(0, whole.length - Math.min(kept, token.length - 6))))).toEqual([]);
      }),
    );
  });
});

it("a file that is refused is never refused without a reason", () => {
  fc.assert(
    fc.property(
      aToken,
      fc.boolean(),
      fc.constantFrom(...PLACES),
      fc.constantFrom(...FORMS),
      (token, inUrl, place, form) => {
        const { config, diagnostics } = loadConfig("config.yaml", aText(token, inUrl, place, form), {});
        expect(diagnostics.some(({ severity }) => severity === "error")).toBe(config === null);
      },
    ),
    { numRuns: 1_000 },
  );
});
