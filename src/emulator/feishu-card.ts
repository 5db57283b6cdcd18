import { isObject } from "../model/json.ts";
/** A mention the clients would show and notify. */
export interface Mention {
  /** `all`, an `ou_…` id, or whatever else stands there. */
  readonly id: string;
}

/** What is wrong with a card, in Feishu's words and with its sub-code, or null; and whom it mentions. */
export interface CardReport {
  readonly fault: string | null;
  readonly mentions: readonly Mention[];
}

/*
 * Components and their tags, JSON 1.0 and 2.0 (card structure and component pages of open.feishu.cn, 2026-11).
 * 2.0 dropped `note` and `action`.
 */
const COMMON_TAGS = [
  "div",
  "markdown",
  "hr",
  "img",
  "column_set",
  "column",
  "button",
  "select_static",
  "multi_select_static",
  "overflow",
  "date_picker",
  "picker_time",
  "picker_datetime",
  "select_person",
  "input",
  "checker",
  "chart",
  "table",
  "form",
  "collapsible_panel",
  "interactive_container",
  "person",
  "person_list",
  "img_combination",
  "plain_text",
  "lark_md",
  "standard_icon",
  "custom_icon",
  "text_tag",
  "text",
];
const TAGS_1: ReadonlySet<string> = new Set([...COMMON_TAGS, "note", "action", "a", "at"]);
const TAGS_2: ReadonlySet<string> = new Set([...COMMON_TAGS, "select_img", "audio"]);

/** HTML tags a markdown text may hold (rich-text component, JSON 1.0 and 2.0, 2026-11). */
const HTML_1: ReadonlySet<string> = new Set(["at", "a", "font", "text_tag", "link", "person"]);
const HTML_2: ReadonlySet<string> = new Set([...HTML_1, "number_tag", "local_datetime", "br", "hr", "raw", "audio"]);

const TOP_KEYS_2: ReadonlySet<string> = new Set(["schema", "config", "header", "body", "card_link"]);
const CONFIG_KEYS_2: ReadonlySet<string> = new Set([
  "streaming_mode",
  "streaming_config",
  "summary",
  "locales",
  "enable_forward",
  "enable_forward_interaction",
  "update_multi",
  "width_mode",
  "use_custom_translation",
  "style",
]);
const TEMPLATES: ReadonlySet<string> = new Set(
  "blue wathet turquoise green yellow orange red carmine violet purple indigo grey default".split(" "),
);
const URL_KEYS: ReadonlySet<string> = new Set(["url", "href", "pc_url", "ios_url", "android_url"]);

/** Elements and components of a card, nested texts counted (measured on the live service by others, 2026-07). */
const MAX_NODES = 200;
const MAX_TABLES = 5;

type JsonObject = Readonly<Record<string, unknown>>;

function sub(code: number, message: string, value = ""): string {
  return `ErrCode: ${code}; ErrMsg: ${message}; ${value === "" ? "" : `ErrorValue: ${value}; `}`;
}

/** State of one walk through a card; the first fault wins. */
interface Walk {
  readonly schema2: boolean;
  readonly mentions: Mention[];
  nodes: number;
  tables: number;
  fault: string | null;
}

function blame(walk: Walk, fault: string): void {
  walk.fault ??= fault;
}

/** An HTML tag as a markdown text holds it: `<`, a name, attributes, `>`. */
const HTML_TAG = /<(\/?)([A-Za-z][A-Za-z0-9_-]*)((?:\s[^<>]*)?)\/?>/g;
const MARKDOWN_LINK = /\[[^\]]*\]\(([^)]*)\)/g;

function attribute(attributes: string, name: string): string | null {
  const found = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`).exec(attributes);
  return found === null ? null : (found[1] ?? found[2] ?? found[3] ?? "");
}

function checkMention(walk: Walk, attributes: string): void {
  if (attribute(attributes, "email") !== null) return blame(walk, sub(100290, "invalid at user", "email"));
  const id = attribute(attributes, "id") ?? attribute(attributes, "user_id") ?? attribute(attributes, "ids") ?? "";
  for (const one of id.split(",")) {
    walk.mentions.push({ id: one });
    if (one !== "all" && !/^(ou_[0-9a-f]{32}|[0-9a-z]{4,16})$/.test(one)) {
      blame(walk, "path: message->card; err_msg: invalid at user; err_type: validation; ");
    }
  }
}

function checkMarkdown(walk: Walk, text: string): void {
  const allowed = walk.schema2 ? HTML_2 : HTML_1;
  for (const [, closing, name = "", attributes = ""] of text.matchAll(HTML_TAG)) {
    const tag = name.toLowerCase();
    if (!allowed.has(tag)) {
      return blame(
        walk,
        `path: message->card->md; err_msg: unsupported type of html tag ${tag}; err_type: validation; `,
      );
    }
    if (closing === "" && (tag === "at" || tag === "person")) checkMention(walk, attributes);
    const href = attribute(attributes, "href") ?? attribute(attributes, "url");
    if (href !== null) checkHref(walk, href);
  }
  for (const [, href = ""] of text.matchAll(MARKDOWN_LINK)) {
    // `![…](image_key)` and the variables `$x` of JSON 1.0 are no addresses.
    if (/^[a-z][a-z0-9+.-]*:/i.test(href)) checkHref(walk, href);
  }
  const tables = text.match(/^\s*\|?\s*:?-{3,}:?\s*(\|\s*:?-{3,}:?\s*)+\|?\s*$/gm)?.length ?? 0;
  if (walk.schema2) walk.tables += tables;
}

function checkHref(walk: Walk, href: string): void {
  if (!/^(https?|tel|lark):\/\//i.test(href))
    blame(walk, "path: message->card; err_msg: invalid href; err_type: validation; ");
}

function checkText(walk: Walk, value: unknown, where: string): void {
  if (!isObject(value)) return blame(walk, sub(200621, `parse card json err: ${where} must be an object`));
  const { tag, content } = value;
  if (tag !== "plain_text" && tag !== "lark_md" && !(walk.schema2 && tag === "markdown")) {
    return blame(walk, sub(200621, `parse card json err: bad text tag in ${where}`));
  }
  if (content !== undefined && typeof content !== "string") {
    blame(walk, sub(200621, `parse card json err: content of ${where} must be a string`));
  }
}

/** One component or text and all below it. */
function visit(walk: Walk, node: unknown): void {
  if (Array.isArray(node)) {
    for (const one of node) visit(walk, one);
    return;
  }
  if (!isObject(node)) return;
  const tag = node["tag"];
  if (tag !== undefined) {
    walk.nodes += 1;
    if (typeof tag !== "string") return blame(walk, sub(200621, "parse card json err: tag must be a string"));
    if (walk.schema2 && (tag === "note" || tag === "action")) {
      return blame(walk, sub(200861, `cards of schema V2 no longer support this capability; unsupported tag ${tag}`));
    }
    if (!(walk.schema2 ? TAGS_2 : TAGS_1).has(tag)) return blame(walk, sub(11310, "unsupported type of block", tag));
    if (tag === "table") walk.tables += 1;
    if (tag === "div" && node["text"] !== undefined) checkText(walk, node["text"], "div.text");
    if (tag === "button" && node["text"] !== undefined) checkText(walk, node["text"], "button.text");
    const { content } = node;
    if ((tag === "markdown" || tag === "lark_md") && typeof content === "string") checkMarkdown(walk, content);
    if (
      (tag === "markdown" || tag === "lark_md" || tag === "plain_text") &&
      typeof content !== "string" &&
      !node["i18n"]
    ) {
      blame(walk, sub(200621, `parse card json err: ${tag} has no content`));
    }
  }
  for (const [key, value] of Object.entries(node)) {
    if (URL_KEYS.has(key) && typeof value === "string" && value !== "") checkHref(walk, value);
    else visit(walk, value);
  }
}

function checkHeader(walk: Walk, header: unknown): void {
  if (header === undefined) return;
  if (!isObject(header)) return blame(walk, sub(200621, "parse card json err: header must be an object"));
  const { title, template } = header;
  if (title !== undefined) checkText(walk, title, "header.title");
  if (template !== undefined && !(typeof template === "string" && TEMPLATES.has(template))) {
    blame(walk, sub(200621, "parse card json err: unknown header template"));
  }
}

function checkEnvelope2(walk: Walk, card: JsonObject): void {
  const unknown = Object.keys(card).find((key) => !TOP_KEYS_2.has(key));
  if (unknown !== undefined) return blame(walk, sub(200621, `parse card json err: unknown property ${unknown}`));
  const { config, body } = card;
  if (isObject(config)) {
    const stray = Object.keys(config).find((key) => !CONFIG_KEYS_2.has(key));
    if (stray !== undefined) return blame(walk, sub(200621, `parse card json err: unknown property config.${stray}`));
    if (config["update_multi"] === false) return blame(walk, sub(300302, "update_multi must be true"));
  }
  if (!isObject(body) || !Array.isArray(body["elements"]))
    blame(walk, sub(200621, "parse card json err: no body.elements"));
}

function checkEnvelope1(walk: Walk, card: JsonObject): void {
  const { elements, config } = card;
  if (elements !== undefined && !Array.isArray(elements)) {
    blame(walk, sub(200621, "parse card json err: elements must be a list"));
  }
  if (isObject(config)) {
    for (const key of ["wide_screen_mode", "enable_forward"]) {
      const value = config[key];
      if (value !== undefined && typeof value !== "boolean") {
        blame(walk, sub(200621, `parse card json err: config.${key} must be a boolean`));
      }
    }
  }
}

/**
 * Judges a card as strictly as Feishu's documents and the replies people report let one; where those are silent, more
 * strictly. JSON 1.0 forgives unknown keys, 2.0 forgives nothing. A blank card is accepted. Whether the group allows
 * `@all` is the bot's to say.
 */
export function checkCard(card: JsonObject): CardReport {
  // A template card is made of fields that only Feishu can look up.
  if (card["type"] === "template") return { fault: null, mentions: [] };
  const walk: Walk = { schema2: card["schema"] === "2.0", mentions: [], nodes: 0, tables: 0, fault: null };
  if (walk.schema2) checkEnvelope2(walk, card);
  else checkEnvelope1(walk, card);
  checkHeader(walk, card["header"]);
  visit(walk, card["header"]);
  visit(walk, walk.schema2 ? card["body"] : card["elements"]);
  if (walk.nodes > MAX_NODES) blame(walk, sub(11310, "element exceeds the limit", String(walk.nodes)));
  if (walk.tables > MAX_TABLES) blame(walk, sub(11310, "card table number over limit", "table"));
  return { fault: walk.fault, mentions: walk.mentions };
}

/** Mentions in the text of a `text` message, which knows no escape. */
export function textMentions(text: string): readonly Mention[] {
  return [...text.matchAll(/<at\s+(?:user_)?id\s*=\s*["']?([^"'>\s]*)["']?\s*\/?>/gi)].map(([, id = ""]) => ({ id }));
}
