/*
 * The shape of a line of the watch, as Go's encoder writes it: no white space, fields in the order of the structs
 * (api/core/v1 types.go, v1.36). A quote inside a JSON string always has a backslash before it, so a key with its
 * quotes and the comma before it cannot be part of a text, however hostile.
 *
 * Loops over bytes where the way is short: entering Node's native search costs as much as a hundred of their steps
 * (Node 26, measured 2026-11).
 */
const ADDED = Buffer.from('{"type":"ADDED","object":{"kind":"Event","apiVersion":"v1","metadata":{"');
const MODIFIED = Buffer.from('{"type":"MODIFIED","object":{"kind":"Event","apiVersion":"v1","metadata":{"');
const INVOLVED_OBJECT = Buffer.from('},"involvedObject":{"kind":"');
const NAMESPACE = Buffer.from('","namespace":"');
const REASON = Buffer.from(',"reason":"');
const TYPE = Buffer.from(',"type":"');
const OWN_NAMESPACE = Buffer.from('namespace":"');
const RESOURCE_VERSION = Buffer.from('resourceVersion":"');

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** Where the word differs from `MODIFIED`. */
const WORD_AT = 9;

/** What follows `type` in an Event is short: times, a series, the reporter, names of a related object. */
const MAX_TAIL_BYTES = 1024;

/** Values worth reading are names; anything else is for the JSON parser. */
const MAX_VALUE_BYTES = 256;
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, byte) => (/[\w.:/-]/.test(String.fromCodePoint(byte)) ? 1 : 0));

/** Whether the line goes on with these bytes at that place. */
export function standsAt(line: Buffer, at: number, bytes: Uint8Array): boolean {
  if (at + bytes.length > line.length) return false;
  for (let i = 0; i < bytes.length; i += 1) if (line[at + i] !== bytes[i]) return false;
  return true;
}

/** The end of the text that starts there; -1 when it is not plain, so that its bytes are not its meaning. */
function endOfValue(line: Buffer, start: number): number {
  const limit = Math.min(line.length, start + MAX_VALUE_BYTES + 1);
  let at = start;
  while (at < limit && IS_PLAIN[line[at] ?? 0] === 1) at += 1;
  return at < limit && line[at] === QUOTE ? at : -1;
}

/** The text that starts there; null when it is not plain. */
export function readValue(line: Buffer, start: number): string | null {
  const end = endOfValue(line, start);
  return end < 0 ? null : line.toString("latin1", start, end);
}

/** Where the first key of `metadata` starts in an ADDED or MODIFIED line of a core/v1 Event; -1 in any other line. */
export function findMetadata(line: Buffer): number {
  const head = line[WORD_AT] === ADDED[WORD_AT] ? ADDED : MODIFIED;
  return standsAt(line, 0, head) ? head.length : -1;
}

/** The Event's resourceVersion; null when it is not plain or not where Go writes it. */
export function readResourceVersion(line: Buffer, metadata: number): string | null {
  return readMember(line, metadata, RESOURCE_VERSION);
}

/** The Event's own namespace; null when it is not plain or not where Go writes it. */
export function readNamespace(line: Buffer, metadata: number): string | null {
  return readMember(line, metadata, OWN_NAMESPACE);
}

/** Walks the texts at the beginning of `metadata`, which all stand before labels. */
function readMember(line: Buffer, metadata: number, key: Buffer): string | null {
  let at = metadata;
  for (let members = 0; members < 6; members += 1) {
    if (standsAt(line, at, key)) return readValue(line, at + key.length) || null;
    const keyEnd = endOfValue(line, at);
    if (keyEnd < 0 || line[keyEnd + 1] !== COLON || line[keyEnd + 2] !== QUOTE) return null;
    const valueEnd = endOfValue(line, keyEnd + 3);
    if (valueEnd < 0 || line[valueEnd + 1] !== COMMA || line[valueEnd + 2] !== QUOTE) return null;
    at = valueEnd + 3;
  }
  return null;
}

/**
 * Where the value of the Event's own `type` starts; -1 when that is not sure. It is the last key of this name, and
 * from there on two more objects are closed than opened: its own and the line's. A label would have four to close.
 */
export function findType(line: Buffer): number {
  const floor = Math.max(0, line.length - MAX_TAIL_BYTES);
  for (let at = line.length - TYPE.length; at >= floor; at -= 1) {
    if (line[at] !== COMMA || !standsAt(line, at, TYPE)) continue;
    const start = at + TYPE.length;
    return closings(line, start - 1) === 2 ? start : -1;
  }
  return -1;
}

/** How many more objects and lists are closed than opened from a place outside all texts to the line's end. */
function closings(line: Buffer, from: number): number {
  let closed = 0;
  for (let at = from; at < line.length; at += 1) {
    const byte = line[at];
    if (byte === QUOTE) {
      for (at += 1; at < line.length && line[at] !== QUOTE; at += 1) if (line[at] === BACKSLASH) at += 1;
    } else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) closed += 1;
    else if (byte === OPENING_BRACE || byte === OPENING_BRACKET) closed -= 1;
  }
  return closed;
}

/** What an Event is about, with its reason. */
export interface About {
  readonly kind: string;
  /** Null when the object names none. */
  readonly namespace: string | null;
  readonly reason: string;
}

/** Reads them from the line of an Event; null when one is not plain or not where Go writes it. */
export function readAbout(line: Buffer, metadata: number): About | null {
  const object = line.indexOf(INVOLVED_OBJECT, metadata);
  if (object < 0) return null;
  const kindStart = object + INVOLVED_OBJECT.length;
  const kindEnd = endOfValue(line, kindStart);
  // Nothing in an object reference has this name.
  const reasonKey = line.indexOf(REASON, kindStart);
  if (kindEnd < 0 || reasonKey < 0) return null;
  const reason = readValue(line, reasonKey + REASON.length);
  if (reason === null) return null;
  const kind = line.toString("latin1", kindStart, kindEnd);
  if (!standsAt(line, kindEnd, NAMESPACE)) return { kind, reason, namespace: null };
  const namespace = readValue(line, kindEnd + NAMESPACE.length);
  return namespace ? { kind, reason, namespace } : null;
}
