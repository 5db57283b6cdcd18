import type { Plainness } from "../../model/delivery.ts";
import type { Message } from "../../model/message.ts";
import { oneLine } from "../escape.ts";
import { escapeEntities, escapeMrkdwn } from "./dialect.ts";
import { HEADER_LENGTH, TEXT_LENGTH, cutCounted } from "./limits.ts";

/** A webhook's request body, as a tree to serialise. `text` is what notifications show. */
export interface MessageBody {
  readonly text: string;
  readonly blocks?: readonly object[];
  readonly [setting: string]: unknown;
}

/** Nothing is looked up behind an address. */
export const QUIET = { unfurl_links: false, unfurl_media: false } as const;
/** No bare name or address becomes a link; webhooks may not know these, so texts are escaped as well. */
const SETTINGS = { ...QUIET, mrkdwn: false, parse: "none", link_names: false } as const;

/** Fields of one section (Slack reference as quoted by docs.rs/slack-blocks, 2026-11). */
const SECTION_FIELDS = 10;
/** Of the escaped `text`, which notifications cut much earlier. */
const SUMMARY_LENGTH = 1000;
/** Of a field or the context; names of Kubernetes end at 253. */
const VALUE_LENGTH = 300;
/** So many values and their line ends fit into one text of a section. */
const SECTION_LINES = 9;
/** Half of what a message may hold, for the lines of a digest as they are escaped. */
const LINES_BYTES = 5000;

/**
 * A message as Block Kit. Whatever comes from an Event stands in `plain_text`, where nothing has a meaning; only links
 * and mentions of the configuration are markup. `plain` 1: the header and the lead.
 */
export function messageOf(message: Message, plain: Plainness): MessageBody {
  const { title, facts, lead, lines, hints, commands, mentions, links, rule, summary } = message;
  const head = [header(oneLine(title) || oneLine(summary) || "kubewhen"), ...section(lead)];
  const tail = [
    ...fieldSections(facts.map(({ label, value }) => `${label}: ${value}`)),
    ...lineSections(lines),
    ...section([...hints, ...commands].join("\n")),
    ...markup(links.map(({ text, url }) => `<${linkAddress(url)}|${escapeMrkdwn(text).replaceAll("|", "¦")}>`)),
    ...markup(mentions.map(mentionOf)),
    ...(rule === null ? [] : [context(`${rule.label}: ${rule.value}`)]),
  ];
  return { ...textBody(summary), blocks: plain === 0 ? [...head, ...tail] : head };
}

/** One line of text that does nothing, for when blocks are not taken. */
export function textBody(text: string): MessageBody {
  const line = cutCounted(oneLine(text.toWellFormed()), SUMMARY_LENGTH, escapeMrkdwn) || "kubewhen";
  return { text: escapeMrkdwn(line), ...SETTINGS };
}

function plainText(text: string, most: number): object {
  return { type: "plain_text", text: cutCounted(text, most), emoji: false };
}

function header(text: string): object {
  return { type: "header", text: plainText(text, HEADER_LENGTH) };
}

/** Nothing for a blank text: Slack refuses those. */
function section(text: string): readonly object[] {
  return text.trim() === "" ? [] : [{ type: "section", text: plainText(text, TEXT_LENGTH) }];
}

function context(text: string): object {
  return { type: "context", elements: [plainText(text, VALUE_LENGTH)] };
}

function fieldSections(texts: readonly string[]): readonly object[] {
  const fields = texts.map((text) => plainText(text, VALUE_LENGTH));
  const sections = Math.ceil(fields.length / SECTION_FIELDS);
  return Array.from({ length: sections }, (_, index) => ({
    type: "section",
    fields: fields.slice(index * SECTION_FIELDS, (index + 1) * SECTION_FIELDS),
  }));
}

/** Text of the configuration alone. */
function markup(parts: readonly string[]): readonly object[] {
  if (parts.length === 0) return [];
  // `verbatim`: only what is written as a link or a mention is one.
  return [{ type: "section", text: { type: "mrkdwn", text: parts.join("\n"), verbatim: true } }];
}

/** Whole lines, as many as there is room for, in as few sections as hold them. */
function lineSections(lines: readonly string[]): readonly object[] {
  const shown: string[] = [];
  let bytes = 0;
  for (const line of lines) {
    const cut = cutCounted(line, VALUE_LENGTH);
    bytes += Buffer.byteLength(escapeEntities(cut)) + 1;
    if (bytes > LINES_BYTES) break;
    shown.push(cut);
  }
  if (shown.length < lines.length) shown.push(`… (+${lines.length - shown.length})`);
  const sections = Math.ceil(shown.length / SECTION_LINES);
  return Array.from({ length: sections }, (_, index) =>
    section(shown.slice(index * SECTION_LINES, (index + 1) * SECTION_LINES).join("\n")),
  ).flat();
}

function mentionOf(id: string): string {
  if (id === "all") return "<!channel>";
  if (/^(?:channel|here|everyone)$/.test(id)) return `<!${id}>`;
  if (/^S[A-Z0-9]+$/.test(id)) return `<!subteam^${id}>`;
  return /^[UW][A-Z0-9]+$/.test(id) ? `<@${id}>` : escapeEntities(id);
}

function linkAddress(url: string): string {
  return url.replaceAll(/[\s<>|"]/g, (one) => encodeURIComponent(one)).replaceAll("&", "&amp;");
}
