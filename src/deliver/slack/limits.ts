import { cutText } from "../escape.ts";
import { escapeEntities } from "./dialect.ts";

/*
 * Lengths of texts in characters. Header: docs.slack.dev, node-slack-sdk HeaderBlock, 2026-11. Section and field: the
 * Slack reference as quoted by docs.rs/slack-blocks, 2026-11. Context and button are not confirmed: chosen low.
 */
export const HEADER_LENGTH = 150;
export const TEXT_LENGTH = 3000;
/** Of a field, or of an element of a context. */
export const FIELD_LENGTH = 2000;
export const BUTTON_LENGTH = 75;

/** What `cutText` adds at most: `… (+1234567 bytes)`. */
const MARK_LENGTH = 24;

/**
 * A text that comes to at most `most` characters once it is escaped. It is not documented whether Slack counts plain
 * texts before or after it escapes `&`, `<` and `>`, so after.
 */
export function cutCounted(text: string, most: number, escape: (text: string) => string = escapeEntities): string {
  if (text.length <= most && escape(text).length <= most) return text;
  for (let length = most - MARK_LENGTH; length > 0; length = Math.floor(length * 0.8)) {
    const cut = cutText(text, length);
    if (escape(cut).length <= most) return cut;
  }
  return "…";
}
