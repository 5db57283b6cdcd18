import type { Alert } from "../model/alert.ts";
import type { Message } from "../model/message.ts";
import type { Item } from "./kind.ts";

/** How a kind writes what it is given; each answer is a tree to serialise. */
export interface BodyForms {
  compose(message: Message, alert: Alert): object;
  /** Makes a rendered layout a whole body. */
  composeLayout(tree: unknown): unknown;
  /** One line of text, when nothing else is taken. */
  plain(text: string): object;
}

/** Longer messages are cut before they are escaped. Kubernetes itself ends them at 1,024 characters. */
const MAX_LEAD_LENGTH = 8000;

/**
 * The body of an item as JSON of at most `maxBytes`: the layout, if there is one; else the composed message, without
 * mentions from the second rung of the ladder on; at the last rung, and where nothing else fits, one line of text.
 */
export function fitBody(item: Item, forms: BodyForms, maxBytes: number): string {
  const { layout, message, delivery } = item;
  const { alert, plain } = delivery;
  if (layout !== null) {
    const body = shortenToFit((maxLead) => forms.composeLayout(layout(maxLead)), maxBytes);
    if (body !== null) return body;
  }
  // Of version 0.1 there are no parts to compose.
  if (plain < 2 && alert.kind !== "ready") {
    const body = shortenToFit((maxLead) => {
      const said = message(maxLead);
      return forms.compose(plain === 0 ? said : { ...said, mentions: [] }, alert);
    }, maxBytes);
    if (body !== null) return body;
  }
  return JSON.stringify(forms.plain(message(MAX_LEAD_LENGTH).summary));
}

/**
 * The body with as much of the lead as fits. Escaping makes a character 5 or 6 bytes, so the first cut aims too high at
 * times; each round takes what is over and a tenth more. Null when not even an empty lead fits.
 */
function shortenToFit(build: (maxLead: number) => unknown, maxBytes: number): string | null {
  for (let length = MAX_LEAD_LENGTH; ;) {
    const body = JSON.stringify(build(length));
    const bytes = Buffer.byteLength(body);
    if (bytes <= maxBytes) return body;
    if (length === 0) return null;
    length = Math.floor(length * Math.min(0.9, (maxBytes / bytes) * 0.9));
    if (length < 16) length = 0;
  }
}
