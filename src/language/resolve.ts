import type { ByNode, ClauseNode, RateNode, RuleNode, Span, StatementNode, WordNode } from "../../grammar/ast.ts";
import type { Condition, FieldRef, Rule, Severity, Statement, Threshold, Throttle } from "../model/rule.ts";
import { createGuess, nearest, type Guess } from "../suggest.ts";
import { resolveField } from "./comparison.ts";
import { resolveCondition, type Resolved, type ResolvedComparison } from "./condition.ts";
import { findField } from "./fields.ts";
import type { Report } from "./finding.ts";
import { fingerprint } from "./fingerprint.ts";

/** What the configuration offers. Null: not known, so not checked. */
export interface Known {
  readonly receivers: readonly string[] | null;
  readonly templates: readonly string[] | null;
}

/** Where a statement stands, for names and for telling it apart. */
interface StatementPlace {
  /** Base name of the file. */
  readonly file: string;
  readonly line: number;
  /** The whole file's text. */
  readonly text: string;
}

/** A statement with its names looked up, as far as they were right. */
export interface ResolvedStatement {
  readonly node: StatementNode;
  /** Null for a let, and for a statement with a mistake. */
  readonly statement: Statement | null;
  readonly condition: Condition | null;
  /** Those written in this very statement, not the ones its lets bring. */
  readonly comparisons: readonly ResolvedComparison[];
}

/** Resolves a rule set statement by statement, in order: lets and names reach across files. */
export interface Resolver {
  resolve(node: StatementNode, place: StatementPlace, report: Report): ResolvedStatement;
  /** Remembers a let whose text cannot be read, so that its uses are not reported as well. */
  defineBroken(name: string): void;
}

/**
 * What all conditions of a set may hold once their lets are expanded. Short statements that all use one long let would
 * else make a rule set that is larger than memory.
 */
const MAX_SET_COMPARISONS = 100_000;
const MAX_SET_CHARACTERS = 4 * 1024 * 1024;
/** Takes well under a second, and is a guess for every name in any set that people write. */
const MAX_GUESSED_CHARACTERS = 2_000_000;
/** A list of more names is no help. */
const MAX_OFFERED = 10;

const SEVERITIES: readonly Severity[] = ["critical", "warning", "info"];
const NOT_YET = ["for", "digest", "between", "resolve"] as const;
const DEFAULT_GROUP: readonly FieldRef[] = (["kind", "namespace", "name", "reason"] as const).map((name) => ({
  kind: "text",
  name,
}));

/** One resolver serves one rule set. */
export function createResolver(known: Known): Resolver {
  const lets = new Map<string, Resolved | null>();
  const names = new Map<string, string>();
  // No name an author gives holds a `:`, so these meet nobody else's.
  const unnamed = new Map<string, number>();
  const keys = new Map<string, number>();
  const guess = createGuess(MAX_GUESSED_CHARACTERS);
  const receivers = knownNames("receiver", known.receivers, guess);
  const templates = knownNames("template", known.templates, guess);
  let comparisonsInSet = 0;
  let charactersInSet = 0;

  const nameOf = (label: WordNode | null, place: StatementPlace, report: Report): string => {
    const here = `${place.file}:${place.line}`;
    if (label === null) {
      const copies = (unnamed.get(here) ?? 0) + 1;
      unnamed.set(here, copies);
      return copies === 1 ? here : `${here}.${copies}`;
    }
    const first = names.get(label.text);
    if (first !== undefined) {
      report({
        code: "E204",
        message: `\`${label.text}\` is already the name of the statement at ${first}`,
        start: label.start,
        end: label.end,
      });
    }
    names.set(label.text, here);
    return label.text;
  };

  const keyOf = (rule: Omit<Rule, "key">, named: boolean): string => {
    const { file: _file, line: _line, name, condition, ...meaning } = rule;
    const canonical = JSON.stringify([named ? name : null, meaning, withoutText(condition)]);
    const key = fingerprint(canonical);
    const copies = keys.get(key) ?? 0;
    keys.set(key, copies + 1);
    return copies === 0 ? key : `${key}-${copies + 1}`;
  };

  const defineLet = (name: WordNode, resolved: Resolved | null, report: Report): void => {
    const span = { start: name.start, end: name.end };
    if (findField(name.text, null) !== null || name.text === "label" || name.text === "annotation")
      report({ code: "E204", message: `\`${name.text}\` is the name of a field`, ...span });
    else if (lets.has(name.text))
      report({ code: "E204", message: `\`${name.text}\` is already the name of a let`, ...span });
    else lets.set(name.text, resolved);
  };

  /** False, and reported once, when the set has grown too large with this condition. */
  const isWithinSet = ({ comparisons, characters }: Resolved, span: Span, report: Report): boolean => {
    const wasWithin = comparisonsInSet <= MAX_SET_COMPARISONS && charactersInSet <= MAX_SET_CHARACTERS;
    comparisonsInSet += comparisons;
    charactersInSet += characters;
    if (comparisonsInSet <= MAX_SET_COMPARISONS && charactersInSet <= MAX_SET_CHARACTERS) return true;
    if (wasWithin) {
      report({
        code: "E111",
        message: "with its lets expanded, a rule set has 100,000 comparisons and 4 MiB of text at most",
        start: span.start,
        end: span.end,
      });
    }
    return false;
  };

  return {
    defineBroken(name) {
      if (!lets.has(name)) lets.set(name, null);
    },
    resolve(node, place, report) {
      let sound = true;
      const noted: Report = (finding) => {
        sound = false;
        report(finding);
      };
      const comparisons: ResolvedComparison[] = [];
      const resolved = resolveCondition(node.condition, { lets, text: place.text, report: noted, comparisons, guess });
      if (node.kind === "let") {
        defineLet(node.name, resolved, noted);
        return { node, statement: null, condition: resolved?.condition ?? null, comparisons };
      }
      const condition = resolved !== null && isWithinSet(resolved, node.condition, noted) ? resolved.condition : null;
      const name = nameOf(node.label, place, noted);
      const placed = { name, file: place.file, line: place.line };
      if (node.kind === "drop") {
        return {
          node,
          statement: sound && condition ? { kind: "drop", ...placed, condition } : null,
          condition,
          comparisons,
        };
      }
      const actions = resolveActions(node, { receivers, templates }, noted);
      if (!sound || condition === null) return { node, statement: null, condition, comparisons };
      const rule = { kind: "rule", ...placed, condition, ...actions } as const;
      return { node, statement: { ...rule, key: keyOf(rule, node.label !== null) }, condition, comparisons };
    },
  };
}

/** What a condition means, however it is written. */
function withoutText(condition: Condition): object {
  switch (condition.kind) {
    case "comparison": {
      const { kind, field, test, negated } = condition;
      return { kind, field, test, negated };
    }
    case "not":
      return { kind: "not", part: withoutText(condition.part) };
    case "and":
    case "or":
      return { kind: condition.kind, parts: condition.parts.map((part) => withoutText(part)) };
  }
}

type Actions = Omit<Rule, "kind" | "key" | "name" | "file" | "line" | "condition">;

/** Names of one kind that the configuration offers. */
interface KnownNames {
  /** Reports a name that is none of them. */
  check(name: WordNode, report: Report): void;
}

function knownNames(what: "receiver" | "template", names: readonly string[] | null, guess: Guess): KnownNames {
  const known = names === null ? null : new Set(names);
  const help = names === null ? "" : offered(what, names);
  return {
    check(name, report) {
      if (known === null || known.has(name.text)) return;
      const suggestion = guess(name.text, known);
      report({
        code: what === "receiver" ? "E501" : "E502",
        message: `unknown ${what} \`${name.text}\``,
        ...(suggestion === null ? { help } : { suggestion }),
        start: name.start,
        end: name.end,
      });
    },
  };
}

function offered(what: string, names: readonly string[]): string {
  if (names.length === 0) return `the configuration has no ${what}`;
  const first = names.slice(0, MAX_OFFERED).map((name) => `\`${name}\``);
  const more = names.length > MAX_OFFERED ? ` and ${names.length - MAX_OFFERED} more` : "";
  return `the configuration has ${first.join(", ")}${more}`;
}

function resolveActions(
  node: RuleNode,
  known: Readonly<Record<"receivers" | "templates", KnownNames>>,
  report: Report,
): Actions {
  for (const clause of node.clauses) {
    if (NOT_YET.some((kind) => kind === clause.kind)) {
      report({
        code: "E112",
        message: `\`${clause.kind}\` is not available yet`,
        start: clause.start,
        end: clause.end,
      });
    }
  }
  const rates = node.clauses.filter((clause) => clause.kind === "rate");
  const template = clauseOf(node, "using")?.name;
  if (template !== undefined) known.templates.check(template, report);
  for (const receiver of node.receivers) known.receivers.check(receiver, report);
  return {
    threshold: toThreshold(rates.find((rate) => rate.operator !== "<")),
    throttle: toThrottle(rates.find((rate) => rate.operator === "<")),
    by: resolveGroup(clauseOf(node, "by"), report),
    severity: resolveSeverity(clauseOf(node, "severity")?.name, report),
    template: template?.text ?? null,
    values: Object.fromEntries(
      (clauseOf(node, "with")?.values ?? []).map(({ name, value }) => [name.text, value.text]),
    ),
    receivers: [...new Set(node.receivers.map((name) => name.text))],
    stop: node.clauses.some((clause) => clause.kind === "stop"),
  };
}

/** The one clause of a kind; the grammar lets a rule take each once. */
function clauseOf<K extends ClauseNode["kind"]>(
  node: RuleNode,
  kind: K,
): (ClauseNode & { readonly kind: K }) | undefined {
  return node.clauses.find((clause): clause is ClauseNode & { readonly kind: K } => clause.kind === kind);
}

function toThreshold(rate: RateNode | undefined): Threshold | null {
  return rate === undefined
    ? null
    : { occurrences: rate.operator === ">" ? rate.count + 1 : rate.count, windowMs: rate.windowMs };
}

function toThrottle(rate: RateNode | undefined): Throttle | null {
  return rate === undefined ? null : { notifications: rate.count, windowMs: rate.windowMs };
}

function resolveGroup(by: ByNode | undefined, report: Report): readonly FieldRef[] {
  if (by === undefined) return DEFAULT_GROUP;
  const refs = new Map<string, FieldRef>();
  for (const field of by.fields) {
    const span = { start: field.start, end: field.end };
    if (field.name === "none" && field.key === null) {
      report({ code: "E119", message: "`by none` stands alone", ...span });
      continue;
    }
    const ref = resolveField(field, report);
    if (ref?.kind === "number") {
      report({
        code: "E202",
        message: `\`${ref.name}\` makes no group: its value changes with every occurrence`,
        ...span,
      });
    } else if (ref !== null) refs.set(JSON.stringify(ref), ref);
  }
  return [...refs.values()];
}

function resolveSeverity(name: WordNode | undefined, report: Report): Severity | null {
  if (name === undefined) return null;
  const severity = SEVERITIES.find((candidate) => candidate === name.text);
  if (severity !== undefined) return severity;
  const suggestion = nearest(name.text, SEVERITIES);
  report({
    code: "E206",
    message: `\`${name.text}\` is no severity: there are \`critical\`, \`warning\` and \`info\``,
    ...(suggestion === null ? {} : { suggestion }),
    start: name.start,
    end: name.end,
  });
  return null;
}
