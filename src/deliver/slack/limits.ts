import { cutText } from "../escape.ts";
import { escapeEntities } from "./dialect.ts";

/*
 * Lengths of texts in characters (header, section and context blocks, docs.slack.dev, 2026-11; the 3,000 also
 * github.com/comet-ml/opik pull request 7320).
 */
export const HEADER_LENGTH = 150;
export const TEXT_LENGTH = 3000;
export const FIELD_LENGTH = 2000;

/** What `cutText` adds at most: `… (+1234567 bytes)`. */
const MARK_LENGTH = 24;

/**
 * A text of at most `most` characters as Slack counts them: it is not documented whether that is before or after it
 * escapes `&`, `<` and `>`, so after.
 */
export function cutCounted(text: string, most: number): string {
  if (counted(text) <= most) return text;
  for (let length = most - MARK_LENGTH; length > 0; length = Math.floor(length * 0.8)) {
    const cut = cutText(text, length);
    if (counted(cut) <= most) return cut;
  }
  return "…";
}

function counted(text: string): number {
  return escapeEntities(text).length;
}
