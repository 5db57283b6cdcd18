import type { Event } from "../model/event.ts";

/** How long texts of an alert may be, in UTF-16 units. */
export interface ClipLimits {
  readonly message: number;
  /** Any other text of the Event or about it. */
  readonly field: number;
}

/**
 * The first `most` UTF-16 units of a text, the mark of the cut included, whole characters only. What is cut is copied:
 * a slice would keep all of the text it is a part of in memory.
 */
export function clipText(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = most - 1;
  // Half a character at the cut would become U+FFFD.
  const isHalf = /[\u{D800}-\u{DBFF}]/u.test(text.charAt(end - 1));
  return Buffer.from(`${text.slice(0, isHalf ? end - 1 : end)}…`).toString();
}

/** The Event with no text longer than the limits. */
export function clipEvent(event: Event, limits: ClipLimits): Event {
  const clip = (text: string): string => clipText(text, limits.field);
  const about = event.involvedObject;
  return {
    ...event,
    cluster: clip(event.cluster),
    eventUid: clip(event.eventUid),
    eventName: clip(event.eventName),
    eventNamespace: clip(event.eventNamespace),
    resourceVersion: clip(event.resourceVersion),
    type: clip(event.type),
    reason: clip(event.reason),
    message: clipText(event.message, limits.message),
    involvedObject: {
      apiVersion: clip(about.apiVersion),
      kind: clip(about.kind),
      namespace: clip(about.namespace),
      name: clip(about.name),
      uid: clip(about.uid),
      fieldPath: clip(about.fieldPath),
    },
    namespace: clip(event.namespace),
    component: clip(event.component),
    host: clip(event.host),
    action: clip(event.action),
  };
}

/** Those of the texts, the first ones first, that take at most `maxBytes` of JSON together. None is cut. */
export function clipTexts(
  texts: Iterable<readonly [name: string, text: string]>,
  maxBytes: number,
): Readonly<Record<string, string>> {
  const kept: [string, string][] = [];
  let bytes = 2;
  for (const [name, text] of texts) {
    const more = jsonBytes(name) + jsonBytes(text) + 2;
    if (bytes + more > maxBytes) continue;
    bytes += more;
    kept.push([name, text]);
  }
  return Object.fromEntries(kept);
}

/** UTF-8 bytes of a value written as JSON. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
