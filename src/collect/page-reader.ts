import type { JsonObject } from "../model/json.ts";
import { fieldsOf, parseJson } from "./fields.ts";

/** Reads one page of a list from its bytes, item by item: of a large page no more than one item is held. */
export interface PageReader {
  /** The items that these bytes complete, parsed; null for one that is no JSON. */
  push(bytes: Uint8Array): unknown[];
  /** The page without its items, once all bytes are given; null when it was not whole or no list. */
  end(): JsonObject | null;
}

export interface PageReaderOptions {
  /** Called once for each item that is skipped for its length. */
  readonly oversized: () => void;
  readonly maxItemBytes?: number;
}

/** etcd refuses objects above 1.5 MiB; what is longer is no Event. */
const MAX_ITEM_BYTES = 2 * 1024 * 1024;
/** Kind, version and a token of a few hundred bytes. */
const MAX_FRAME_BYTES = 64 * 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

const IS_STRUCTURE = Uint8Array.from({ length: CLOSING_BRACE + 1 }, (_, byte) =>
  '",[]{}'.includes(String.fromCodePoint(byte)) ? 1 : 0,
);

/** A quote after a backslash belongs to a longer key. */
const ITEMS_KEY = /(?<!\\)"items"\s*:\s*\[$/;
const ITEMS_KEY_LENGTH = 32;

/** Bytes gathered over several reads, up to a limit. */
interface Gathered {
  add(bytes: Buffer): void;
  /** What was gathered, and starts afresh; null when it was too much. */
  take(): Buffer | null;
  /** The last few characters of what was gathered. */
  tail(length: number): string;
}

function createGathered(maxBytes: number): Gathered {
  let pieces: Buffer[] = [];
  let length = 0;
  return {
    add(bytes) {
      length += bytes.length;
      if (length > maxBytes) pieces = [];
      else if (bytes.length > 0) pieces.push(bytes);
    },
    take() {
      const [first] = pieces;
      const joined = pieces.length === 1 && first ? first : Buffer.concat(pieces);
      const whole = length > maxBytes ? null : joined;
      pieces = [];
      length = 0;
      return whole;
    },
    tail: (wanted) => Buffer.concat(pieces).toString("latin1").slice(-wanted),
  };
}

/**
 * Knows of JSON only where texts, lists and objects begin and end. The items are the elements of the list under
 * `items`; everything around them is the frame, small enough to be parsed at the end.
 */
export function createPageReader(options: PageReaderOptions): PageReader {
  const frame = createGathered(MAX_FRAME_BYTES);
  const item = createGathered(options.maxItemBytes ?? MAX_ITEM_BYTES);
  let depth = 0;
  let inText = false;
  let escaped = false;
  let inItems = false;

  const parseItem = (items: unknown[]): void => {
    const bytes = item.take();
    if (bytes === null) options.oversized();
    else {
      const text = bytes.toString("utf8");
      // An empty list has nothing between its brackets.
      if (text.trim() !== "") items.push(parseJson(text));
    }
  };

  /** Where to go on after a text that began before `from`. */
  const endOfText = (chunk: Buffer, from: number): number => {
    let at = from;
    if (escaped && at < chunk.length) {
      escaped = false;
      at += 1;
    }
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (byte === QUOTE) {
        inText = false;
        return at + 1;
      }
      if (byte !== BACKSLASH) continue;
      at += 1;
      escaped = at >= chunk.length;
    }
    return at;
  };

  return {
    push(bytes) {
      const chunk = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const items: unknown[] = [];
      let start = 0;
      /** Hands the bytes before `end` to whom they belong. */
      const cut = (end: number): void => {
        (inItems ? item : frame).add(chunk.subarray(start, end));
        start = end;
      };
      let at = 0;
      while (at < chunk.length) {
        if (inText) {
          at = endOfText(chunk, at);
          continue;
        }
        const byte = chunk[at] ?? 0;
        at += 1;
        if (IS_STRUCTURE[byte] !== 1) continue;
        if (byte === QUOTE) inText = true;
        else if (byte === OPENING_BRACE) depth += 1;
        else if (byte === OPENING_BRACKET) {
          depth += 1;
          if (depth === 2) {
            // The bracket belongs to the frame: an empty list is left there.
            cut(at);
            inItems = ITEMS_KEY.test(frame.tail(ITEMS_KEY_LENGTH));
          }
        } else if (byte === COMMA) {
          if (!inItems || depth !== 2) continue;
          cut(at - 1);
          parseItem(items);
          start = at;
        } else {
          depth -= 1;
          if (!inItems || depth !== 1) continue;
          cut(at - 1);
          parseItem(items);
          inItems = false;
        }
      }
      cut(chunk.length);
      return items;
    },
    end() {
      const bytes = frame.take();
      const page = fieldsOf(bytes && parseJson(bytes.toString("utf8")));
      // Go writes an empty list as null where nobody made it.
      return page["items"] === null || Array.isArray(page["items"]) ? page : null;
    },
  };
}
