import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createConfigLoader, type LoadedConfig } from "../../src/config/config.ts";
import { configJsonSchema } from "../../src/config/schema.ts";
import { loadShapes } from "../../src/deliver/kinds.ts";

const loadConfig = await createConfigLoader();

const WEBHOOK = "https://open.feishu.cn/open-apis/bot/v2/hook/0a1b2c3d-feed";
const VALID = "receivers: [{name: dump, stdout: {}}]\n";

/** `line:column-endLine:endColumn code message`, then what to write instead and how to mend it, if said. */
function report(text: string, env: Record<string, string> = {}): string[] {
  return loadConfig("config.yaml", text, env).diagnostics.map(
    ({ line, column, endLine, endColumn, code, message, suggestion, help }) =>
      [
        `${line}:${column}-${endLine === line ? "" : `${endLine}:`}${endColumn} ${code} ${message}`,
        ...(suggestion === undefined ? [] : [`=> ${suggestion}`]),
        ...(help === undefined ? [] : [`(${help})`]),
      ].join(" "),
  );
}

function loaded(text: string, env: Record<string, string> = {}): NonNullable<LoadedConfig["config"]> {
  const { config, diagnostics } = loadConfig("config.yaml", text, env);
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  if (config === null) throw new Error("no config");
  return config;
}

describe("a configuration without mistakes", () => {
  it("carries units in numbers", () => {
    const config = loaded(
      `cluster: 家里测试 K3S
language: zh
receivers:
  - name: feishu
    feishu:
      urlFile: /etc/kubewhen/secrets/feishu-url
      secretFile: /etc/kubewhen/secrets/feishu-secret
      keywords: [告警]
  - name: dump
    stdout: {}
templates: {plain: {text: "{{reason}}", wide: true, rows: [1, null]}}
startup: {maxAge: 90s}
throttle: {maxGroups: 1000}
outbox: {path: ./outbox, maxSize: 2GiB}
server: {listen: "[::1]:9090"}
`,
    );
    expect(config).toEqual({
      cluster: "家里测试 K3S",
      language: "zh",
      receivers: [
        {
          name: "feishu",
          kind: "feishu",
          settings: {
            url: { kind: "file", path: "/etc/kubewhen/secrets/feishu-url" },
            secret: { kind: "file", path: "/etc/kubewhen/secrets/feishu-secret" },
            keywords: ["告警"],
          },
        },
        { name: "dump", kind: "stdout", settings: {} },
      ],
      templates: { plain: { text: "{{reason}}", wide: true, rows: [1, null] } },
      startup: { maxAgeMs: 90_000 },
      throttle: { maxGroups: 1000 },
      outbox: { path: "./outbox", maxBytes: 2 * 2 ** 30 },
      server: { listen: { host: "::1", port: 9090 } },
    });
  });

  it("has a value for everything but receivers", () => {
    expect(loaded(VALID)).toEqual({
      cluster: "kubernetes",
      language: "en",
      receivers: [{ name: "dump", kind: "stdout", settings: {} }],
      templates: {},
      startup: { maxAgeMs: 300_000 },
      throttle: { maxGroups: 16_384 },
      outbox: { path: "/var/lib/kubewhen", maxBytes: 64 * 2 ** 20 },
      server: { listen: { host: "0.0.0.0", port: 8080 } },
    });
  });

  it("takes sections with nothing under them for left out", () => {
    expect(loaded("receivers:\n- name: dump\n  stdout:\ntemplates:\nstartup:\noutbox: {}\ncluster:\n")).toEqual(
      loaded(VALID),
    );
  });

  it("names the cluster after CLUSTER_NAME unless the file does", () => {
    expect(loaded(VALID, { CLUSTER_NAME: "edge-7" }).cluster).toBe("edge-7");
    expect(loaded(VALID, { CLUSTER_NAME: "" }).cluster).toBe("kubernetes");
    expect(loaded(`${VALID}cluster: mine`, { CLUSTER_NAME: "edge-7" }).cluster).toBe("mine");
  });

  it("survives JSON and cannot be changed", () => {
    const config = loaded(`${VALID}templates: {a: {b: [c]}}`);
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
    expect(Object.isFrozen(config.receivers[0])).toBe(true);
    expect(Object.isFrozen(config.templates["a"])).toBe(true);
  });

  it("expands ${NAME} in every text, and nothing it put in", () => {
    const text = `${VALID}cluster: "\${CITY} k3s"\noutbox: {path: "\${DIR}/\${DIR}"}\ntemplates: {t: {s: "$\${CITY} costs $$5"}}`;
    const config = loaded(text, { CITY: "${DIR}", DIR: "x" });
    expect(config.cluster).toBe("${DIR} k3s");
    expect(config.outbox.path).toBe("x/x");
    expect(config.templates["t"]).toEqual({ s: "${CITY} costs $5" });
  });

  it("reads a byte order mark, Windows line ends and aliases", () => {
    const text = `\uFEFFcluster: &c here\r\nreceivers: [{name: *c, stdout: {}}]\r\n`;
    expect(loaded(text).receivers).toEqual([{ name: "here", kind: "stdout", settings: {} }]);
    expect(report(`\uFEFFclustr: here\r\n${VALID}`)).toEqual(["1:1-7 E511 unknown key `clustr` => cluster"]);
  });

  it.each([
    WEBHOOK,
    "https://open.larksuite.com/open-apis/bot/v2/hook/x",
    "http://127.0.0.1:4000/open-apis/bot/v2/hook/x",
  ])("takes %s for a webhook", (url) => {
    const config = loaded(`receivers: [{name: f, feishu: {url: "\${URL}", secret: "\${SIGN}"}}]`, {
      URL: url,
      SIGN: "s",
    });
    expect(config.receivers[0]?.settings).toMatchObject({
      url: { kind: "value", value: url },
      secret: { kind: "value", value: "s" },
    });
  });
});

describe("each mistake in the shape", () => {
  it.each<[name: string, text: string, expected: string[]]>([
    ["an unknown key at the top", `${VALID}clutser: x`, ["2:1-8 E511 unknown key `clutser` => cluster"]],
    ["an unknown key in a section", `${VALID}server:\n  lisen: x`, ["3:3-8 E511 unknown key `lisen` => listen"]],
    [
      "a key of another section",
      `${VALID}server: {maxAge: 5m}`,
      ["2:10-16 E511 unknown key `maxAge` (`maxAge` belongs under `startup`)"],
    ],
    ["a key like no other", `${VALID}throttle: {zzz: 1}`, ["2:12-15 E511 unknown key (here may stand `maxGroups`)"]],
    ["a key the stdout receiver has not", "receivers: [{name: d, stdout: {x: 1}}]", ["1:32-33 E511 unknown key"]],
    ["a number for text", `${VALID}cluster: 5`, ["2:10-11 E512 `cluster` must be text"]],
    ["text for a number", `${VALID}throttle: {maxGroups: "12"}`, ["2:23-27 E512 `maxGroups` must be a number"]],
    ["a broken number", `${VALID}throttle: {maxGroups: 1.5}`, ["2:23-26 E512 `maxGroups` must be a whole number"]],
    ["a number too small", `${VALID}throttle: {maxGroups: 0}`, ["2:23-24 E512 `maxGroups` must be at least 1"]],
    ["text for a section", `${VALID}outbox: /data`, ["2:9-14 E512 `outbox` must be a section with keys of its own"]],
    ["text for a list", "receivers: feishu", ["1:12-18 E512 `receivers` must be a list"]],
    ["no unit", `${VALID}startup: {maxAge: 300}`, ["2:19-22 E512 `maxAge` must be a duration such as `5m`"]],
    [
      "another unit of time",
      `${VALID}startup: {maxAge: 5 minutes}`,
      ["2:19-28 E512 `5 minutes` is not a duration; write a number and a unit, such as `30s`, `5m` or `2h` => 5m"],
    ],
    [
      "another unit of size",
      `${VALID}outbox: {maxSize: 64Mi}`,
      ["2:19-23 E512 `64Mi` is not a size; write a number and a unit, such as `64MiB` or `1GiB` => 64MiB"],
    ],
    [
      "an outbox too small for its first card",
      `${VALID}outbox: {maxSize: 1000KiB}`,
      ["2:19-26 E512 `1000KiB` is too small for an outbox; give it at least `1MiB`"],
    ],
    [
      "no port",
      `${VALID}server: {listen: localhost}`,
      ["2:18-27 E512 `listen` is not an address; write host and port, such as `0.0.0.0:8080`"],
    ],
    ["too high a port", `${VALID}server: {listen: ":65536"}`, ["2:18-26 E512 `listen` has a port above 65535"]],
    ["no receivers", "cluster: x", ["1:1-2 E512 `receivers` is missing"]],
    ["an empty file", "", ["1:1-1 E512 `receivers` is missing"]],
    ["a file that is a list", "- x", ["1:1-4 E512 the file must be a section with keys of its own"]],
    ["an empty list of receivers", "receivers: []", ["1:12-14 E512 `receivers` is empty, so nobody can be told"]],
    ["a receiver without name", "receivers:\n  - stdout: {}", ["2:5-6 E512 `name` is missing"]],
    ["a misspelt name, once", "receivers:\n  - nmae: d\n    stdout: {}", ["2:5-9 E511 unknown key `nmae` => name"]],
    [
      "a name rules cannot write",
      "receivers: [{name: my bot, stdout: {}}]",
      ["1:20-26 E512 `name` is not a name; use letters, digits, `_`, `.` and `-`"],
    ],
    [
      "a name that is a word of the language",
      "receivers: [{name: notify, stdout: {}}]",
      ["1:20-26 E512 `name` is a word of the rule language and cannot be a name"],
    ],
    [
      "a template's name",
      `${VALID}templates: {"a b": {}}`,
      ["2:13-18 E512 this key is not a name; use letters, digits, `_`, `.` and `-`"],
    ],
    [
      "a template JSON cannot hold",
      `${VALID}templates: {a: {n: .nan}}`,
      ["2:16-25 E512 `a` holds something JSON cannot hold"],
    ],
    [
      "too many keywords",
      `receivers: [{name: f, feishu: {urlFile: /u, keywords: [${"k,".repeat(11)}]}}]`,
      ["1:55-79 E512 `keywords` has more than the 10 keywords a bot can have"],
    ],
    [
      "columns behind wide characters",
      `${VALID}templates: {家里: {}, "家 里": {}}`,
      ["2:21-26 E512 this key is not a name; use letters, digits, `_`, `.` and `-`"],
    ],
  ])("%s", (_name, text, expected) => {
    expect(report(text)).toEqual(expected);
  });
});

describe("each mistake in receivers", () => {
  it.each<[name: string, text: string, expected: string[]]>([
    [
      "no kind",
      "receivers:\n  - name: f",
      [
        expect.stringMatching(
          /^2:5-6 E512 receiver has no kind \(give it `feishu:` with a URL,.* or `.+`\)$/,
        ) as string,
      ],
    ],
    [
      "a misspelt kind, once",
      "receivers: [{name: f, fieshu: {urlFile: /u}}]",
      ["1:23-29 E511 unknown key `fieshu` => feishu"],
    ],
    [
      "two kinds",
      "receivers: [{name: f, stdout: {}, feishu: {urlFile: /u}}]",
      ["1:23-29 E512 a receiver has one kind, and this one is `feishu` already (make it two receivers)"],
    ],
    [
      "a name twice",
      "receivers: [{name: f, stdout: {}}, {name: f, stdout: {}}]",
      ["1:43-44 E512 this name is taken by receiver 1 of the list"],
    ],
    [
      "no URL",
      "receivers: [{name: f, feishu: {}}]",
      ["1:23-29 E512 feishu receiver has no webhook URL (add `urlFile:` with the path of a file, or `url: ${NAME}`)"],
    ],
    [
      "a URL and its file",
      'receivers: [{name: f, feishu: {url: "${URL}", urlFile: /u}}]',
      ["1:47-54 E512 `url` and `urlFile` exclude each other (keep one of them)"],
    ],
    [
      "a URL that is not known yet, once",
      'receivers: [{name: f, feishu: {url: "${NOT_SET}"}}]',
      [
        "1:38-48 E513 this environment variable is not set (set it where the program starts, or write `$$` for a literal dollar)",
      ],
    ],
    [
      "a literal secret",
      "receivers: [{name: f, feishu: {urlFile: /u, secret: hush}}]",
      [
        "1:53-57 W514 `secret` is a secret and stands in the file (use `secretFile`, or `${NAME}` from the environment)",
      ],
    ],
    [
      "a literal URL",
      `receivers: [{name: f, feishu: {url: "${WEBHOOK}"}}]`,
      ["1:37-97 W514 `url` is a secret and stands in the file (use `urlFile`, or `${NAME}` from the environment)"],
    ],
    [
      "a key that belongs one deeper",
      "receivers: [{name: f, stdout: {}, urlFile: /u}]",
      ["1:35-42 E511 unknown key `urlFile` (`urlFile` belongs under `feishu`)"],
    ],
  ])("%s", (_name, text, expected) => {
    expect(report(text, { URL: WEBHOOK })).toEqual(expected);
  });

  it.each<[url: string, expected: RegExp]>([
    ["not a url, token-0a1b2c3d", /is not a URL/],
    ["http://open.feishu.cn/open-apis/bot/v2/hook/token-0a1b2c3d", /must be https/],
    ["ftp://127.0.0.1/open-apis/bot/v2/hook/token-0a1b2c3d", /must be https/],
    ["https://me:token-0a1b2c3d@open.feishu.cn/open-apis/bot/v2/hook/x", /no user or password/],
    ["https://open.feishu.cn/open-apis/bot/hook/token-0a1b2c3d", /of the old kind.*v2/],
    ["https://www.feishu.cn/flow/api/trigger-webhook/token-0a1b2c3d", /Feishu flow.*custom bot/],
  ])("refuses the URL %s without repeating it", (url, expected) => {
    const [literal, ...more] = report(`receivers: [{name: f, feishu: {url: "${url}"}}]`);
    const [expanded] = report('receivers: [{name: f, feishu: {url: "${URL}"}}]', { URL: url });
    expect(more).toEqual([]);
    for (const line of [literal, expanded]) {
      expect(line).toMatch(expected);
      expect(line).not.toContain("token-0a1b2c3d");
    }
  });

  it.each([
    "https://open.feishu.cn/open-apis/bot/v2/hook/token-0a1b2c3d?x=1",
    "https://open.feishu.cn/open-apis/bot/v2/hook/token-0a1b2c3d/more",
    "https://relay.example/token-0a1b2c3d",
    "http://localhost:8080/token-0a1b2c3d",
  ])("takes %s for a relay's, with a warning that does not repeat it", (url) => {
    const text = 'receivers: [{name: f, feishu: {url: "${URL}"}}]';
    expect(report(text, { URL: url })).toEqual([
      "1:37-45 W517 webhook URL has not the form of a Feishu bot's, so it is taken for a relay's (of a bot it looks like https://open.feishu.cn/open-apis/bot/v2/hook/<token>)",
    ]);
    expect(loaded(text, { URL: url }).receivers[0]?.settings).toMatchObject({ url: { kind: "value", value: url } });
    const literal = loadConfig("c", `receivers: [{name: f, feishu: {url: "${url}"}}]`, {});
    expect(JSON.stringify(literal.diagnostics)).not.toContain("token-0a1b2c3d");
    expect(literal.diagnostics.map(({ code }) => code).toSorted()).toEqual(["W514", "W517"]);
  });

  it("sees through variables in a URL to a token that stands in the file", () => {
    const inFile = 'receivers: [{name: f, feishu: {url: "https://${HOST}/open-apis/bot/v2/hook/tok"}}]';
    const outside = 'receivers: [{name: f, feishu: {url: "https://open.feishu.cn/open-apis/bot/v2/hook/${TOK}"}}]';
    expect(report(inFile, { HOST: "open.feishu.cn" })[0]).toContain("W514");
    expect(report(outside, { TOK: "tok" })).toEqual([]);
  });
});

describe("each mistake with the environment and with YAML", () => {
  it.each<[name: string, text: string, expected: string[]]>([
    [
      "an unset variable",
      `${VALID}cluster: in \${CITY}`,
      [
        "2:13-20 E513 this environment variable is not set (set it where the program starts, or write `$$` for a literal dollar)",
      ],
    ],
    [
      "a default, as shells have them",
      `${VALID}cluster: \${CITY:-x}`,
      [
        "2:10-20 E513 this does not name an environment variable (write `${NAME}` and nothing else between the braces; `$$` is a literal dollar)",
      ],
    ],
    [
      "an unset variable where a shape is asked for",
      `${VALID}startup: {maxAge: "\${AGE}"}`,
      [
        "2:20-26 E513 this environment variable is not set (set it where the program starts, or write `$$` for a literal dollar)",
      ],
    ],
    ["a key given twice", `${VALID}cluster: a\ncluster: b`, ["3:1-2 E515 this key is given twice"]],
    [
      "a variable without quotes in braces",
      "receivers: [{name: f, feishu: {url: ${URL}}}]",
      ['1:38-39 E515 `${NAME}` inside `{ }` or `[ ]` needs quotes (write "${NAME}")'],
    ],
    ["a tab", `${VALID}server:\n\tlisten: x`, ["3:1-2 E515 a tab cannot indent YAML (use spaces)"]],
    ["two documents", `${VALID}---\ncluster: x`, ["2:1-4 E515 the file holds more than one YAML document"]],
    [
      "an alias without its anchor",
      "receivers: [*nobody]",
      ["1:13-20 E515 not YAML: an alias (`*name`) without its anchor (`&name`) above it (put the value in quotes)"],
    ],
    [
      "a tag that means nothing",
      `${VALID}cluster: !home x`,
      [
        "2:10-15 E515 a value that begins with `!` is a tag to YAML, and this tag means nothing (put the value in quotes)",
      ],
    ],
    ["a key that is a list", `${VALID}[a]: x`, ["2:1-4 E512 a key must be plain text"]],
  ])("%s", (_name, text, expected) => {
    expect(report(text)).toEqual(expected);
  });

  it("does not run away with aliases of aliases", () => {
    const bomb = [
      "a: &a [x]",
      ..."bcdefghi".split("").map((k, i) => `${k}: &${k} [${`*${"abcdefgh"[i]},`.repeat(9)}]`),
    ];
    const lines = report(`${VALID}templates:\n${bomb.map((line) => `  ${line}`).join("\n")}`);
    expect(lines.filter((line) => line.includes("more than 100 aliases"))).toHaveLength(1);
  });
});

it("reports ten mistakes as ten", () => {
  const text = `clustr: x
receivers:
  - name: f
    feishu: {urlFile: /u, keywords: oops}
  - name: f
    stdout: {}
  - name: none
  - name: twice
    stdout: {}
    feishu: {url: "http://open.feishu.cn/nowhere"}
startup: {maxAge: 5min}
throttle: {maxGroups: -1}
outbox: {path: "\${NOWHERE}", maxSize: 64MB}
`;
  const lines = report(text);
  expect(lines.map((line) => line.split(" ", 2).join(" "))).toEqual([
    "1:1-7 E511",
    "4:37-41 E512",
    "5:11-12 E512",
    "7:5-6 E512",
    "9:5-11 E512",
    "10:19-50 E512",
    "11:19-23 E512",
    "12:23-25 E512",
    "13:17-27 E513",
    "13:39-43 E512",
  ]);
  expect(loadConfig("c", text, {}).config).toBeNull();
});

describe("what else a reader of the text learns", () => {
  it("knows the names rules may use, mistakes or not", () => {
    const { config, known } = loadConfig("c", "receivers: [{name: a}, {name: b}, {}]\ntemplates: {t: x}\nzz: 1", {});
    expect(config).toBeNull();
    expect(known).toEqual({ receivers: ["a", "b"], templates: ["t"] });
    expect(loadConfig("c", "receivers: [", {}).known).toEqual({ receivers: null, templates: null });
  });
});

it("keeps deploy/config.schema.json equal to the definition that validates", async () => {
  const shapes = await loadShapes();
  const written: unknown = JSON.parse(
    readFileSync(new URL("../../deploy/config.schema.json", import.meta.url), "utf8"),
  );
  expect(written).toEqual(configJsonSchema(shapes));
});
