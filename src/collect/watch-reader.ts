import { isObject } from "../model/json.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { troubleOf, type Trouble } from "./answer.ts";
import { fieldsOf, parseJson } from "./fields.ts";
import { createFraming } from "./framing.ts";
import type { Prefilter } from "./prefilter.ts";
import { resourceVersionOf } from "./resource-version.ts";
import type { Backlog, SourceItem } from "./source.ts";

/** What the lines that one read of the stream completed hold. */
export interface WatchReading {
  readonly items: readonly SourceItem[];
  /** Lines that no rule can match, told apart on their bytes. */
  readonly skipped: number;
  /** Lines that are no watch event, or too long to be one. */
  readonly malformed: number;
  readonly deleted: number;
  /** Of the last line that says how far we are; null when none does. */
  readonly version: string | null;
  /** Whether the end of the initial events has yet to come. */
  readonly isInitial: boolean;
  /** Of the last ERROR line. */
  readonly trouble: Trouble | null;
}

export interface WatchReaderOptions {
  readonly skips: Prefilter;
  /** Of the initial events that the stream starts with; null when there are none. */
  readonly backlog: Backlog | null;
  readonly metrics: Pick<Metrics, "watchBytes" | "linesSkipped" | "linesOversized">;
}

/** Reads the bytes of one watch, in the order they come. Never throws. */
export function createWatchReader(options: WatchReaderOptions): (bytes: Uint8Array) => WatchReading {
  const { skips, metrics } = options;
  let { backlog } = options;
  let oversized = 0;
  const framing = createFraming({ oversized: () => (oversized += 1) });

  return (bytes) => {
    const items: SourceItem[] = [];
    let skipped = 0;
    let malformed = 0;
    let deleted = 0;
    let version: string | null = null;
    let trouble: Trouble | null = null;
    oversized = 0;
    const reach = (reached: string): void => {
      // The initial events come in no order of their versions, so none of them says how far we are.
      if (backlog === null && reached) version = reached;
    };

    for (const line of framing.push(bytes)) {
      const skip = skips(line);
      if (skip) {
        skipped += 1;
        reach(skip.resourceVersion);
        continue;
      }
      const { type, object } = fieldsOf(parseJson(line.toString("utf8")));
      switch (isObject(object) ? type : null) {
        case "ADDED":
        case "MODIFIED":
          items.push({ object, backlog });
          reach(resourceVersionOf(object));
          break;
        case "DELETED":
          deleted += 1;
          reach(resourceVersionOf(object));
          break;
        case "BOOKMARK":
          if (endsInitialEvents(object)) backlog = null;
          reach(resourceVersionOf(object));
          break;
        case "ERROR":
          trouble = troubleOf(object);
          break;
        default:
          malformed += 1;
      }
    }
    metrics.watchBytes.inc(bytes.length);
    if (skipped > 0) metrics.linesSkipped.inc(skipped);
    if (oversized > 0) metrics.linesOversized.inc(oversized);
    const isInitial = backlog !== null;
    return { items, skipped, malformed: malformed + oversized, deleted, version, isInitial, trouble };
  };
}

function endsInitialEvents(bookmark: unknown): boolean {
  const annotations = fieldsOf(fieldsOf(fieldsOf(bookmark)["metadata"])["annotations"]);
  return annotations["k8s.io/initial-events-end"] === "true";
}
