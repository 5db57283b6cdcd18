import { parseAst } from "vitest/node";

/** A node of the ESTree that TypeScript parses to; offsets count UTF-16 units. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** Throws for what is no TypeScript. */
export function parseTypeScript(text: string): SyntaxNode {
  const program: unknown = parseAst(text, { lang: "ts" });
  if (!isNode(program)) throw new Error("the parser gave no tree");
  return program;
}

export function isTypeScript(text: string): boolean {
  try {
    parseTypeScript(text);
    return true;
  } catch {
    // Whatever the parser says of it, it is no program.
    return false;
  }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && "start" in value && "end" in value;
}

/** One child of a node, null where there is none. */
export function childOf(node: SyntaxNode, field: string): SyntaxNode | null {
  const child = node[field];
  return isNode(child) ? child : null;
}

/** Children that run: no types, no names of properties, nothing of imports. */
export function runningChildren(node: SyntaxNode): readonly SyntaxNode[] {
  return Object.entries(node).flatMap(([field, value]) => {
    if (isName(node, field)) return [];
    const children: readonly unknown[] = Array.isArray(value) ? value : [value];
    return children.filter((child) => isNode(child)).filter((child) => runs(child));
  });
}

/** Whether a field is a name in the text, and no expression. */
function isName(node: SyntaxNode, field: string): boolean {
  if (field === "key") return node["computed"] !== true;
  return field === "property" && node.type === "MemberExpression" && node["computed"] !== true;
}

/** Wrappers of expressions that leave nothing behind when types are taken away. */
const TYPED_EXPRESSIONS: ReadonlySet<string> = new Set([
  "TSAsExpression",
  "TSNonNullExpression",
  "TSSatisfiesExpression",
]);
const IMPORTS: ReadonlySet<string> = new Set(["ImportDeclaration", "ImportExpression", "ExportAllDeclaration"]);

function runs({ type }: SyntaxNode): boolean {
  return (!type.startsWith("TS") || TYPED_EXPRESSIONS.has(type)) && !IMPORTS.has(type);
}
