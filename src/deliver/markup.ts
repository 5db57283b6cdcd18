import { OWN_NAMES } from "./view.ts";

/**
 * Where a value of a template stands: in text, inside `<…>`, in an address, or where somebody or something is named.
 * Only text is escaped so that whatever stands in it does nothing.
 */
export type Place = "text" | "tag" | "link" | "address" | "name";

/** A place, and the template's own text since it began, a value being one letter of it. */
interface Position {
  readonly place: Place;
  readonly before: string;
}

/** A scheme and a host that nothing of an Event can change any more. */
const OWN_HOST = /^\s*["']?https?:\/\/[^/?#\s]+[/?#]/i;
const VALUE = "v";

const IN_ADDRESS =
  "an address takes text of an Event only as `{{url …}}` behind a host of your own, as in https://example.com/{{url name}}";
const SENTENCES: Readonly<Record<Exclude<Place, "text">, string>> = {
  tag: "no text of an Event may stand inside `<…>`",
  link: IN_ADDRESS,
  address: IN_ADDRESS,
  name: "this names somebody or something, so no text of an Event may stand in it",
};

/**
 * A sentence for each value that can bring text of an Event into a place that is no text. Values of the configuration,
 * such as `cluster`, may stand anywhere.
 */
export function checkPlaces(program: hbs.AST.Program, place: Place): readonly string[] {
  const faults: string[] = [];

  const output = (node: hbs.AST.MustacheStatement, at: Position): Position => {
    if (at.place === "text") return { place: "text", before: "" };
    const encoded = at.place !== "name" && nameOf(node.path) === "url" && OWN_HOST.test(at.before);
    const isOwn = node.params.length > 0 ? node.params.every(isOwnValue) : isOwnValue(node.path);
    if (!encoded && !isOwn) faults.push(SENTENCES[at.place]);
    return { place: at.place, before: at.before + VALUE };
  };

  const walk = (nodes: readonly hbs.AST.Statement[], from: Position): Position =>
    nodes.reduce((at, node) => {
      if (isContent(node)) return advance(at, node.value);
      if (isMustache(node)) return output(node, at);
      if (!isBlock(node)) return at;
      // Handlebars leaves `inverse` out when there is no else, whatever its types say.
      const inverse: hbs.AST.Program | undefined = node.inverse;
      const taken = walk(node.program.body, at);
      const left = inverse === undefined ? at : walk(inverse.body, at);
      return stricter(taken, left);
    }, from);

  walk(program.body, { place, before: "" });
  return faults;
}

/** Of two places one of which what follows stands in, the one that lets less in. */
function stricter(a: Position, b: Position): Position {
  if (a.place === "text" || b.place === "text") return a.place === "text" ? b : a;
  return OWN_HOST.test(a.before) ? b : a;
}

/** Follows the template's own text through the signs that begin and end places. */
function advance(from: Position, text: string): Position {
  let { place, before } = from;
  for (const character of text) {
    if (place === "text") {
      if (character === "<") [place, before] = ["tag", ""];
      else if (character === "(" && before === "]") [place, before] = ["link", ""];
      else before = character;
    } else if (endsPlace(place, before, character)) [place, before] = ["text", ""];
    else before += character;
  }
  return { place, before };
}

function endsPlace(place: Place, before: string, character: string): boolean {
  if (place === "link") return character === ")";
  if (place !== "tag") return false;
  // Behind `<` a blank or a digit begins no tag; `<https://…|text>` is text from the bar on.
  if (before === "" && /[\s\d]/.test(character)) return true;
  return character === ">" || (character === "|" && OWN_HOST.test(before));
}

/** Whether nothing of an Event can be in a value. */
function isOwnValue(node: hbs.AST.Expression): boolean {
  if (isCall(node)) return node.params.every(isOwnValue);
  return node.type !== "PathExpression" || OWN_NAMES.has(nameOf(node));
}

function nameOf(path: hbs.AST.Expression): string {
  return "original" in path && typeof path.original === "string" ? path.original : "";
}

function isCall(node: hbs.AST.Expression): node is hbs.AST.SubExpression {
  return node.type === "SubExpression";
}

function isContent(node: hbs.AST.Statement): node is hbs.AST.ContentStatement {
  return node.type === "ContentStatement";
}

function isMustache(node: hbs.AST.Statement): node is hbs.AST.MustacheStatement {
  return node.type === "MustacheStatement";
}

function isBlock(node: hbs.AST.Statement): node is hbs.AST.BlockStatement {
  return node.type === "BlockStatement";
}
