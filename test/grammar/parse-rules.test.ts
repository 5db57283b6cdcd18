import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRules, type ParsedRules } from "../../grammar/parse-rules.ts";
import type { ParsedStatement } from "../../grammar/parse-statement.ts";
import { nearest } from "../../src/suggest.ts";

interface Parsed extends ParsedRules {
  readonly statements: readonly ParsedStatement[];
  readonly brokenLets: readonly string[];
}

function parse(text: string): Parsed {
  const statements: ParsedStatement[] = [];
  const brokenLets: string[] = [];
  const parsed = parseRules(text, nearest, 10_000, {
    statement: (statement) => statements.push(statement),
    brokenLet: (name) => brokenLets.push(name),
  });
  return { ...parsed, statements, brokenLets };
}

/** Problems in one line each: code, the underlined text, the suggestion. */
function slips(text: string): readonly string[] {
  return parse(text).problems.map(
    ({ code, start, end, suggestion }) =>
      `${code} ${text.slice(start, end)}${suggestion === undefined ? "" : ` -> ${suggestion}`}`,
  );
}

describe("takes", () => {
  test.each([
    "when type=Warning and kind=Pod rate<5/10m notify feishu",
    "\uFEFFwhen kind=Pod notify a # with a mark in front",
    "a.b_c-1: drop when not (kind = Pod or not kind = Node)",
    "磁盘满: when message contains 磁盘 notify 飞书",
    'let x = reason in (a, \'b c\', "d\\"\\u{1F600}")\nwhen x and not x notify a, b',
    'when label["a/b"] exists and label.app.kubernetes.io/name not exists notify a',
    "when kind=Pod stop by none severity critical using t with a=b, c='d e' rate>9/5m rate<1/1h notify a",
    "when kind=Pod for 5m digest 1h between 22:00 and 08:00 on sat, sun in 'Asia/Shanghai' resolve when kind=Node notify a",
    "when reason=rate and namespace=by rate<5/10m notify stop",
    'when type="Warning"and reason="BackOff" notify a',
    "when count>=7.0 and age<10m and name=5/10m and message!~'a' notify a",
    "when name=x:y and host=* notify a",
    "crash: when reason\n=\nBackOff\nnotify\na",
  ])("%s", (text) => {
    const { problems, statements, statementCount } = parse(text);
    expect(problems).toEqual([]);
    expect(statements.length).toBe(statementCount);
    expect(statements.every(({ refused }) => !refused)).toBe(true);
  });
});

describe("gives one finding and our spelling for", () => {
  test.each([
    ["when type==Warning notify a", ["E105 == -> ="]],
    ["when type=Warning && kind=Pod notify a", ["E105 && -> and"]],
    ["when type=Warning || kind=Pod notify a", ["E105 || -> or"]],
    ["when !(kind=Pod) notify a", ["E105 ! -> not"]],
    ["when type<>Warning notify a", ["E105 <> -> !="]],
    ["when type=Warning AND kind=Pod notify a", ["E105 AND -> and"]],
    ["when NOT (kind=Pod) notify a", ["E105 NOT -> not"]],
    ["when reason is BackOff notify a", ["E105 is -> ="]],
    ["when reason is not BackOff notify a", ["E105 is not -> !="]],
    ["when reason matches 'x' notify a", ["E105 matches -> =~"]],
    ["when reason not regex 'x' notify a", ["E105 not regex -> !~"]],
    ["when reason notin (x) notify a", ["E105 notin -> not in"]],
    ["when reason IN (x) notify a", ["E105 IN -> in"]],
    ["When kind=Pod Notify a", ["E105 When -> when", "E105 Notify -> notify"]],
    ["when kind=Pod adn type=x notify a", ["E106 adn -> and"]],
    ["when kind=Pod notfy a", ["E106 notfy -> notify"]],
    ["when kind=Pod by kind, name notfy a", ["E106 notfy -> notify"]],
    ["whn kind=Pod notify a", ["E106 whn -> when"]],
    ["when message contians x notify a", ["E106 contians -> contains"]],
    ["when kind=Pod rat<5/10m notify a", ["E106 rat -> rate"]],
    ["when reason=notify notify a", ['E106 notify -> "notify"']],
    ["when kind=Pod rate<=5/10m notify a", ["E108 <= -> <"]],
    ["when kind=Pod rate=5/10m notify a", ["E108 ="]],
    ["when kind=Pod rate==5/10m notify a", ["E108 =="]],
    ["when kind=Pod rate<5 / 10m notify a", ["E108 5 / 10m -> 5/10m"]],
    ["when kind=Pod rate<5/10min notify a", ["E108 5/10min -> 5/10m"]],
    ["when kind=Pod rate<5/1h30m notify a", ["E108 5/1h30m -> 5/90m"]],
    ["when kind=Pod rate<0/1h notify a", ["E108 0/1h"]],
    ["when kind=Pod rate<1/1h rate<2/1h notify a", ["E109 rate<2/1h"]],
    ["when kind=Pod notify a rate<1/1h", ["E109 rate"]],
    ["when kind=Pod，type=x notify a", ["E101 ， -> ,"]],
    ["when message contains 'x notify a", ["E102 '"]],
    ["when message contains Error: notify a", ["E101 Error:"]],
    ["when kind= and type= notify a", ["E103 and", "E103 notify"]],
    ["when kind=Pod", ["E104 "]],
    ["when (kind=Pod notify a", ["E107 notify"]],
    ["when kind=Pod)) notify a", ["E107 )"]],
    ["when reason in () notify a", ["E103 )"]],
    ["when kind=Pod type=x notify a", ["E119 type"]],
    ["kind=Pod notify a", ["E119 kind"]],
  ])("%s", (text, findings) => {
    expect(slips(text)).toEqual(findings);
  });
});

test("a broken statement leaves the ones around it alone", () => {
  const text = [
    "when kind=Pod notify a",
    "when type= ",
    "b: when kind=Pod notify b",
    'when message contains "open notify c',
    "let d = kind ==",
    "drop when kind=Node",
    "whn kind=Pod notify e",
    "when kind=Pod notify f",
  ].join("\n");
  const { statements, problems, statementCount } = parse(text);
  const sound = statements.filter(({ refused }) => !refused);
  expect(sound.map(({ node }) => text.slice(node.start, node.end))).toEqual([
    "when kind=Pod notify a",
    "b: when kind=Pod notify b",
    "drop when kind=Node",
    "when kind=Pod notify f",
  ]);
  expect(statementCount).toBe(8);
  expect(problems.map(({ code }) => code)).toEqual(["E103", "E102", "E105", "E103", "E106"]);
});

const nested = (depth: number): string => `when ${"(".repeat(depth)}kind=Pod${")".repeat(depth)} notify a`;

test("64 levels of nesting are read, 65 and 100,000 refused at the first too many", () => {
  expect(slips(nested(64))).toEqual([]);
  for (const depth of [65, 100_000]) {
    expect(parse(nested(depth)).problems).toEqual([
      expect.objectContaining({ code: "E110", start: "when ".length + 64, end: "when ".length + 65 }),
    ]);
  }
  expect(slips(`when ${"not ".repeat(100_000)}kind=Pod notify a`)).toEqual(["E110 not"]);
});

test("reads a text in pieces as it reads it whole", () => {
  const vocabulary = [
    "when kind=Pod notify a\n",
    "b: when",
    "notify",
    "whn",
    "kind=Pod",
    "let x =",
    "，",
    '"',
    "\u0001",
  ];
  const word = fc.constantFrom(...vocabulary, "# 注\n", "\r\n", "\n", " ", "(", "and");
  const soup = fc.array(word, { maxLength: 60, size: "max" }).map((words) => words.join(" "));
  fc.assert(
    // A piece ends with the first line that ends beyond 4,096 characters.
    fc.property(soup, fc.integer({ min: 3_800, max: 4_095 }), (text, padding) => {
      const front = `#${"x".repeat(padding)}\n`;
      const { problems, ...counts } = parse(front + text);
      const whole = parse(text);
      expect({ ...counts, statements: counts.statements.length }).toEqual({
        statementCount: whole.statementCount,
        ruleCount: whole.ruleCount,
        brokenLets: whole.brokenLets,
        statements: whole.statements.length,
      });
      const places = (found: typeof problems, by: number): readonly (readonly [string, number, number])[] =>
        found.map(({ code, start, end }) => [code, start - by, end - by]);
      expect(places(problems, front.length)).toEqual(places(whole.problems, 0));
    }),
    { numRuns: 1_000 },
  );
});

test("no text makes the parser throw, and each problem lies inside the text", () => {
  const vocabulary =
    "when drop let notify and or not in contains like exists rate by with severity using for digest between resolve " +
    'stop kind a: b 5/10m 10m none = != =~ !~ < >= == && ! ( ) [ ] , \'x\' "y\\n" " # \n ，';
  const word = fc.constantFrom(...vocabulary.split(" "));
  const soup = fc.array(word, { maxLength: 40 }).map((words) => words.join(" "));
  const anything = fc.string({ unit: "binary", maxLength: 200 });
  fc.assert(
    fc.property(fc.oneof(soup, anything, fc.string({ maxLength: 200 })), (text) => {
      const { problems, statements, statementCount } = parse(text);
      for (const { start, end, message } of problems) {
        expect(start).toBeGreaterThanOrEqual(0);
        expect(end).toBeGreaterThanOrEqual(start);
        expect(end).toBeLessThanOrEqual(text.length);
        expect(message).toMatch(/^[^A-Z]/u);
      }
      // What is not read is explained.
      expect(statements.filter(({ refused }) => !refused).length === statementCount || problems.length > 0).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
