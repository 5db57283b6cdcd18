import type { Fact, Message } from "../../model/message.ts";
import { COLOURS } from "../view.ts";
import { escapeMarkdown, escapeText } from "./dialect.ts";
import { cutText, escapeUrl, oneLine } from "../escape.ts";
import { withKeywords } from "./keywords.ts";

/** A webhook request body with a card, as a tree to serialise. */
export interface CardBody {
  readonly msg_type: "interactive";
  readonly card: Readonly<Record<string, unknown>>;
}

/** A text of this many characters fits the limit of 20,000 bytes whatever it holds. */
const MAX_TEXT_LENGTH = 4000;

/**
 * A message as a card, with the bot's keywords in its title. Card JSON 1.0: every client shows it, and it forgives
 * unknown keys (card JSON 2.0 breaking changes, 2026-11).
 */
export function cardOf(message: Message, keywords: readonly string[]): CardBody {
  const { title, severity, resolved, facts, lead, leadLabel, lines, hints, commands, mentions, links, rule } = message;
  const markdown = [
    ...facts.map(factLine),
    lead === "" || leadLabel === "" ? escapeMarkdown(lead) : factLine({ label: leadLabel, value: lead }),
    ...(rule === null ? [] : [factLine(rule)]),
    ...[...hints, ...commands].map(escapeMarkdown),
    ...links.map(({ text, url }) => `[${escapeMarkdown(text)}](${linkAddress(url)})`),
    mentions.map((id) => `<at id=${escapeUrl(id)}></at>`).join(""),
  ].filter((one) => one !== "");
  return {
    msg_type: "interactive",
    card: {
      config: { wide_screen_mode: true, enable_forward: true },
      header: {
        template: resolved ? "green" : COLOURS[severity],
        title: { tag: "plain_text", content: withKeywords(title, keywords) },
      },
      elements: [
        ...elementOf("lark_md", markdown),
        // A text that knows no markup needs no escape, and says more in as many bytes.
        ...elementOf("plain_text", lines),
      ],
    },
  };
}

function elementOf(tag: string, lines: readonly string[]): readonly object[] {
  return lines.length === 0 ? [] : [{ tag: "div", text: { tag, content: lines.join("\n") } }];
}

function factLine({ label, value }: Fact): string {
  return `**${label}:** ${escapeMarkdown(value)}`;
}

/** An address of the configuration inside `(…)`. */
function linkAddress(url: string): string {
  return url.replaceAll(/[\s()<>"]/g, (one) => encodeURIComponent(one).replace("(", "%28").replace(")", "%29"));
}

/**
 * The body of a plain text to send in place of a card. There is no escape for mentions in a Feishu text, so each `<`
 * gets a zero-width space behind it, which breaks the tag and shows nothing.
 */
export function textBody(text: string, keywords: readonly string[]): object {
  const short = escapeText(cutText(oneLine(text.toWellFormed()), MAX_TEXT_LENGTH));
  return { msg_type: "text", content: { text: withKeywords(short, keywords) } };
}
