import type { ComparisonNode, FieldNode, WordNode } from "../../grammar/ast.ts";
import { parseDuration, suggestDuration } from "../../grammar/literals.ts";
import { quote } from "../../grammar/text.ts";
import type { Comparison, FieldRef, Test } from "../model/rule.ts";
import { nearest } from "../suggest.ts";
import { FIELD_ALIASES, FIELD_NAMES, fieldText, findField } from "./fields.ts";
import type { Report } from "./finding.ts";

/** Names people know from Kubernetes or other tools, too far from ours for a guess by letters. */
const KNOWN_ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ["metadata.namespace", "namespace"],
  ["reportingComponent", "component"],
  ["reportingController", "component"],
  ["reportingInstance", "host"],
  ["involvedObject", "kind"],
  ["regarding", "kind"],
  ["object", "name"],
  ["pod", "name"],
  ["series.count", "count"],
  ["lastTimestamp", "age"],
  ["severity", "type"],
  ["level", "type"],
  ["msg", "message"],
  ["source", "component"],
]);

/** Fields with a key. */
const KEYED_NAMES = ["label", "annotation"] as const;

const KEYED = /^(?:metadata\.|involvedObject\.|regarding\.)?(label|annotation)s?\.(.+)$/;

/** The field an author named; reports one there is not. */
export function resolveField(node: FieldNode, report: Report): FieldRef | null {
  const ref = findField(node.name, node.key?.text ?? null);
  if (ref !== null) return ref;
  const span = { start: node.start, end: node.end };
  if (node.name === "label" || node.name === "annotation") {
    report({
      code: "E201",
      message: `\`${node.name}\` needs a key`,
      help: `write \`${node.name}.app\` or \`${node.name}["a/b"]\``,
      ...span,
    });
    return null;
  }
  const keyed = KEYED.exec(node.name);
  if (keyed !== null && node.key === null) {
    report({
      code: "E201",
      message: `unknown field \`${node.name}\``,
      suggestion: `${keyed[1] ?? "label"}.${keyed[2] ?? ""}`,
      ...span,
    });
    return null;
  }
  if (node.key !== null) {
    const kind = nearestKeyed(node.name);
    report({
      code: "E201",
      message: `unknown field \`${node.name}[…]\`: only \`label\` and \`annotation\` take a key`,
      ...(kind === null ? {} : { suggestion: fieldText({ kind, key: node.key.text }) }),
      ...span,
    });
    return null;
  }
  const dot = node.name.indexOf(".");
  const kind = dot < 0 ? null : nearestKeyed(node.name.slice(0, dot));
  if (kind !== null && node.name.length > dot + 1) {
    const suggestion = `${kind}${node.name.slice(dot)}`;
    report({ code: "E201", message: `unknown field \`${node.name}\``, suggestion, ...span });
    return null;
  }
  const suggestion = KNOWN_ELSEWHERE.get(node.name) ?? nearest(node.name, [...FIELD_NAMES, ...FIELD_ALIASES.keys()]);
  report({
    code: "E201",
    message: `unknown field \`${node.name}\``,
    ...(suggestion === null
      ? { help: `the fields are ${FIELD_NAMES.join(", ")}, label.…, annotation.…` }
      : { suggestion }),
    ...span,
  });
  return null;
}

/** `label` or `annotation`, whichever was meant by a name that is neither, in singular or plural. */
function nearestKeyed(name: string): (typeof KEYED_NAMES)[number] | null {
  const meant = nearest(name.replace(/s$/, ""), KEYED_NAMES);
  return KEYED_NAMES.find((kind) => kind === meant) ?? null;
}

/** Gives a comparison its field and its literals their types; null when something does not fit, which is reported. */
export function resolveComparison(node: ComparisonNode, text: string, report: Report): Comparison | null {
  const field = resolveField(node.field, report);
  if (field === null) return null;
  const test = field.kind === "number" ? numberTest(node, field.name, report) : textTest(node, field, report);
  if (test === null) return null;
  const turned = node.operator === "!=" || node.operator === "!~";
  return { kind: "comparison", field, test, negated: node.negated !== turned, text };
}

function textTest(node: ComparisonNode, field: FieldRef, report: Report): Test | null {
  const values = node.values.map((value) => value.text);
  const [value = ""] = values;
  switch (node.operator) {
    case "=":
    case "!=":
    case "in":
      return { op: "in", values: [...new Set(values)] };
    case "contains":
      return { op: "contains", value };
    case "like":
      return { op: "like", pattern: value };
    case "=~":
    case "!~":
      return { op: "matches", pattern: value };
    case "exists":
      return { op: "exists" };
    case "<":
    case "<=":
    case ">":
    case ">=":
      break;
  }
  report({
    code: "E202",
    message: `\`${fieldText(field)}\` is text, and \`${node.operator}\` compares numbers and durations only`,
    help: "`count` and `age` are the fields that can be ordered",
    ...node.operatorSpan,
  });
  return null;
}

function numberTest(node: ComparisonNode, name: "count" | "age", report: Report): Test | null {
  const { operator } = node;
  if (
    operator === "contains" ||
    operator === "like" ||
    operator === "=~" ||
    operator === "!~" ||
    operator === "exists"
  ) {
    const help = operator === "exists" ? `every Event has \`${name}\`` : "use `=`, `!=`, `<`, `<=`, `>`, `>=` or `in`";
    report({
      code: "E202",
      message: `\`${name}\` is a ${name === "age" ? "duration" : "number"}, and \`${operator}\` is for text`,
      help,
      ...node.operatorSpan,
    });
    return null;
  }
  const read = name === "age" ? readAge : readCount;
  const values = node.values.map((value) => read(value, report));
  const numbers = values.filter((value) => value !== null);
  const [first] = numbers;
  if (first === undefined || numbers.length < values.length) return null;
  if (operator === "=" || operator === "!=" || operator === "in")
    return { op: "numberIn", values: [...new Set(numbers)] };
  return { op: operator, value: first };
}

function readCount(value: WordNode, report: Report): number | null {
  const number = Number(value.text);
  if (/^-?\d+(?:\.\d+)?$/.test(value.text) && Math.abs(number) <= Number.MAX_SAFE_INTEGER) return number;
  report({
    code: "E202",
    message: `\`count\` is a number, and ${quote(value.text)} is none`,
    ...(parseDuration(value.text) === null
      ? {}
      : { help: '`age` is the field for durations; "5 in 3m" is `rate>=5/3m`' }),
    start: value.start,
    end: value.end,
  });
  return null;
}

function readAge(value: WordNode, report: Report): number | null {
  const ms = parseDuration(value.text);
  if (ms !== null) return ms;
  const suggestion = suggestDuration(value.text);
  report({
    code: "E202",
    message: `\`age\` is a duration, and ${quote(value.text)} is none`,
    help: "write one number and one unit: `500ms`, `30s`, `10m`, `2h`, `1d`",
    ...(suggestion === null ? {} : { suggestion }),
    start: value.start,
    end: value.end,
  });
  return null;
}
