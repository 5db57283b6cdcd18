/** Cuts a stream of bytes into lines. */
export interface Framing {
  /** The lines this chunk completes, without their line feed. They may share the chunk's memory: use them at once. */
  push(chunk: Uint8Array): Buffer[];
}

export interface FramingOptions {
  /** Called once for each line that is skipped for its length. */
  readonly oversized: () => void;
  readonly maxLineBytes?: number;
}

/** etcd refuses objects above 1.5 MiB; a longer line is no Event, and holding it would be somebody else's choice. */
const MAX_LINE_BYTES = 2 * 1024 * 1024;

const LINE_FEED = 0x0a;

/**
 * Splits on 0x0A and nothing else: a raw U+2028 in a message is part of its line. What the stream leaves
 * unterminated at its end is never handed out, because half an Event is no Event.
 */
export function createFraming(options: FramingOptions): Framing {
  const maxLineBytes = options.maxLineBytes ?? MAX_LINE_BYTES;
  let pieces: Buffer[] = [];
  let length = 0;
  let skipping = false;

  const keep = (piece: Buffer): void => {
    if (skipping || piece.length === 0) return;
    length += piece.length;
    if (length > maxLineBytes) {
      skipping = true;
      pieces = [];
      options.oversized();
    } else pieces.push(piece);
  };

  return {
    push(bytes) {
      const chunk = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const lines: Buffer[] = [];
      let start = 0;
      for (;;) {
        const end = chunk.indexOf(LINE_FEED, start);
        if (end < 0) break;
        const rest = chunk.subarray(start, end);
        start = end + 1;
        keep(rest);
        const line = pieces.length > 1 ? Buffer.concat(pieces, length) : pieces[0];
        if (!skipping && line) lines.push(line);
        pieces = [];
        length = 0;
        skipping = false;
      }
      keep(chunk.subarray(start));
      return lines;
    },
  };
}
