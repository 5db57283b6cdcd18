import { cutText, escapeText } from "../escape.ts";

/** A text of this many characters fits the limit of 20,000 bytes whatever it holds. */
const MAX_TEXT_LENGTH = 4000;

/**
 * The body of a plain text to send in place of a card. There is no escape for mentions in a Feishu text, so each
 * `<` gets a zero-width space behind it, which breaks the tag and shows nothing.
 */
export function textBody(text: string): string {
  const short = cutText(text.toWellFormed(), MAX_TEXT_LENGTH);
  return JSON.stringify({ msg_type: "text", content: { text: escapeText(short) } });
}

/** Mentions of operators' templates, in cards and texts. Event text never holds one: it is escaped. */
const MENTION = /<at\s[^<>]*>(?:[^<>]*<\/at>)?|<person\s[^<>]*>(?:[^<>]*<\/person>)?/g;

function withoutMentions(node: unknown): unknown {
  if (typeof node === "string") return node.replaceAll(MENTION, "");
  if (Array.isArray(node)) return node.map(withoutMentions);
  if (typeof node !== "object" || node === null) return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, withoutMentions(value)]));
}

/**
 * The next plainer body after a refusal: first the same without mentions, when it is the mentions that were refused
 * and there are any, then `summary` as a text. Null when `body` is such a text already, so the ladder ends.
 */
export function plainerBody(body: string, summary: string, reason: string): string | null {
  if (reason === "mention_refused") {
    const bare = JSON.stringify(withoutMentions(JSON.parse(body)));
    if (bare !== body) return bare;
  }
  const plain = textBody(summary);
  return body === plain ? null : plain;
}
