import type { KubeApi, KubeResponse } from "../runtime/kube.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { continueOf, readTrouble } from "./answer.ts";
import { createPageReader } from "./page-reader.ts";
import { backlogOf, endWith, selectorFor, type ReflectorState, type Step } from "./reflector-state.ts";
import { EVENTS_PATH } from "./resource-path.ts";
import { resourceVersionOf } from "./resource-version.ts";
import type { ServerTime } from "./server-time.ts";
import type { Backlog, Position } from "./source.ts";

export interface ListOptions {
  readonly api: KubeApi;
  /** Name of the source. */
  readonly name: string;
  readonly selector: () => string;
  readonly startupMaxAgeMs: () => number;
  readonly serverTime: ServerTime;
  readonly onAccepted: (answer: KubeResponse) => void;
  readonly metrics: Pick<Metrics, "watchBytes" | "linesOversized">;
}

/** Bytes that a page should have: so that it comes within its time even over a slow link. */
const PAGE_BYTES = 256 * 1024;
const FIRST_LIMIT = 10;
/** The Events of the next page may be larger. */
const LIMIT_GROWTH = 4;
/** A 410 in the middle of paging that offers a new continuation may come again; not for ever. */
const MAX_EXPIRED_IN_A_ROW = 3;

/** How many Events to ask for next, by the size of those just read. */
function nextLimit(limit: number, bytes: number, events: number): number {
  if (events === 0) return limit;
  const fitting = Math.floor((PAGE_BYTES * events) / bytes);
  return Math.max(1, Math.min(fitting, limit * LIMIT_GROWTH));
}

function pathOf(fieldSelector: string, limit: number, from: string | null): string {
  const query = new URLSearchParams({ limit: String(limit) });
  if (fieldSelector) query.set("fieldSelector", fieldSelector);
  if (from !== null) query.set("continue", from);
  return `${EVENTS_PATH}?${query.toString()}`;
}

/**
 * Step: lists in pages, for servers that do not stream the initial state. A batch is what one read of a page brought.
 *
 * The version handed out is the first page's: when the server has to continue inconsistently, later pages are newer,
 * and watching from the older version repeats a little but misses nothing.
 */
export function createList(options: ListOptions): Step {
  const { api, name, serverTime, metrics } = options;

  const startOf = (state: ReflectorState): { readonly at: number; readonly backlog: Backlog } => {
    const at = serverTime.now();
    return { at, backlog: backlogOf(state, at, options.startupMaxAgeMs()) };
  };

  return async function* list(state, signal) {
    let limit = FIRST_LIMIT;
    let from: string | null = null;
    let expired = 0;
    let start: ReturnType<typeof startOf> | null = null;
    let first: Position | null = null;
    for (;;) {
      const path = pathOf(selectorFor(state, options.selector()), limit, from);
      const answer = await api.request(path, { signal });
      if (answer.status !== 200) {
        const trouble = await readTrouble(answer);
        expired += 1;
        if (trouble.kind !== "gone" || trouble.continueFrom === null || expired > MAX_EXPIRED_IN_A_ROW) {
          return endWith(trouble);
        }
        from = trouble.continueFrom;
        continue;
      }
      options.onAccepted(answer);
      start ??= startOf(state);
      const { at, backlog } = start;
      let malformed = 0;
      let bytes = 0;
      let events = 0;
      const reader = createPageReader({ oversized: () => (malformed += 1) });
      for await (const chunk of answer.body) {
        const objects = reader.push(chunk);
        bytes += chunk.length;
        events += objects.length + malformed;
        metrics.watchBytes.inc(chunk.length);
        if (malformed > 0) metrics.linesOversized.inc(malformed);
        const items = objects.map((object) => ({ object, backlog }));
        if (items.length + malformed > 0)
          yield { items, skipped: 0, malformed, deleted: 0, position: null, synced: false };
        malformed = 0;
      }
      const page = reader.end();
      const version = resourceVersionOf(page);
      if (page === null || version === "") {
        return endWith({ kind: "failed", message: "the list is not a list", retryAfterMs: null });
      }
      first ??= { source: name, version, at };
      from = continueOf(page);
      if (from === null) {
        yield { items: [], skipped: 0, malformed: 0, deleted: 0, position: first, synced: true };
        return { step: "stream" };
      }
      expired = 0;
      limit = nextLimit(limit, bytes, events);
    }
  };
}
