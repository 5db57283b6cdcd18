import { styleText } from "node:util";

const BAR: Readonly<Record<string, "red" | "yellow" | "blue">> = { red: "red", orange: "yellow", blue: "blue" };

function at(tree: unknown, ...path: readonly (string | number)[]): unknown {
  let node = tree;
  for (const step of path) {
    if (typeof node !== "object" || node === null) return "";
    node = Object.getOwnPropertyDescriptor(node, step)?.value;
  }
  return node;
}

function textAt(tree: unknown, ...path: readonly (string | number)[]): string {
  const value = at(tree, ...path);
  return typeof value === "string" ? value : "";
}

/** What Feishu's client makes of the markdown on our cards: bold labels, and characters written as entities. */
function plain(markdown: string, bold: (text: string) => string): string {
  return markdown
    .replace(/\*\*(.+?)\*\*/g, (_all, label: string) => bold(label))
    .replace(/&#(\d+);/g, (_all, code: string) => String.fromCodePoint(Number(code)));
}

/** A card a bot took, as lines for a terminal. `colours` false gives the plain text. */
export function printCard(body: unknown, time: string, colours: boolean): string {
  const colour = BAR[textAt(body, "card", "header", "template")] ?? "blue";
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    colours ? styleText(style, text, { validateStream: false }) : text;
  const title = textAt(body, "card", "header", "title", "content") || textAt(body, "content", "text");
  const elements = at(body, "card", "elements");
  const lines = (Array.isArray(elements) ? elements : [])
    .map((element) => textAt(element, "text", "content"))
    .flatMap((markdown) => plain(markdown, (label) => paint("bold", label)).split("\n"));
  const bar = paint(colour, "┃");
  return [
    `${bar} ${paint([colour, "bold"], title)}  ${paint("dim", time)}`,
    ...lines.map((line) => `${bar} ${line}`),
    "",
  ].join("\n");
}
