import type { ComparisonNode, ConditionNode, Span } from "../../grammar/ast.ts";
import type { Comparison, Condition } from "../model/rule.ts";
import type { Guess } from "../suggest.ts";
import { resolveComparison } from "./comparison.ts";
import { findField } from "./fields.ts";
import type { Report } from "./finding.ts";

/**
 * Comparisons a condition may hold once its lets are expanded, and nesting likewise. A few lets that double each
 * other would else write a condition larger than memory.
 */
const MAX_COMPARISONS = 4096;
const MAX_DEPTH = 256;

/** A condition with its lets expanded, and how large that made it. */
export interface Resolved {
  readonly condition: Condition;
  readonly comparisons: number;
  /** Of its comparisons as they are written. */
  readonly characters: number;
  readonly depth: number;
}

/** A comparison as it stands in the text beside what it means. */
export interface ResolvedComparison {
  readonly node: ComparisonNode;
  readonly comparison: Comparison;
}

/** The lets defined so far. One that has a mistake is there with null, so that its uses are not reported too. */
type Lets = ReadonlyMap<string, Resolved | null>;

interface Surroundings {
  readonly lets: Lets;
  readonly text: string;
  readonly report: Report;
  readonly comparisons: ResolvedComparison[];
  /** For the names of lets. */
  readonly guess: Guess;
}

/**
 * Resolves a condition as far as it goes: every mistake in it is reported, and every sound comparison is put into
 * `comparisons`. Null when any part has a mistake.
 */
export function resolveCondition(node: ConditionNode, surroundings: Surroundings): Resolved | null {
  const resolved = resolvePart(node, surroundings);
  if (resolved === null) return null;
  if (resolved.comparisons <= MAX_COMPARISONS && resolved.depth <= MAX_DEPTH) return resolved;
  const limit = resolved.depth > MAX_DEPTH ? `nests ${MAX_DEPTH} deep` : `holds ${MAX_COMPARISONS} comparisons`;
  surroundings.report({
    code: "E110",
    message: `with its lets expanded, a condition ${limit} at most`,
    start: node.start,
    end: node.end,
  });
  return null;
}

function resolvePart(node: ConditionNode, surroundings: Surroundings): Resolved | null {
  switch (node.kind) {
    case "comparison": {
      const text = surroundings.text.slice(node.start, node.end).replaceAll(/\s+/g, " ");
      const comparison = resolveComparison(node, text, surroundings.report);
      if (comparison === null) return null;
      surroundings.comparisons.push({ node, comparison });
      return { condition: comparison, comparisons: 1, characters: text.length, depth: 1 };
    }
    case "reference":
      return resolveReference(node.name, node, surroundings);
    case "group":
      return resolvePart(node.part, surroundings);
    case "not": {
      const part = resolvePart(node.part, surroundings);
      return part && { ...part, condition: { kind: "not", part: part.condition }, depth: part.depth + 1 };
    }
    case "and":
    case "or":
      break;
  }
  return resolveParts(node.kind, node.parts, surroundings);
}

function resolveParts(
  kind: "and" | "or",
  nodes: readonly ConditionNode[],
  surroundings: Surroundings,
): Resolved | null {
  const all = nodes.map((node) => resolvePart(node, surroundings));
  const parts = all.filter((part) => part !== null);
  if (parts.length < all.length) return null;
  return {
    condition: { kind, parts: parts.map((part) => part.condition) },
    comparisons: parts.reduce((sum, part) => sum + part.comparisons, 0),
    characters: parts.reduce((sum, part) => sum + part.characters, 0),
    // Not `Math.max(...)`: there may be more parts than a call takes arguments.
    depth: 1 + parts.reduce((most, part) => Math.max(most, part.depth), 0),
  };
}

function resolveReference(name: string, span: Span, { lets, report, guess }: Surroundings): Resolved | null {
  const known = lets.get(name);
  if (known !== undefined) return known;
  const { start, end } = span;
  if (findField(name, null) !== null) {
    report({
      code: "E103",
      message: `a comparison is missing after the field \`${name}\``,
      help: "write `=` and a value, or `exists`",
      start,
      end,
    });
    return null;
  }
  const [field = "", value] = name.split(":", 2);
  if (value !== undefined && findField(field, null) !== null) {
    report({ code: "E105", message: "`:` is written `=` here", suggestion: `${field}=${value}`, start, end });
    return null;
  }
  const suggestion = guess(name, lets.keys());
  report({
    code: "E205",
    message: `unknown let \`${name}\``,
    help: "a let is defined above its first use; a field needs an operator and a value",
    ...(suggestion === null ? {} : { suggestion }),
    start,
    end,
  });
  return null;
}
