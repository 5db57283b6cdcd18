import { indexLines, type Position } from "../../src/text-position.ts";
import { MUTATORS, type Edit } from "./mutators.ts";
import { childOf, isTypeScript, parseTypeScript, runningChildren, type SyntaxNode } from "./syntax.ts";

/** A source with one small mistake put in. */
export interface Mutant {
  /** From the root of the repository. */
  readonly path: string;
  readonly place: Position;
  readonly original: string;
  readonly replacement: string;
  /** The whole text with the mistake. */
  readonly text: string;
}

/**
 * All mutants of one file, in the order of the text. What is only read by people is left alone: what a logger is told,
 * and the texts of errors.
 */
export function findMutants(path: string, text: string): readonly Mutant[] {
  const edits = new Map<string, Edit>();
  const visit = (node: SyntaxNode): void => {
    if (isForPeople(node, text)) return;
    for (const mutate of MUTATORS.get(node.type) ?? []) {
      for (const edit of mutate(node, text)) edits.set(`${edit.start} ${edit.end} ${edit.replacement}`, edit);
    }
    for (const child of runningChildren(node)) visit(child);
  };
  visit(parseTypeScript(text));
  const lines = indexLines(text);
  return [...edits.values()]
    .toSorted((a, b) => a.start - b.start || a.end - b.end)
    .map(({ start, end, replacement }) => ({
      path,
      place: lines.positionAt(start),
      original: text.slice(start, end),
      replacement,
      text: text.slice(0, start) + replacement + text.slice(end),
    }))
    .filter((mutant) => isTypeScript(mutant.text));
}

/** A call of a logger, or an error made; a directive such as `"use strict"` is for machines and does nothing either. */
function isForPeople(node: SyntaxNode, text: string): boolean {
  if (typeof node["directive"] === "string") return true;
  let expression = node.type === "ExpressionStatement" ? childOf(node, "expression") : node;
  if (expression?.type === "ChainExpression") expression = childOf(expression, "expression");
  const callee = expression === null ? null : childOf(expression, "callee");
  if (callee === null) return false;
  const called = text.slice(callee.start, callee.end);
  return /\blogger\??\.\w+$/.test(called) || (expression?.type === "NewExpression" && called.endsWith("Error"));
}
