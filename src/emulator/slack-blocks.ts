import { isObject } from "../model/json.ts";
type JsonObject = Readonly<Record<string, unknown>>;

/** What is wrong with a message, in Slack's word, or null; and what its readers could be drawn to. */
interface MessageReport {
  readonly fault: string | null;
  /** `<!…>`, `<@…>` and `<#…>` that would notify or name somebody. */
  readonly mentions: readonly string[];
  /** `<https://…>` and bare addresses that would become links. */
  readonly links: readonly string[];
  /** Texts that would show bold, slanted, struck, as code, as a quote or with an emoji. */
  readonly styled: readonly string[];
}

/** A text with how it would be read. */
interface Shown {
  readonly text: string;
  readonly markup: boolean;
  /** Whether bare names and addresses count. */
  readonly bare: boolean;
}

/*
 * Limits of Block Kit: header, section and fields as Slack documents them (2026-11), the others chosen low. Slack does not say whether lengths count
 * before or after it escapes `&`, `<` and `>`; here both must be within.
 */
const MAX_BLOCKS = 50;
const MAX_FIELDS = 10;
const MAX_CONTEXT = 10;
const MAX_ACTIONS = 25;
const MAX_TEXT = 40_000;
/** Refused at 11,341 characters once, though 12,000 is what Slack's people say (slackapi/bolt-js 2867 and 2509). */
const MAX_ALL_TEXTS = 11_000;

const MENTION = /<[!@#][^>]*>/g;
const LINK = /<(?:[a-z][a-z+.-]*:)[^>]*>/gi;
const BARE = /(?:https?|ftp):\/\/\S+|\bwww\.\w\S*|\b(?:mailto|tel):\w\S*/gi;
const BARE_NAME = /(?:^|[^\p{L}\p{N}])[@#][\p{L}\p{N}][\p{L}\p{N}._-]*/gu;
/** Signs with text right behind the first and right before the second. */
const STYLE = /([*_~`])(?![\s\u{200B}])[^\n]*?(?<![\s\u{200B}])\1|^\s*&gt;|:[\w+'-]+:/mu;

/** Judges the blocks and texts of a webhook's body. */
export function checkMessage(body: JsonObject): MessageReport {
  const { text, blocks, mrkdwn, parse } = body;
  const shown: Shown[] = [];
  const fault = faultOf(body, shown);
  if (typeof text === "string") shown.push({ text, markup: mrkdwn !== false, bare: parse !== "none" });
  // Notifications read entities whatever the settings say.
  const live = shown
    .filter(({ markup }) => markup)
    .concat(typeof text === "string" ? [{ text, markup: true, bare: false }] : []);
  const tooLong = Array.isArray(blocks) && shown.reduce((sum, one) => sum + one.text.length, 0) > MAX_ALL_TEXTS;
  return {
    fault: fault ?? (tooLong ? "msg_blocks_too_long" : null),
    mentions: live.flatMap((one) => [
      ...(one.text.match(MENTION) ?? []),
      ...(one.bare ? (one.text.replaceAll(/<[^>]*>/g, "").match(BARE_NAME) ?? []) : []),
    ]),
    links: live.flatMap((one) => [
      ...(one.text.match(LINK) ?? []),
      ...(one.bare ? (one.text.replaceAll(/<[^>]*>/g, "").match(BARE) ?? []) : []),
    ]),
    styled: live.map((one) => one.text).filter((one) => STYLE.test(one)),
  };
}

function faultOf({ text, blocks, attachments }: JsonObject, shown: Shown[]): string | null {
  if (text !== undefined && typeof text !== "string") return "invalid_payload";
  if (attachments !== undefined && !Array.isArray(attachments)) return "invalid_attachments";
  if (Array.isArray(attachments) && attachments.length > 100) return "too_many_attachments";
  if (blocks === undefined && (text ?? "").trim() === "" && !attachments?.length) return "no_text";
  if ((text ?? "").length > MAX_TEXT) return "msg_too_long";
  if (blocks === undefined) return null;
  if (!Array.isArray(blocks)) return "invalid_blocks_format";
  const fine =
    blocks.length > 0 &&
    blocks.length <= MAX_BLOCKS &&
    blocks.every((block: unknown) => isObject(block) && isBlock(block, shown));
  const ids = blocks.flatMap((block: unknown) => (isObject(block) && "block_id" in block ? [block["block_id"]] : []));
  return fine && new Set(ids).size === ids.length ? null : "invalid_blocks";
}

function isBlock(block: JsonObject, shown: Shown[]): boolean {
  const { type, block_id: id } = block;
  if (id !== undefined && (typeof id !== "string" || id === "" || id.length > 255)) return false;
  switch (type) {
    case "header":
      return hasOnly(block, ["text"]) && isText(block["text"], 150, ["plain_text"], shown);
    case "section":
      return isSection(block, shown);
    case "context":
      return (
        hasOnly(block, ["elements"]) &&
        isListOf(block["elements"], MAX_CONTEXT, (one) =>
          isObject(one) && one["type"] === "image" ? isImage(one) : isText(one, 2000, ["plain_text", "mrkdwn"], shown),
        )
      );
    case "divider":
      return hasOnly(block, []);
    case "image":
      return (
        hasOnly(block, ["image_url", "alt_text", "title"]) && isImage(block) && isOptionalPlain(block["title"], shown)
      );
    case "actions":
      return hasOnly(block, ["elements"]) && isListOf(block["elements"], MAX_ACTIONS, (one) => isButton(one, shown));
    case "rich_text":
      return Array.isArray(block["elements"]) && block["elements"].length > 0;
    case "markdown":
      return isMarkdown(block["text"], shown);
    default:
      return false;
  }
}

function isSection(block: JsonObject, shown: Shown[]): boolean {
  const { text, fields, accessory } = block;
  const texts = ["plain_text", "mrkdwn"];
  if (!hasOnly(block, ["text", "fields", "accessory", "expand"])) return false;
  if (text === undefined && fields === undefined) return false;
  if (text !== undefined && !isText(text, 3000, texts, shown)) return false;
  if (fields !== undefined && !isListOf(fields, MAX_FIELDS, (one) => isText(one, 2000, texts, shown))) return false;
  if (accessory === undefined) return true;
  return isObject(accessory) && (accessory["type"] === "image" ? isImage(accessory) : isButton(accessory, shown));
}

function isText(value: unknown, most: number, types: readonly string[], shown: Shown[]): boolean {
  if (!isObject(value) || typeof value["text"] !== "string") return false;
  const { type, text, verbatim } = value;
  if (typeof type !== "string" || !types.includes(type)) return false;
  const known = type === "plain_text" ? ["text", "emoji"] : ["text", "verbatim"];
  if (!hasOnly(value, known)) return false;
  const escaped = type === "plain_text" ? text.replaceAll("&", "&amp;").replaceAll(/[<>]/g, "&lt;") : text;
  shown.push({ text: escaped, markup: type === "mrkdwn", bare: verbatim !== true });
  return text.trim() !== "" && escaped.length <= most;
}

function isMarkdown(text: unknown, shown: Shown[]): boolean {
  if (typeof text !== "string" || text.trim() === "") return false;
  shown.push({ text, markup: true, bare: true });
  return text.length <= 12_000;
}

function isImage({ image_url: url, alt_text: alt }: JsonObject): boolean {
  return isAddress(url) && typeof alt === "string" && alt !== "" && alt.length <= 2000;
}

function isOptionalPlain(value: unknown, shown: Shown[]): boolean {
  return value === undefined || isText(value, 2000, ["plain_text"], shown);
}

function isButton(value: unknown, shown: Shown[]): boolean {
  if (!isObject(value) || value["type"] !== "button") return false;
  return isText(value["text"], 75, ["plain_text"], shown) && (value["url"] === undefined || isAddress(value["url"]));
}

function isAddress(value: unknown): boolean {
  return typeof value === "string" && value.length <= 3000 && /^https?:$/.test(URL.parse(value)?.protocol ?? "");
}

function isListOf(value: unknown, most: number, fits: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length > 0 && value.length <= most && value.every((one: unknown) => fits(one));
}

/** Slack refuses keys that it does not know. */
function hasOnly(value: JsonObject, keys: readonly string[]): boolean {
  return Object.keys(value).every((key) => key === "type" || key === "block_id" || keys.includes(key));
}
