import { RE2JS, RE2JSException } from "re2js";
import type { WordNode } from "../../../grammar/ast.ts";
import { quote } from "../../../grammar/text.ts";
import type { Check } from "../check.ts";
import type { ResolvedComparison } from "../condition.ts";
import type { Finding } from "../finding.ts";
import { isPlainPattern } from "../plain-pattern.ts";

/** How many different patterns a set may have; `loadRules` reports the one that is too many. */
export const MAX_PATTERNS = 2000;
/** Longest pattern, in characters. */
const MAX_PATTERN_LENGTH = 1024;

/** Fields of which people who know Prometheus expect a pattern to fit the whole. */
const ONE_WORD: ReadonlySet<string> = new Set(["type", "reason", "kind", "namespace"]);

/**
 * E203, E401, W421, W422, W424: regular expressions that do not compile, are too long, or say less or more than they seem to.
 *
 * One check serves one rule set: compiling costs a quarter of a millisecond, so each pattern is compiled once.
 */
export function createPatterns(): Check {
  const sound = new Set<string>();
  return ({ comparisons }) => comparisons.flatMap((resolved) => checkPattern(resolved, sound));
}

function checkPattern(
  { node, comparison: { field, test } }: ResolvedComparison,
  sound: Set<string>,
): readonly Finding[] {
  const [value] = node.values;
  if (value === undefined || (test.op !== "matches" && test.op !== "like")) return [];
  const { start, end } = value;
  if (characters(test.pattern) > MAX_PATTERN_LENGTH) {
    return [{ code: "E401", message: `a pattern has ${MAX_PATTERN_LENGTH} characters at most`, start, end }];
  }
  // Of a set with too many nothing more need be known, and compiling is the slowest thing that rules ask for.
  if (test.op === "like" || sound.size > MAX_PATTERNS) return [];
  const broken = sound.has(test.pattern) ? null : compileError(test.pattern, value);
  if (broken !== null) return [broken];
  sound.add(test.pattern);
  const turned = node.operator === "!~";
  const negation = turned === node.negated ? "" : "not ";
  if (test.pattern !== "" && !/[\\^$.|?*+()[\]{}]/.test(test.pattern)) {
    const suggestion = `${negation}contains ${quote(test.pattern)}`;
    return [
      {
        code: "W421",
        message: "this pattern has nothing of a pattern: `contains` does the same",
        suggestion,
        start: node.operatorSpan.start,
        end,
      },
    ];
  }
  const bare = test.pattern.replace(/^(?:\.\*)+/, "").replace(/(?<!\\)(?:\.\*)+$/, "");
  // In an alternative the `.*` belongs to one branch, and taking it away might not leave the same.
  if (bare !== test.pattern && bare !== "" && !/[|\\]/.test(test.pattern)) {
    return [
      {
        code: "W422",
        message: "a pattern is found anywhere, so `.*` at its ends does nothing",
        suggestion: rewrite(value, bare),
        start,
        end,
      },
    ];
  }
  const word = field.kind === "text" && ONE_WORD.has(field.name) ? field.name : null;
  if (word !== null && test.pattern !== "" && !/[\^$]|\\[AzbB]/.test(test.pattern)) {
    return [
      {
        code: "W424",
        message: `a pattern is found anywhere in the ${word}, so this one fits longer ones too`,
        help: "`^` and `$` around it make it fit the whole",
        start,
        end,
      },
    ];
  }
  return [];
}

/** Code points, as all our columns count. */
function characters(text: string): number {
  return Array.from(text).length;
}

function rewrite(value: WordNode, pattern: string): string {
  return value.quoted && !pattern.includes("'") ? `'${pattern}'` : quote(pattern);
}

/** What is wrong with a pattern, at the very place where the text shows it. */
function compileError(pattern: string, { start, end, quoted, text }: WordNode): Finding | null {
  if (isPlainPattern(pattern)) return null;
  try {
    RE2JS.compile(pattern);
    return null;
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const fragment = /`([\s\S]+)`$/.exec(error.message)?.[1] ?? "";
    const offset = fragment === "" ? -1 : pattern.indexOf(fragment);
    const where = offset < 0 ? "" : ` at character ${characters(pattern.slice(0, offset)) + 1} of the pattern`;
    // Only a text without escapes has its characters where they are in the pattern.
    const literal = quoted ? end - start - 2 === text.length : end - start === text.length;
    const from = start + (quoted ? 1 : 0) + offset;
    const span = offset >= 0 && literal ? { start: from, end: from + fragment.length } : { start, end };
    return {
      code: "E203",
      message: `not a valid pattern${where}: ${error.message.replace(/^error parsing regexp: /, "")}`,
      help: "patterns are RE2: no look-around and no back-references",
      ...span,
    };
  }
}
