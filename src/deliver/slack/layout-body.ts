import { escapeMrkdwn } from "./dialect.ts";
import { BUTTON_LENGTH, FIELD_LENGTH, HEADER_LENGTH, TEXT_LENGTH, cutCounted } from "./limits.ts";
import { QUIET } from "./message.ts";

type Tree = Readonly<Record<string, unknown>>;

/** Of texts in what has these types. */
const LENGTHS: ReadonlyMap<unknown, number> = new Map([
  ["header", HEADER_LENGTH],
  ["context", FIELD_LENGTH],
  ["button", BUTTON_LENGTH],
]);

/** Shown for a text that came out blank, which Slack would refuse. */
const NOTHING = "–";

/**
 * Makes a rendered layout a whole body: blocks alone get their wrapper, a body without `text` the first text of its
 * blocks, and texts that a value made too long or blank are mended.
 */
export function layoutBody(layout: unknown): unknown {
  const tree = Array.isArray(layout) ? { blocks: layout as unknown[] } : layout;
  if (!isTree(tree)) return layout;
  const { blocks } = tree;
  if (!Array.isArray(blocks)) return { ...QUIET, ...tree };
  const fitted = blocks.map((block: unknown) => fitTexts(block, TEXT_LENGTH));
  const text = typeof tree["text"] === "string" ? tree["text"] : firstText(fitted);
  return { ...QUIET, ...tree, ...(text === null ? {} : { text }), blocks: fitted };
}

function fitTexts(node: unknown, most: number): unknown {
  if (Array.isArray(node)) return node.map((one: unknown) => fitTexts(one, most));
  if (!isTree(node)) return node;
  const { type, text } = node;
  if ((type === "plain_text" || type === "mrkdwn") && typeof text === "string") {
    return { ...node, text: type === "mrkdwn" ? cutMarkup(text, most) : cutCounted(text, most).trim() || NOTHING };
  }
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      fitTexts(value, key === "fields" ? FIELD_LENGTH : (LENGTHS.get(type) ?? most)),
    ]),
  );
}

/** Cuts text that is escaped already, and leaves no half an entity or half a character. */
function cutMarkup(text: string, most: number): string {
  if (text.length <= most) return text.trim() || NOTHING;
  return `${text.slice(0, most - 1).replace(/[\u{D800}-\u{DBFF}]$|&[a-z]{0,3}$/u, "")}…`;
}

function firstText(node: unknown): string | null {
  if (Array.isArray(node)) {
    for (const one of node as unknown[]) {
      const text = firstText(one);
      if (text !== null) return text;
    }
    return null;
  }
  if (!isTree(node)) return null;
  const { type, text } = node;
  if (type === "plain_text" && typeof text === "string") return escapeMrkdwn(text);
  if (type === "mrkdwn" && typeof text === "string") return text;
  return firstText(Object.values(node));
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
