import type { FloodDigest } from "../../model/match.ts";
import type { Severity } from "../../model/rule.ts";
import { cleanText, cutText, escapeMarkdown, oneLine } from "../escape.ts";
import type { LocalTime } from "../local-time.ts";
import type { Texts } from "../texts.ts";
import { COLOURS, type EventView } from "../view.ts";

/** What every default card needs beside its content. */
export interface CardStyle {
  readonly cluster: string;
  /** Words the bot insists on; at least one must stand in the card. */
  readonly keywords: readonly string[];
  readonly texts: Texts;
  readonly localTime: LocalTime;
}

/** A webhook request body with a card, as a tree to serialise. */
export interface CardBody {
  readonly msg_type: "interactive";
  readonly card: Readonly<Record<string, unknown>>;
}

const MAX_TITLE_LENGTH = 120;
/** A line per sample of a flood: enough to tell them apart. */
const MAX_SAMPLE_MESSAGE_LENGTH = 160;

/**
 * `<cluster> · <what>`, with the bot's keywords behind it unless one is there already. Keywords go into the title
 * because that is plain text: escaped inside markdown they might not be found (Feishu custom-bot guide, 2026-11).
 */
export function titleOf(style: CardStyle, what: string): string {
  const title = cutText(oneLine(cleanText(`${style.cluster} · ${what}`)), MAX_TITLE_LENGTH);
  if (style.keywords.length === 0 || style.keywords.some((keyword) => title.includes(keyword))) return title;
  return `${title} ${style.keywords.join(" ")}`;
}

/*
 * Card JSON 1.0: every client shows it, and it forgives unknown keys (card JSON 2.0 breaking changes, 2026-11).
 */
function cardBody(title: string, severity: Severity, markdown: readonly string[]): CardBody {
  return {
    msg_type: "interactive",
    card: {
      config: { wide_screen_mode: true, enable_forward: true },
      header: { template: COLOURS[severity], title: { tag: "plain_text", content: title } },
      elements: markdown.map((content) => ({ tag: "div", text: { tag: "lark_md", content } })),
    },
  };
}

function line(label: string, value: string): string {
  return value === "" ? "" : `**${label}:** ${escapeMarkdown(value)}`;
}

function lines(...all: readonly string[]): string {
  return all.filter((one) => one !== "").join("\n");
}

/** `namespace/name`, or the name alone of what has no namespace. */
export function objectOf(view: EventView): string {
  return view.namespace === "" ? view.name : `${view.namespace}/${view.name}`;
}

/** The line that says what the throttle held back; empty when it held nothing. */
export function heldText(view: EventView, style: CardStyle): string {
  if (view.held === null) return "";
  return style.texts.held(view.held.count, style.localTime.short(view.held.since, view.lastSeen));
}

/** The default card of one Event. `message` is the view's, shortened as far as the size of the body asks. */
export function eventCard(view: EventView, message: string, style: CardStyle): CardBody {
  const { texts, localTime } = style;
  const held = heldText(view, style);
  const count = held === "" ? String(view.count) : `${view.count} (${held})`;
  const facts = lines(
    line(texts.type, view.type),
    line(texts.kind, view.kind),
    line(texts.object, view.name),
    line(texts.namespace, view.namespace),
    line(texts.node, view.host),
    line(texts.reason, view.reason),
    line(texts.time, localTime.full(view.lastSeen)),
    line(texts.count, view.count > 1 || held !== "" ? count : ""),
    line(texts.message, message),
    line(texts.rule, view.rule),
  );
  return cardBody(titleOf(style, view.reason === "" ? view.kind : view.reason), view.severity, [facts]);
}

/** The card of a flood: how much, how long, and the first few Events of it. */
export function floodCard(
  flood: FloodDigest,
  samples: readonly EventView[],
  style: CardStyle,
): CardBody & { readonly title: string } {
  const { texts, localTime } = style;
  const from = localTime.short(flood.from, flood.to);
  const said = texts.flood(flood.groups, flood.occurrences, from, localTime.short(flood.to, flood.to));
  const sampled = samples.map((view) =>
    escapeMarkdown(
      `${view.kind} ${objectOf(view)} ${view.reason}: ${cutText(oneLine(view.message), MAX_SAMPLE_MESSAGE_LENGTH)}`,
    ),
  );
  const title = titleOf(style, texts.floodTitle(flood.groups));
  const severity = flood.rule.severity ?? "warning";
  return {
    ...cardBody(title, severity, [lines(line(texts.rule, flood.rule.name), escapeMarkdown(said), ...sampled)]),
    title,
  };
}

/** A card that says it is only a test. */
export function testCard(receiver: string, style: CardStyle): CardBody {
  return cardBody(titleOf(style, style.texts.testTitle), "info", [escapeMarkdown(style.texts.test(receiver))]);
}
