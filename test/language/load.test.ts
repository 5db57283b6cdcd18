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

/** Diagnostics as one line each, the way an editor lists them. */
function findings(text: string, known: Parameters<typeof loadRules>[1] = anything): readonly string[] {
  return loadRules([{ file: "a.rules", text }], known).diagnostics.map(
    ({ code, line, column, endColumn, message, suggestion }) =>
      `${line}:${column}-${endColumn} ${code} ${message}${suggestion === undefined ? "" : ` -> ${suggestion}`}`,
  );
}

const load = (text: string): unknown => loadRules([{ file: "a.rules", text }], anything).ruleSet?.statements.length;

const typed = (condition: string): unknown =>
  loadRules([{ file: "a.rules", text: `drop when ${condition}` }], anything).ruleSet?.statements[0]?.condition;

const keys = (text: string): readonly (string | undefined)[] =>
  (loadRules([{ file: "a.rules", text }], anything).ruleSet?.statements ?? []).map((statement) =>
    statement.kind === "rule" ? statement.key : undefined,
  );

const place = (line: number, column: number): { line: number; column: number } => ({
  line: line + 10,
  column: column + 4,
});

const many = (count: number, rule: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => rule(index)).join("\n");

const codes = (text: string): readonly string[] =>
  loadRules([{ file: "a.rules", text }], anything).diagnostics.map(({ code, line }) => `${line} ${code}`);

/** Place, code and suggestion of each mistake, where `feishu` is the only receiver. */
const short = (text: string): readonly string[] =>
  loadRules([{ file: "a.rules", text }], { receivers: ["feishu"], templates: null }).diagnostics.map(
    ({ line, column, code, suggestion }) => [`${line}:${column}`, code, suggestion].filter(Boolean).join(" "),
  );

test("reports ten mistakes of one file as ten, in order", () => {
  const text = [
    "when knd=Pod and type==Warning notify feishu",
    "when kind=Pod rate<=5/10m notify feishu",
    "when count > 3m and reason > 3 notify fieshu",
    "when message =~ 'a(b' notify feishu",
    "a: when kind=Pod by knid severity hot notify feishu",
    "a: drop when nosuch",
    "when 消息=x and note='😀' adn ns=y notify feishu",
  ].join("\n");
  expect(findings(text, { receivers: ["feishu"], templates: [] })).toMatchInlineSnapshot(`
    [
      "1:6-9 E201 unknown field \`knd\` -> kind",
      "1:22-24 E105 \`==\` is written \`=\` here -> =",
      "2:19-21 E108 there is no \`rate<=\`: \`rate<5/10m\` lets at most 5 notifications through in any 10m -> <",
      "3:14-16 E202 \`count\` is a number, and 3m is none",
      "3:28-29 E202 \`reason\` is text, and \`>\` compares numbers and durations only",
      "3:39-45 E501 unknown receiver \`fieshu\` -> feishu",
      "4:18-21 E203 not a valid pattern at character 1 of the pattern: missing closing ): \`a(b\`",
      "5:21-25 E201 unknown field \`knid\` -> kind",
      "5:35-38 E206 \`hot\` is no severity: there are \`critical\`, \`warning\` and \`info\`",
      "6:1-2 E204 \`a\` is already the name of the statement at a.rules:5",
      "6:14-20 E205 unknown let \`nosuch\`",
      "7:6-8 E201 unknown field \`消息\`",
      "7:24-27 E106 unknown word \`adn\` -> and",
    ]
  `);
});

test("a set with one error does not run, one with warnings does", () => {
  expect(load("when kind=Pod notify a\nwhen kind= notify b")).toBeUndefined();
  expect(load("when count>3 notify a")).toBe(1);
  expect(load("when type==Warning notify a")).toBeUndefined();
  expect(load("")).toBe(0);
});

test("expands lets, also across files, and reports a broken let once", () => {
  const { ruleSet } = loadRules(
    [
      { file: "1.rules", text: "let a = kind=Pod or kind=Node\nlet b = not a" },
      { file: "2.rules", text: "drop when b" },
    ],
    anything,
  );
  expect(ruleSet?.statements[0]?.condition).toMatchObject({ kind: "not", part: { kind: "or", parts: [{}, {}] } });
  expect(findings("let a = kindd=Pod\nlet b = kind ==\nwhen a and b notify x")).toHaveLength(3);
  expect(findings("let a = a\nwhen b notify x\nlet b = kind=Pod")).toEqual([
    expect.stringContaining("E205"),
    expect.stringContaining("E205"),
  ]);
});

test("gives literals the type of their field", () => {
  expect(typed("message contains 137")).toMatchObject({ test: { op: "contains", value: "137" } });
  expect(typed("name=5")).toMatchObject({ test: { op: "in", values: ["5"] } });
  expect(typed('count="7"')).toMatchObject({ test: { op: "numberIn", values: [7] } });
  expect(typed("count not in (7.0, 8)")).toMatchObject({ negated: true, test: { op: "numberIn", values: [7, 8] } });
  expect(typed("age>10m")).toMatchObject({ field: { name: "age" }, test: { op: ">", value: 600_000 } });
  expect(typed("note !~ x")).toMatchObject({ negated: true, field: { name: "message" }, test: { op: "matches" } });
});

test("reads every clause", () => {
  const text = `x: when kind=Pod rate>9/5m rate<1/1h by namespace, ns, label.app severity critical
    using t with a="{{reason}}", b=c stop notify one, two, one`;
  expect(loadRules([{ file: "a.rules", text }], anything).ruleSet?.statements[0]).toMatchObject({
    name: "x",
    threshold: { occurrences: 10, windowMs: 300_000 },
    throttle: { notifications: 1, windowMs: 3_600_000 },
    by: [
      { kind: "text", name: "namespace" },
      { kind: "label", key: "app" },
    ],
    severity: "critical",
    template: "t",
    values: { a: "{{reason}}", b: "c" },
    receivers: ["one", "two"],
    stop: true,
  });
});

test("a rule's key stands for its meaning, not for its place or spelling", () => {
  const [plain] = keys("when kind=Pod notify a");
  expect(keys("\n# moved\nwhen  involvedObject.kind = 'Pod'\nnotify a")).toEqual([plain]);
  expect(keys("let p = kind=Pod\nwhen p notify a")).toEqual([plain]);
  expect(keys("when kind=Pod notify b")).not.toEqual([plain]);
  expect(keys("when kind=Pod notify a when kind=Pod notify a")).toEqual([plain, `${plain ?? ""}-2`]);
});

test("names two unnamed rules of one line apart", () => {
  const { ruleSet } = loadRules(
    [{ file: "d/a.rules", text: "when kind=Pod notify a when kind=Node notify a" }],
    anything,
  );
  expect(ruleSet?.statements.map(({ name }) => name)).toEqual(["a.rules:1", "a.rules:1.2"]);
});

test("places findings where the caller says the text lies", () => {
  const { diagnostics } = loadRules([{ file: "cm.yaml", text: "\uFEFFwhen knd=Pod notify a", place }], anything);
  expect(diagnostics).toMatchObject([{ file: "cm.yaml", line: 11, column: 10, endLine: 11, endColumn: 13 }]);
});

test("limits: statements, patterns, text and what lets expand to", () => {
  expect(codes(many(10_000, () => "when kind=Pod notify a"))).toEqual([]);
  expect(codes(many(10_002, () => "when kind=Pod notify a"))).toEqual(["10001 E111"]);
  expect(codes(many(2000, (index) => `drop when name like x${index}*`))).toEqual([]);
  expect(codes(many(2002, (index) => `drop when name like x${index}*`))).toEqual(["2001 E401"]);
  expect(codes(`# ${"x".repeat(1024 * 1024)}`)).toEqual(["1 E111"]);
  expect(codes(`drop when message =~ '${"[x]".repeat(400)}'`)).toEqual(["1 E401"]);
  const doubling = many(40, (index) => `let a${index + 1} = a${index} or a${index}`);
  expect(codes(`let a0 = kind=Pod\n${doubling}`)).toEqual(["14 E110"]);
});

test("limits what a set holds with its lets expanded, and reports it once", () => {
  const large = `let large = ${"kind=Pod or ".repeat(3999)}kind=Pod`;
  expect(codes(`${large}\n${many(25, () => "when large notify a")}`)).toEqual([]);
  expect(codes(`${large}\n${many(28, () => "when large notify a")}`)).toEqual(["27 E111"]);
  const long = `let long = message contains "${"x".repeat(1024 * 511)}"`;
  expect(codes(`${long}\n${many(8, () => "drop when long")}`)).toEqual([]);
  expect(codes(`${long}\n${many(11, () => "drop when long")}`)).toEqual(["10 E111"]);
});

test("reads a condition with as many comparisons as a text has room for", () => {
  expect(codes(`when ${"ns=a or ".repeat(130_000)}ns=b notify a`)).toEqual(["1 E110"]);
});

test("makes guesses for thousands of unknown names among thousands of lets without looking at all of them", () => {
  const lets = many(5000, (index) => `let abcdef${index} = kind=Pod`);
  const uses = Array.from({ length: 5000 }, (_, index) => `abcdxf${index}`).join(" or ");
  const { diagnostics } = loadRules([{ file: "a.rules", text: `${lets}\nwhen ${uses} notify a` }], anything);
  expect(diagnostics).toHaveLength(5000);
  expect(diagnostics[0]?.suggestion).toBe("abcdef0");
  const guesses = diagnostics.filter(({ suggestion }) => suggestion !== undefined);
  expect(guesses.length).toBeGreaterThan(20);
  expect(guesses.length).toBeLessThan(100);
});

test("offers some of many receivers", () => {
  const receivers = Array.from({ length: 12 }, (_, index) => `receiver-${index}`);
  const text = "when kind=Pod notify feishu";
  const { diagnostics } = loadRules([{ file: "a.rules", text }], { receivers, templates: null });
  expect(diagnostics[0]?.help).toMatch(/^the configuration has `receiver-0`, .*`receiver-9` and 2 more$/);
});

test.each([
  [
    "crash: when typ=Warning && kind=Pod rate<=5/10m notify nobody",
    ["1:13 E201 type", "1:25 E105 and", "1:41 E108 <", "1:56 E501"],
  ],
  ["when typ=Warning notify nobody severity critical", ["1:6 E201 type", "1:25 E501", "1:32 E109"]],
  ["when typ=Warning and knd=Pod", ["1:6 E201 type", "1:22 E201 kind", "1:29 E104"]],
  ["when kind=Pod rate<5/10x severity critcal notify feishu", ["1:20 E108", "1:35 E206 critical"]],
  ["let a = typ=x && kind=Pod\nwhen a notify feishu", ["1:9 E201 type", "1:15 E105 and"]],
  [
    "when typ=x and reason is not BackOff and kind IN (pod) notify feishu",
    ["1:6 E201 type", "1:23 E105 !=", "1:47 E105 in", "1:51 W321 Pod"],
  ],
])("goes on to names and types behind mistakes of writing: %s", (text, found) => {
  expect(short(text)).toEqual(found);
});

test.each([
  // A rate that cannot be read is still a rate: neither a raw count nor a threshold alone.
  ["when count>3 rate<=5/10m notify feishu", ["1:18 E108 <"]],
  ["when kind=Pod rate>=5/1h rate<=1/1h notify feishu", ["1:30 E108 <"]],
  // What stands for an unreadable value is no value.
  ["when kind=Pod notify and by kind", ['1:22 E106 "and"', "1:26 E109"]],
  ['when message =~ "(\\8" notify feishu', ["1:19 E102"]],
  ["when k$nd=Pod notify feishu", ["1:7 E101"]],
  ["when namespace=a→b and kind=Pod notify feishu", ["1:17 E101"]],
])("makes no second mistake of the first: %s", (text, found) => {
  expect(short(text)).toEqual(found);
});

test.each([
  [
    'when typ=x and message contains "abc notify feishu\nwhen knd=Pod notify no',
    ["1:6 E201 type", "1:33 E102", "2:6 E201 kind", "2:21 E501"],
  ],
  [
    "when typ=x and namespace=$b notify no\nwhen knd=Pod notify feishu",
    ["1:6 E201 type", "1:26 E101", "1:36 E501", "2:6 E201 kind"],
  ],
  ["when knd=Pod notify feishu\n；\nwhen knd=Pod notify feishu", ["1:6 E201 kind", "2:1 E101", "3:6 E201 kind"]],
  ["when knd=Pod notify feishu\n＃ 说明\nwhen knd=Pod notify feishu", ["1:6 E201 kind", "2:1 E101 #", "3:6 E201 kind"]],
  ["；when knd=Pod notify feishu", ["1:1 E101", "1:7 E201 kind"]],
  ["； when knd=Pod notify feishu", ["1:1 E101", "1:8 E201 kind"]],
  ["let a = kind=$b\nwhen a and typ=x notify feishu", ["1:14 E101", "2:12 E201 type"]],
])("lets no unreadable character and no open text hide other mistakes: %s", (text, found) => {
  expect(short(text)).toEqual(found);
});

test.each([
  ["labl.app=x", "label.app"],
  ["lables.a.b/c exists", "label.a.b/c"],
  ["anotation.x=y", "annotation.x"],
  ['labl["a/b"]=x', "label.a/b"],
  ["labels.app=x", "label.app"],
  ["lb.app=x", undefined],
  ["involvedObject.nme=x", "involvedObject.name"],
])("knows the field meant by %s", (condition, suggestion) => {
  const { diagnostics } = loadRules([{ file: "a.rules", text: `drop when ${condition}` }], anything);
  expect(diagnostics).toMatchObject([{ code: "E201" }]);
  expect(diagnostics[0]?.suggestion).toBe(suggestion);
});

test("names 5,000 statements of one line", () => {
  const names = loadRules([{ file: "a.rules", text: "drop when kind=Pod ".repeat(5000) }], anything).ruleSet
    ?.statements;
  expect(names?.map(({ name }) => name).slice(0, 3)).toEqual(["a.rules:1", "a.rules:1.2", "a.rules:1.3"]);
  expect(new Set(names?.map(({ name }) => name)).size).toBe(5000);
});
