import Handlebars from "handlebars";
import type { Dialect, LeafForm } from "./dialect.ts";
import { cleanText, cutText, escapeUrl } from "./escape.ts";
import type { LocalTime } from "./local-time.ts";
import type { Place } from "./markup.ts";
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

/** A leaf with the way to it, how its values are escaped, and where in the receiver's markup it begins. */
interface Leaf {
  readonly path: string;
  readonly form: LeafForm;
  readonly place: Place;
  readonly isTag: boolean;
  readonly text: string;
}

type Position = Pick<Leaf, "path" | "form" | "place">;

const ADDRESS: LeafForm = { escape: escapeUrl, markup: false };

/** Rebuilds a tree with each string leaf replaced. The nearest tag above a leaf says its form. */
function mapLeaves(tree: LayoutTree, dialect: Dialect, change: (leaf: Leaf) => unknown): unknown {
  const visit = (node: LayoutTree, at: Position): unknown => {
    if (typeof node === "string") return change({ ...at, isTag: false, text: node });
    if (typeof node !== "object" || node === null) return node;
    if (isList(node)) return node.map((one, index) => visit(one, { ...at, path: `${at.path}[${index}]` }));
    const form = formOf(node, dialect) ?? at.form;
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => {
        const path = at.path === "" ? key : `${at.path}.${key}`;
        const isTag = key === dialect.tagKey && typeof value === "string";
        if (isTag) return [key, change({ path, form, place: "text", isTag, text: value })];
        if (dialect.addressKeys.includes(key)) return [key, visit(value, { path, form: ADDRESS, place: "address" })];
        return [key, visit(value, { path, form, place: dialect.nameKeys.includes(key) ? "name" : "text" })];
      }),
    );
  };
  return visit(tree, { path: "", form: dialect.otherForm, place: "text" });
}

/** Looks at own keys alone: a tag may be called as what every object inherits. */
function formOf(node: { readonly [key: string]: LayoutTree }, { tagKey, forms, otherForm }: Dialect): LeafForm | null {
  const tag = Object.hasOwn(node, tagKey) ? node[tagKey] : undefined;
  if (typeof tag !== "string") return null;
  return (Object.hasOwn(forms, tag) ? forms[tag] : undefined) ?? otherForm;
}

function isList(tree: LayoutTree): tree is readonly LayoutTree[] {
  return Array.isArray(tree);
}

/**
 * Every fault of a layout that can be seen before an Event comes: syntax, unknown variables and helpers, partials, and
 * text of an Event in a place that is no text. `extraNames` are those that rules add with `with`.
 */
export function checkLayout(
  tree: LayoutTree,
  dialect: Dialect,
  extraNames: readonly string[] = [],
): readonly LayoutProblem[] {
  const problems: LayoutProblem[] = [];
  mapLeaves(tree, dialect, ({ path, form, place, isTag, text }) => {
    if (isTag && text.includes("{{")) problems.push({ path, message: "a tag must not be a template" });
    else
      problems.push(
        ...checkTemplate(text, { path, extraNames, place: form.markup || place !== "text" ? place : null }),
      );
  });
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

function environment({ escape }: LeafForm, localTime: LocalTime): typeof Handlebars {
  const handlebars = Handlebars.create();
  handlebars.registerHelper({
    out: (value: unknown) => (value instanceof Escaped ? value.text : escape(cleanText(textOf(value)))),
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
    url: (value: unknown) => new Escaped(escapeUrl(cleanText(textOf(value)))),
  });
  // Nothing of Handlebars' own that looks up by name at run time, or writes to the console.
  for (const name of ["lookup", "log", "helperMissing", "blockHelperMissing"]) handlebars.unregisterHelper(name);
  return handlebars;
}

/** Options of a compiled template: data only, never what an object inherits. */
const RUNTIME = { allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false } as const;

function compile(text: string, form: LeafForm, localTime: LocalTime): (view: object) => string {
  const handlebars = environment(form, localTime);
  const program = handlebars.parse(text);
  new EscapeEverything().accept(program);
  const template = handlebars.compile<object>(program, { noEscape: true, knownHelpersOnly: false });
  return (view) => template(view, RUNTIME);
}

const PLAIN: LeafForm = { escape: (text) => text, markup: false };

/** Compiles a `with` value: text over the Event, escaped only where a layout uses it. Throws `LayoutError`. */
export function compileText(text: string, localTime: LocalTime): (view: object) => string {
  const problems = checkText(text);
  if (problems.length > 0) throw new LayoutError(problems);
  return compile(text, PLAIN, localTime);
}

/** Every fault of a `with` value. */
export function checkText(text: string): readonly LayoutProblem[] {
  return checkTemplate(text, { path: "", extraNames: [], place: null });
}

/**
 * Compiles every leaf once. Values are escaped for the form of their leaf, and percent-encoded in addresses. The
 * template's own text is trusted. Throws `LayoutError` for what `checkLayout` finds but unknown names: those render
 * empty here, because only the rules know what they add.
 */
export function compileLayout(tree: LayoutTree, dialect: Dialect, localTime: LocalTime): Layout {
  const renderers: ((view: object) => string)[] = [];
  const problems = checkLayout(tree, dialect).filter((one) => one.unknownName === undefined);
  if (problems.length > 0) throw new LayoutError(problems);
  mapLeaves(tree, dialect, ({ text, form }) => {
    renderers.push(text.includes("{{") ? compile(text, form, localTime) : () => text);
  });
  return (view) => {
    let next = 0;
    return mapLeaves(tree, dialect, () => renderers[next++]?.(view) ?? "");
  };
}
