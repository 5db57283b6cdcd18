import type { KubeApi } from "../runtime/kube.ts";
import { continueOf, readTrouble, type Trouble } from "./answer.ts";
import { fieldsOf, parseJson } from "./fields.ts";
import { resourceVersionOf } from "./watch-line.ts";

/** One page of a list. */
export interface Page {
  readonly objects: readonly unknown[];
  readonly bytes: number;
  /** Where the watch goes on once the whole list is taken; null until the last page. */
  readonly resourceVersion: string | null;
}

export interface ListOptions {
  readonly api: KubeApi;
  /** Path of the collection. */
  readonly path: string;
  readonly fieldSelector: string;
  /** Events a page: 100 keeps what is parsed at once near 120 KB. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** A 410 in the middle of paging that offers a new continuation may come again; not for ever. */
const MAX_CONTINUATIONS = 10_000;

/**
 * Lists page by page. Ends with null when all pages are given, or with what went wrong. Rejects as `api.request`
 * does.
 *
 * The version handed out is the first page's: when the server has to continue inconsistently, later pages are newer,
 * and watching from the older version repeats a little but misses nothing.
 */
export async function* listPages(options: ListOptions): AsyncGenerator<Page, Trouble | null> {
  let from: string | null = null;
  let version: string | null = null;
  for (let taken = 0; taken < MAX_CONTINUATIONS; taken += 1) {
    const query = new URLSearchParams({ limit: String(options.limit) });
    if (options.fieldSelector) query.set("fieldSelector", options.fieldSelector);
    if (from !== null) query.set("continue", from);
    const answer = await options.api.request(`${options.path}?${query.toString()}`, { signal: options.signal });
    if (answer.status !== 200) {
      const { trouble, continueFrom } = await readTrouble(answer);
      if (trouble.kind === "gone" && continueFrom !== null) {
        from = continueFrom;
        continue;
      }
      return trouble;
    }
    const text = await answer.text();
    const body = parseJson(text);
    const objects: unknown = fieldsOf(body)["items"];
    if (!Array.isArray(objects)) return { kind: "failed", message: "the list is not a list", retryAfterMs: null };
    version ??= resourceVersionOf(body);
    from = continueOf(body);
    yield {
      objects,
      bytes: Buffer.byteLength(text),
      resourceVersion: from === null ? version : null,
    };
    if (from === null) return null;
  }
  return { kind: "failed", message: "the list does not end", retryAfterMs: null };
}
