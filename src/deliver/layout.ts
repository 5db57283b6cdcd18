import Handlebars from "handlebars";
import { type Dialect, cleanText, cutText, escapeFor } from "./escape.ts";
import type { LocalTime } from "./local-time.ts";
import { type LayoutProblem, checkTemplate } from "./template-check.ts";

/** A JSON tree whose string leaves are Handlebars templates. Keys and every other value stay as they are. */
export type LayoutTree =
  | string
  | number
  | boolean
  | null
  | readonly LayoutTree[]
  | { readonly [key: string]: LayoutTree };

/** Renders a layout's leaves. The answer is a fresh tree to serialise: no value of a view can break its JSON. */
export type Layout = (view: object) => unknown;

/** A layout that `checkLayout` finds fault with was compiled all the same. */
export class LayoutError extends Error {
  override readonly name = "LayoutError";
  readonly problems: readonly LayoutProblem[];
  constructor(problems: readonly LayoutProblem[]) {
    super(problems.map((one) => `${one.path}: ${one.message}`).join("; "));
    this.problems = problems;
  }
}

/** Text a helper has already made fit for where it goes. Only helpers make it, so no view can hold one. */
class Escaped {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Keys whose leaf is an address, whatever component it stands in (card JSON 1.0 and 2.0, 2026-11). */
const URL_KEYS: ReadonlySet<string> = new Set(["url", "href", "pc_url", "ios_url", "android_url"]);

const DIALECT_OF_TAG: Readonly<Record<string, Dialect>> = {
  plain_text: "plain",
  lark_md: "markdown",
  markdown: "markdown",
};

/** A leaf with the way to it and the dialect its values are escaped for. */
interface Leaf {
  readonly path: string;
  readonly dialect: Dialect;
  readonly isTag: boolean;
  readonly text: string;
}

/** Rebuilds a tree with each string leaf replaced. The nearest `tag` above a leaf says its dialect; none: `text`. */
function mapLeaves(tree: LayoutTree, change: (leaf: Leaf) => unknown, at: { path: string; dialect: Dialect }): unknown {
  if (typeof tree === "string") return change({ ...at, isTag: false, text: tree });
  if (typeof tree !== "object" || tree === null) return tree;
  if (isList(tree)) {
    return tree.map((one, index) => mapLeaves(one, change, { ...at, path: `${at.path}[${index}]` }));
  }
  const tag = tree["tag"];
  const dialect = typeof tag === "string" ? (DIALECT_OF_TAG[tag] ?? "text") : at.dialect;
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => {
      const path = at.path === "" ? key : `${at.path}.${key}`;
      if (key === "tag" && typeof value === "string") return [key, change({ path, dialect, isTag: true, text: value })];
      return [key, mapLeaves(value, change, { path, dialect: URL_KEYS.has(key) ? "url" : dialect })];
    }),
  );
}

function isList(tree: LayoutTree): tree is readonly LayoutTree[] {
  return Array.isArray(tree);
}

const ROOT = { path: "", dialect: "text" } as const satisfies { path: string; dialect: Dialect };

/**
 * Every fault of a layout that can be seen before an Event comes: syntax, unknown variables and helpers, partials.
 * `extraNames` are those that rules add with `with`.
 */
export function checkLayout(tree: LayoutTree, extraNames: readonly string[] = []): readonly LayoutProblem[] {
  const problems: LayoutProblem[] = [];
  mapLeaves(
    tree,
    ({ path, isTag, text }) => {
      if (isTag && text.includes("{{")) problems.push({ path, message: "a tag must not be a template" });
      else problems.push(...checkTemplate(text, path, extraNames));
    },
    ROOT,
  );
  return problems;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

/*
 * Rewrites each `{{x}}` and `{{{x}}}` into a call of `out`, which escapes for the leaf's dialect. So the escape is in
 * the compiled template, the triple stash has no way round it, and helpers still see the bare value.
 */
class EscapeEverything extends Handlebars.Visitor {
  override MustacheStatement(statement: hbs.AST.MustacheStatement): void {
    const { loc } = statement;
    const isCall = statement.params.length > 0 || statement.hash !== undefined;
    // A call as a value; its own `type` makes it one, whatever else the statement carries.
    const inner: hbs.AST.Expression = isCall ? { ...statement, type: "SubExpression" } : statement.path;
    const out: hbs.AST.PathExpression = {
      type: "PathExpression",
      data: false,
      depth: 0,
      parts: ["out"],
      original: "out",
      loc,
    };
    Object.assign(statement, { path: out, params: [inner], hash: undefined, escaped: false });
  }
}

function environment(dialect: Dialect, localTime: LocalTime): typeof Handlebars {
  const handlebars = Handlebars.create();
  handlebars.registerHelper({
    out: (value: unknown) => (value instanceof Escaped ? value.text : escapeFor(dialect, cleanText(textOf(value)))),
    /** Local time of an ISO 8601 or epoch ms value. */
    time: (value: unknown) => localTime.full(typeof value === "number" ? value : textOf(value)),
    /** The first value that is not empty. */
    default: (...values: unknown[]) => values.slice(0, -1).find((one) => textOf(one) !== "") ?? "",
    upper: (value: unknown) => textOf(value).toUpperCase(),
    lower: (value: unknown) => textOf(value).toLowerCase(),
    /** At most so many characters. */
    short: (value: unknown, length: unknown) => cutText(textOf(value), typeof length === "number" ? length : 80),
    eq: (a: unknown, b: unknown) => a === b,
    /** Percent-encoded, for a link written in markdown. */
    url: (value: unknown) => new Escaped(escapeFor("url", textOf(value))),
  });
  // Nothing of Handlebars' own that looks up by name at run time, or writes to the console.
  for (const name of ["lookup", "log", "helperMissing", "blockHelperMissing"]) handlebars.unregisterHelper(name);
  return handlebars;
}

/** Options of a compiled template: data only, never what an object inherits. */
const RUNTIME = { allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false } as const;

function compile(text: string, dialect: Dialect, localTime: LocalTime): (view: object) => string {
  const handlebars = environment(dialect, localTime);
  const program = handlebars.parse(text);
  new EscapeEverything().accept(program);
  const template = handlebars.compile<object>(program, { noEscape: true, knownHelpersOnly: false });
  return (view) => template(view, RUNTIME);
}

/** Compiles a `with` value: text over the Event, escaped only where a layout uses it. Throws `LayoutError`. */
export function compileText(text: string, localTime: LocalTime): (view: object) => string {
  const problems = checkTemplate(text, "", []);
  if (problems.length > 0) throw new LayoutError(problems);
  return compile(text, "plain", localTime);
}

/**
 * Compiles every leaf once. Values are escaped for the dialect of their leaf: as they are under `plain_text`, for
 * markdown under `lark_md` and `markdown`, percent-encoded in addresses, and with mentions broken elsewhere. The
 * template's own text is trusted. Throws `LayoutError` for faults of syntax; unknown names render empty here, because
 * only the rules know what they add: `checkLayout` tells them.
 */
export function compileLayout(tree: LayoutTree, localTime: LocalTime): Layout {
  const renderers: ((view: object) => string)[] = [];
  const problems = checkLayout(tree).filter((one) => one.unknownName === undefined);
  if (problems.length > 0) throw new LayoutError(problems);
  mapLeaves(
    tree,
    ({ text, dialect }) => {
      renderers.push(text.includes("{{") ? compile(text, dialect, localTime) : () => text);
    },
    ROOT,
  );
  return (view) => {
    let next = 0;
    return mapLeaves(tree, () => renderers[next++]?.(view) ?? "", ROOT);
  };
}
