import type { Metrics } from "../runtime/metrics.ts";
import { troubleOf, type Trouble } from "./answer.ts";
import { createFraming } from "./framing.ts";
import type { Prefilter } from "./prefilter.ts";
import { parseWatchLine } from "./watch-line.ts";

export interface WatchItem {
  readonly object: unknown;
  readonly type: "ADDED" | "MODIFIED";
  /** It came from a list: it lay in the cluster, perhaps since long before. */
  readonly initial: boolean;
}

/** What the lines that one read of the stream completed hold. */
export interface WatchReading {
  readonly items: readonly WatchItem[];
  /** Lines that no rule can match, told apart on their bytes. */
  readonly skipped: number;
  /** Lines that are no watch event, or too long to be one. */
  readonly malformed: number;
  readonly deleted: number;
  /** Of the last line that says how far we are; null when none does. */
  readonly resourceVersion: string | null;
  /** Whether the end of the initial events has yet to come. */
  readonly initial: boolean;
  /** Of the last ERROR line. */
  readonly trouble: Trouble | null;
}

export interface WatchReaderOptions {
  readonly skips: Prefilter;
  /** Whether the stream starts with the initial events. */
  readonly initial: boolean;
  readonly metrics: Pick<Metrics, "watchBytes" | "linesSkipped" | "linesOversized">;
}

/** Reads the bytes of one watch, in the order they come. */
export function createWatchReader(options: WatchReaderOptions): (bytes: Uint8Array) => WatchReading {
  const { skips, metrics } = options;
  let { initial } = options;
  let oversized = 0;
  const framing = createFraming({ oversized: () => (oversized += 1) });

  return (bytes) => {
    const items: WatchItem[] = [];
    let skipped = 0;
    let malformed = 0;
    let deleted = 0;
    let resourceVersion: string | null = null;
    let trouble: Trouble | null = null;
    oversized = 0;
    const reach = (version: string): void => {
      // The initial events come in no order of their versions, so none of them says how far we are.
      if (!initial && version) resourceVersion = version;
    };

    for (const line of framing.push(bytes)) {
      const skip = skips(line);
      if (skip) {
        skipped += 1;
        reach(skip.resourceVersion);
        continue;
      }
      const parsed = parseWatchLine(line);
      switch (parsed.kind) {
        case "item":
          items.push({ object: parsed.object, type: parsed.type, initial });
          reach(parsed.version);
          break;
        case "deleted":
          deleted += 1;
          reach(parsed.version);
          break;
        case "bookmark":
          if (parsed.initialEventsEnd) initial = false;
          reach(parsed.version);
          break;
        case "error":
          trouble = troubleOf(parsed.status);
          break;
        case "malformed":
          malformed += 1;
          break;
      }
    }
    metrics.watchBytes.inc(bytes.length);
    if (skipped > 0) metrics.linesSkipped.inc(skipped);
    if (oversized > 0) metrics.linesOversized.inc(oversized);
    return { items, skipped, malformed: malformed + oversized, deleted, resourceVersion, initial, trouble };
  };
}
