import { childOf, type SyntaxNode } from "./syntax.ts";

/** What to put for a stretch of the text. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** Edits that make one place of a program do something else. */
export type Mutator = (node: SyntaxNode, text: string) => readonly Edit[];

const COMPARISONS: Readonly<Record<string, readonly string[]>> = {
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "===": ["!=="],
  "!==": ["==="],
};
const ARITHMETIC: Readonly<Record<string, readonly string[]>> = {
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"],
  "<<": [">>"],
  ">>": ["<<"],
  ">>>": ["<<"],
  "&": ["|"],
  "|": ["&"],
  "^": ["&"],
};
const CONNECTIVES: Readonly<Record<string, readonly string[]>> = { "&&": ["||"], "||": ["&&"], "??": ["&&"] };
const ASSIGNMENTS: Readonly<Record<string, readonly string[]>> = {
  "+=": ["-="],
  "-=": ["+="],
  "*=": ["/="],
  "??=": ["&&="],
  "||=": ["&&="],
  "&&=": ["||="],
};

/** Methods that give back something like what they are called on. */
const REMOVABLE_METHODS: ReadonlySet<string> = new Set([
  "filter",
  "slice",
  "sort",
  "toSorted",
  "reverse",
  "toReversed",
  "concat",
  "flat",
  "trim",
  "trimEnd",
  "trimStart",
  "toLowerCase",
  "toUpperCase",
]);
const SWAPPED_METHODS: Readonly<Record<string, string>> = {
  some: "every",
  every: "some",
  find: "findLast",
  findLast: "find",
  findIndex: "findLastIndex",
  indexOf: "lastIndexOf",
  startsWith: "endsWith",
  endsWith: "startsWith",
  min: "max",
  max: "min",
  floor: "ceil",
  ceil: "floor",
  push: "unshift",
  shift: "pop",
};

/** Another operator between the two sides of a node. */
function swapOperator(replacements: Readonly<Record<string, readonly string[]>>): Mutator {
  return (node, text) => {
    const left = childOf(node, "left");
    const right = childOf(node, "right");
    const { operator } = node;
    if (left === null || right === null || typeof operator !== "string") return [];
    if (operator === "+" && (isTextual(left) || isTextual(right))) return [];
    const start = text.indexOf(operator, left.end);
    return (replacements[operator] ?? []).map((replacement) => ({ start, end: start + operator.length, replacement }));
  };
}

function isTextual(node: SyntaxNode): boolean {
  if (node.type === "BinaryExpression") {
    return [childOf(node, "left"), childOf(node, "right")].some((side) => side !== null && isTextual(side));
  }
  return node.type === "TemplateLiteral" || (node.type === "Literal" && typeof node["value"] === "string");
}

/** The condition turned round, unless its own operators are swapped anyway. */
const negate: Mutator = (node, text) => {
  const test = childOf(node, "test");
  if (test === null || test.type === "LogicalExpression" || test.type === "Literal") return [];
  if (test.type === "UnaryExpression" && test["operator"] === "!") return [];
  if (test.type === "BinaryExpression" && Object.hasOwn(COMPARISONS, String(test["operator"]))) return [];
  return [{ start: test.start, end: test.end, replacement: `!(${text.slice(test.start, test.end)})` }];
};

const dropSign: Mutator = (node, text) => {
  const argument = childOf(node, "argument");
  if (argument === null || (node["operator"] !== "!" && node["operator"] !== "-")) return [];
  return [{ start: node.start, end: node.end, replacement: `(${text.slice(argument.start, argument.end)})` }];
};

const turnStep: Mutator = (node, text) => {
  const whole = text.slice(node.start, node.end);
  const turned = whole.includes("++") ? whole.replace("++", "--") : whole.replace("--", "++");
  return [{ start: node.start, end: node.end, replacement: turned }];
};

/** Small numbers one up, larger ones twice as large: one more of a thousand makes no difference that a test should see. */
const changeLiteral: Mutator = ({ start, end, value, raw }) => {
  const put = (replacement: string): readonly Edit[] => [{ start, end, replacement }];
  if (typeof value === "boolean") return put(String(!value));
  if (typeof value === "string") return put(value === "" ? '"mutated"' : '""');
  if (typeof value === "number") return put(String(Math.abs(value) < 10 ? value + 1 : value * 2));
  return typeof value === "bigint" ? put(`(${String(raw)} + 1n)`) : [];
};

const emptyText: Mutator = ({ start, end }) => [{ start, end, replacement: '""' }];

const emptyList: Mutator = ({ start, end, elements }) =>
  Array.isArray(elements) && elements.length > 0 ? [{ start, end, replacement: "[]" }] : [];

const removeStatement: Mutator = ({ start, end }) => [{ start, end, replacement: ";" }];

const CONSTANTS: ReadonlySet<string> = new Set(["Literal", "ArrayExpression", "TemplateLiteral", "BlockStatement"]);

/** Nothing for what is answered; constants are changed where they stand. */
const answerNothing: Mutator = (node, text) => {
  const answer = childOf(node, node.type === "ReturnStatement" ? "argument" : "body");
  if (answer === null || CONSTANTS.has(answer.type)) return [];
  if (text.slice(answer.start, answer.end) === "undefined") return [];
  return [{ start: answer.start, end: answer.end, replacement: "null" }];
};

const changeMethod: Mutator = (node, text) => {
  const callee = childOf(node, "callee");
  const object = callee === null ? null : childOf(callee, "object");
  const property = callee === null ? null : childOf(callee, "property");
  if (callee?.type !== "MemberExpression" || object === null || property?.type !== "Identifier") return [];
  const name = text.slice(property.start, property.end);
  const other = SWAPPED_METHODS[name];
  return [
    ...(REMOVABLE_METHODS.has(name)
      ? [{ start: node.start, end: node.end, replacement: text.slice(node.start, object.end) }]
      : []),
    ...(other === undefined ? [] : [{ start: property.start, end: property.end, replacement: other }]),
  ];
};

/** What can be done to each type of node. */
export const MUTATORS: ReadonlyMap<string, readonly Mutator[]> = new Map<string, readonly Mutator[]>([
  ["BinaryExpression", [swapOperator(COMPARISONS), swapOperator(ARITHMETIC)]],
  ["LogicalExpression", [swapOperator(CONNECTIVES)]],
  ["AssignmentExpression", [swapOperator(ASSIGNMENTS)]],
  ["UnaryExpression", [dropSign]],
  ["UpdateExpression", [turnStep]],
  ["IfStatement", [negate]],
  ["WhileStatement", [negate]],
  ["DoWhileStatement", [negate]],
  ["ForStatement", [negate]],
  ["ConditionalExpression", [negate]],
  ["Literal", [changeLiteral]],
  ["TemplateLiteral", [emptyText]],
  ["ArrayExpression", [emptyList]],
  ["ExpressionStatement", [removeStatement]],
  ["ThrowStatement", [removeStatement]],
  ["BreakStatement", [removeStatement]],
  ["ContinueStatement", [removeStatement]],
  ["ReturnStatement", [answerNothing]],
  ["ArrowFunctionExpression", [answerNothing]],
  ["CallExpression", [changeMethod]],
]);
