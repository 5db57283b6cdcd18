import Handlebars from "handlebars";
import { type Place, checkPlaces } from "./markup.ts";
import { VIEW_NAMES } from "./view.ts";

/** One fault of a template. */
export interface LayoutProblem {
  /** The way to the leaf, `card.elements[0].text.content`; empty for a text that is no layout. */
  readonly path: string;
  /** Lower case, no full stop. Holds nothing of the template: there may be a secret in it. */
  readonly message: string;
  /** The variable that is unknown unless a rule gives it, where that is the fault. */
  readonly unknownName?: string;
  /** The helper, block or `@` variable that is unknown whatever rules say, where that is the fault. */
  readonly unknownWord?: string;
}

/** Helpers of templates, with the fewest and most arguments each takes. */
const HELPERS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ["time", [1, 1]],
  ["default", [2, 9]],
  ["upper", [1, 1]],
  ["lower", [1, 1]],
  ["short", [1, 2]],
  ["eq", [2, 2]],
  ["url", [1, 1]],
  ["if", [1, 1]],
  ["unless", [1, 1]],
  ["with", [1, 1]],
  ["each", [1, 1]],
]);

/** Words that templates may call. */
export const HELPER_NAMES: readonly string[] = [...HELPERS.keys()];
const BLOCKS: ReadonlySet<string> = new Set(["if", "unless", "with", "each"]);
/** Names below `held`. */
const HELD_NAMES: ReadonlySet<string> = new Set(["count", "since"]);
const LOOP_NAMES: ReadonlySet<string> = new Set(["index", "key", "first", "last"]);

/** What a call or variable is called; empty for a literal. */
function nameOf(path: hbs.AST.Expression): string {
  return "original" in path && typeof path.original === "string" && path.type === "PathExpression" ? path.original : "";
}

class Checker extends Handlebars.Visitor {
  readonly problems: LayoutProblem[] = [];
  readonly path: string;
  readonly known: ReadonlySet<string>;

  constructor(path: string, extraNames: readonly string[]) {
    super();
    this.path = path;
    this.known = new Set<string>([...VIEW_NAMES, ...extraNames]);
  }

  #report(message: string, unknown: Pick<LayoutProblem, "unknownName" | "unknownWord"> = {}): void {
    this.problems.push({ path: this.path, message, ...unknown });
  }

  #call(name: string, count: number): void {
    const range = HELPERS.get(name);
    if (range === undefined) return this.#report("unknown helper", { unknownWord: name });
    if (count < range[0] || count > range[1]) this.#report(`wrong number of arguments of \`${name}\``);
  }

  #expression(node: hbs.AST.MustacheStatement | hbs.AST.SubExpression): void {
    const name = nameOf(node.path);
    const isCall = node.params.length > 0 || (node.hash?.pairs.length ?? 0) > 0 || node.type === "SubExpression";
    if (isCall || HELPERS.has(name)) {
      if (BLOCKS.has(name)) this.#report(`\`${name}\` needs a block: {{#${name} …}}`);
      else this.#call(name, node.params.length);
      if (HELPERS.has(name) && (node.hash?.pairs.length ?? 0) > 0) {
        this.#report(`\`${name}\` takes no named arguments`);
      }
    } else this.accept(node.path);
    this.acceptArray(node.params);
  }

  override MustacheStatement(node: hbs.AST.MustacheStatement): void {
    this.#expression(node);
  }

  override SubExpression(node: hbs.AST.SubExpression): void {
    this.#expression(node);
  }

  override BlockStatement(node: hbs.AST.BlockStatement): void {
    const name = nameOf(node.path);
    if (BLOCKS.has(name)) this.#call(name, node.params.length);
    else this.#report("unknown block", { unknownWord: name });
    if ((node.program.blockParams ?? []).length > 0) this.#report("block parameters are not supported");
    this.acceptArray(node.params);
    this.accept(node.program);
    // Handlebars leaves `inverse` out when there is no else, whatever its types say.
    const inverse: hbs.AST.Program | undefined = node.inverse;
    if (inverse !== undefined) this.accept(inverse);
  }

  override PathExpression(node: hbs.AST.PathExpression): void {
    const [name, ...rest] = node.parts;
    if (node.data) {
      if (name === undefined || !LOOP_NAMES.has(name) || rest.length > 0)
        this.#report("unknown variable", { unknownWord: node.original });
      return;
    }
    if (name === undefined) return;
    // Inside `with held` the names are those below it.
    const known = this.known.has(name) || HELD_NAMES.has(name);
    const below = rest.length === 0 || (name === "held" && rest.length === 1 && HELD_NAMES.has(rest[0] ?? ""));
    if (!known || !below) this.#report("unknown variable", { unknownName: node.original });
  }

  override PartialStatement(): void {
    this.#report("partials are not supported");
  }

  override PartialBlockStatement(): void {
    this.#report("partials are not supported");
  }

  override Decorator(): void {
    this.#report("decorators are not supported");
  }

  override DecoratorBlock(): void {
    this.#report("decorators are not supported");
  }
}

/** Handlebars' own words quote the text, and draw a picture of it. */
function syntaxMessage({ message }: Error): string {
  if (/Expecting .*, got '\w+'/.test(message)) return "the braces of this template do not fit together";
  return message.includes("doesn't match") ? "a block of this template ends under another name" : "bad template";
}

export interface TemplateOptions {
  /** The way to the leaf, for the problems. */
  readonly path: string;
  /** Known beside the names of a view. */
  readonly extraNames: readonly string[];
  /** Where in the receiver's markup the text begins; null: it has none. */
  readonly place: Place | null;
}

/** Every fault of one template's text. */
export function checkTemplate(text: string, { path, extraNames, place }: TemplateOptions): readonly LayoutProblem[] {
  if (!text.includes("{{")) return [];
  let program: hbs.AST.Program;
  try {
    program = Handlebars.parse(text);
  } catch (error) {
    // Handlebars throws its own class and, from its lexer, plain errors; both only about the text.
    if (!(error instanceof Error)) throw error;
    return [{ path, message: syntaxMessage(error) }];
  }
  const checker = new Checker(path, extraNames);
  checker.accept(program);
  if (place === null) return checker.problems;
  return [...checker.problems, ...checkPlaces(program, place).map((message) => ({ path, message }))];
}
