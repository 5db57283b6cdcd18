import type { Dialect } from "../dialect.ts";

/** A zero-width space: it shows nothing, and parts a sign from what would give it a meaning. */
const BREAK = "\u{200B}";

/** Entities for the three signs of Slack's markup (github.com/agentconnect-md/agentconnect 1809, 2026-11): no mention and no link is left. */
export function escapeEntities(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/**
 * Escapes clean text for `mrkdwn`: no mention, link, emoji or style can come of it. There is no escape for
 * `*`, `_`, `~` and backquotes that is known, so each stands between zero-width spaces. The others break
 * what Slack finds in bare text: `@name`, `#channel`, addresses, `:emoji:`, and the quote that `&gt;` begins.
 */
export function escapeMrkdwn(text: string): string {
  return escapeEntities(text)
    .replaceAll(/[*_~`]/g, (sign) => BREAK + sign + BREAK)
    .replaceAll(/[@#](?=[\p{L}\p{N}])/gu, (sign) => sign + BREAK)
    .replaceAll(/:(?=\/\/|[\w+'-]+:)/g, (sign) => sign + BREAK)
    .replaceAll(/\bwww\./gi, (start) => start + BREAK)
    .replaceAll(/mailto:|tel:/gi, (start) => start + BREAK)
    .replaceAll(/^(?=\s*&gt;)/gm, BREAK);
}

/** Escapes clean text for the `markdown` block, which reads CommonMark. */
function escapeMarkdown(text: string): string {
  return escapeMrkdwn(text.replaceAll(/[\\[\](){}!|.+=-]/g, (sign) => `\\${sign}`)).replaceAll(/^ {4,}/gm, " ");
}

const asItIs = (text: string): string => text;
const isObject = (tree: unknown): tree is object => typeof tree === "object" && tree !== null && !Array.isArray(tree);

/** Slack's incoming webhooks. */
export const dialect: Dialect = {
  kind: "slack",
  limits: {
    // All texts of a message come to at most 12,000 characters and a buffer for their blocks, and 11,341 have been
    // refused (github.com/slackapi/bolt-js issues 2509 and 2867, 2026-11). Bytes are never fewer than characters.
    bytes: 10_000,
    lines: 40,
    // One a second, short bursts aside (api.slack.com/docs/rate-limits, 2026-11). Under it, because attempts bunch up on
    // the way.
    pace: [{ attempts: 1, windowMs: 1200 }],
  },
  tagKey: "type",
  forms: {
    plain_text: { escape: asItIs, markup: false },
    mrkdwn: { escape: escapeMrkdwn, markup: true },
    // The one block whose own text is CommonMark.
    markdown: { escape: escapeMarkdown, markup: true },
    // Text elements of `rich_text`, which carry their style beside them.
    text: { escape: asItIs, markup: false },
  },
  otherForm: { escape: escapeMrkdwn, markup: true },
  // Blocks, elements and attachments.
  addressKeys: [
    "url",
    "image_url",
    "thumbnail_url",
    "video_url",
    "title_url",
    "provider_icon_url",
    "thumb_url",
    "title_link",
    "author_link",
    "author_icon",
    "footer_icon",
    "icon_url",
    "from_url",
  ],
  // Whom and what a message names, and the ids of its parts.
  nameKeys: [
    "channel",
    "channel_id",
    "user_id",
    "usergroup_id",
    "team_id",
    "range",
    "username",
    "icon_emoji",
    "name",
    "external_id",
    "file_id",
    "id",
    "block_id",
    "action_id",
    "callback_id",
    "thread_ts",
  ],
  /** A whole body, or blocks alone. */
  isLayout: (tree) =>
    Array.isArray(tree)
      ? tree.length > 0 && tree.every((one) => isObject(one) && Object.hasOwn(one, "type"))
      : isObject(tree) && ["blocks", "attachments", "text"].some((key) => Object.hasOwn(tree, key)),
};
