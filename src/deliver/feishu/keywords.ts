/**
 * A bot with keywords refuses a message that holds none of them (19024). It looks at texts, never at addresses
 * (Feishu custom-bot guide, 2026-11).
 */

/** A text with the keywords behind it, unless one of them is there already. */
export function withKeywords(text: string, keywords: readonly string[]): string {
  if (keywords.length === 0 || keywords.some((keyword) => text.includes(keyword))) return text;
  return `${text} ${keywords.join(" ")}`;
}

type Tree = Readonly<Record<string, unknown>>;

/**
 * A request body of any form with the keywords in it: in the header's title, else in an element of their own, else in
 * the text. They are put where text is plain, because escaped inside markdown they might not be found. A body without
 * any such place stays as it is.
 */
export function bodyWithKeywords(body: unknown, keywords: readonly string[]): unknown {
  const shown = shownTexts(body);
  if (!isTree(body) || keywords.length === 0) return body;
  if (keywords.some((keyword) => shown.some((text) => text.includes(keyword)))) return body;
  const { card, content } = body;
  if (isTree(card)) return { ...body, card: cardWithKeywords(card, keywords) };
  if (!isTree(content)) return body;
  const { text, post } = content;
  if (typeof text === "string") return { ...body, content: { ...content, text: withKeywords(text, keywords) } };
  if (!isTree(post)) return body;
  const titled = Object.entries(post).map(([language, one]): [string, unknown] => [
    language,
    isTree(one) ? { ...one, title: withKeywords(textOf(one["title"]), keywords).trim() } : one,
  ]);
  return { ...body, content: { ...content, post: Object.fromEntries(titled) } };
}

function cardWithKeywords(card: Tree, keywords: readonly string[]): Tree {
  const { header, body, elements } = card;
  const title = isTree(header) ? header["title"] : undefined;
  if (isTree(header) && isTree(title) && title["tag"] === "plain_text" && typeof title["content"] === "string") {
    const content = withKeywords(title["content"], keywords);
    return { ...card, header: { ...header, title: { ...title, content } } };
  }
  const element = { tag: "div", text: { tag: "plain_text", content: keywords.join(" ") } };
  if (isTree(body) && Array.isArray(body["elements"])) {
    return { ...card, body: { ...body, elements: [...(body["elements"] as unknown[]), element] } };
  }
  return { ...card, elements: [...(Array.isArray(elements) ? (elements as unknown[]) : []), element] };
}

function shownTexts(node: unknown, key = ""): readonly string[] {
  if (typeof node === "string") return ["text", "title", "content"].includes(key) ? [node] : [];
  if (Array.isArray(node)) return node.flatMap((one: unknown) => shownTexts(one, key));
  return isTree(node) ? Object.entries(node).flatMap(([name, value]) => shownTexts(value, name)) : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
