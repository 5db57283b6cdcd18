import type { Dialect } from "../dialect.ts";

/*
 * Characters that mean something to Feishu's markdown: its own table of entities (rich-text component, JSON 1.0 and
 * 2.0, 2026-11), and `&` (or `&#60;` in a text would turn into a bracket), `|` (tables of 2.0) and `.` (lists).
 * `~` is 126 and not the table's `&sim;`, which is another character.
 */
const MARKDOWN = /[&<>~\-!*/\\[\]()#:+"'`$_|.]/g;

/**
 * Escapes clean text for `lark_md` and `markdown`: it shows as it is, and can make no mention, link, tag, table,
 * list, heading or code. Each escaped character costs 5 bytes, so cut before and measure after.
 */
export function escapeMarkdown(text: string): string {
  return (
    text
      .replaceAll(MARKDOWN, (character) => `&#${character.charCodeAt(0)};`)
      // A line of `=` would make a heading of the one above it (CommonMark 0.31, section 4.3).
      .replaceAll(/^( *)=/gm, "$1&#61;")
      // Four spaces at the start of a line would begin a code block in JSON 2.0.
      .replaceAll(/^ {4,}/gm, (spaces) => "&nbsp;".repeat(spaces.length))
  );
}

/** Feishu texts know no escape: a zero-width space behind each `<` breaks every tag and shows nothing. */
export function escapeText(text: string): string {
  return text.replaceAll("<", "<\u{200B}");
}

const asItIs = (text: string): string => text;
const isObject = (tree: unknown): tree is object => typeof tree === "object" && tree !== null && !Array.isArray(tree);

/** Feishu's custom bots. */
export const dialect: Dialect = {
  kind: "feishu",
  limits: {
    // A bot takes 20 KB, sign fields included (Feishu custom-bot guide, 2026-11), and the guide does not say whether K
    // is 1,000; the sign fields take 90.
    bytes: 18_000,
    lines: 50,
    // A bot allows 5 a second and 100 a minute (Feishu custom-bot guide, 2026-11). Under both, because attempts bunch
    // up on the way and a second signature (19021) is an attempt of its own.
    pace: [
      { attempts: 4, windowMs: 1000 },
      { attempts: 90, windowMs: 60_000 },
    ],
  },
  tagKey: "tag",
  forms: {
    plain_text: { escape: asItIs, markup: false },
    lark_md: { escape: escapeMarkdown, markup: true },
    markdown: { escape: escapeMarkdown, markup: true },
  },
  otherForm: { escape: escapeText, markup: true },
  // Card JSON 1.0 and 2.0, and the `a` of a post (2026-11).
  addressKeys: ["url", "href", "pc_url", "ios_url", "android_url", "default_url"],
  // `at` and `person` of posts and cards; images and icons.
  nameKeys: ["user_id", "open_id", "union_id", "id", "ids", "email", "image_key", "img_key", "token"],
  /** A whole body, or a card alone. */
  isLayout: (tree) =>
    isObject(tree) && ["msg_type", "elements", "header", "schema"].some((key) => Object.hasOwn(tree, key)),
};
