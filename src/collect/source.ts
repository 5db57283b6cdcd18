/**
 * How far a source has been read. Only the source that made it knows what its version means; a position of another
 * source says nothing.
 */
export interface Position {
  readonly source: string;
  readonly version: string | null;
  /** Epoch ms, of the clock by which the source's Events are stamped as far as that is known. */
  readonly at: number;
}

/** What lay in the cluster before it was read, and what of it is news. */
export type Backlog =
  /** Nothing was ever read: news is what was seen after this, epoch ms. */
  | { readonly kind: "first"; readonly seenAfter: number }
  /** News is what came after the position. */
  | { readonly kind: "gap"; readonly after: Position }
  /** The source was set up anew or from a backup since: its versions cannot be compared with the position's. */
  | { readonly kind: "rebuilt"; readonly after: Position };

export interface SourceItem {
  /** Not yet known to be an Event. */
  readonly object: unknown;
  /** Null: it happened while we watched. */
  readonly backlog: Backlog | null;
}

/** What one read of a source brought. Received are `items`, `skipped`, `malformed` and `deleted` together. */
export interface Batch {
  readonly items: readonly SourceItem[];
  /** Events that no rule can match, told apart on their bytes. */
  readonly skipped: number;
  /** What is no Event, or too long to be one. */
  readonly malformed: number;
  /** Events whose hour is over, which is no occurrence. They count as replayed. */
  readonly deleted: number;
  /** How far the source is read once this batch is stored; null when it moves nothing. */
  readonly position: Position | null;
  /** Whether, this batch included, the state the cluster was in has been given in full. */
  readonly synced: boolean;
}

export interface SourceProgress {
  /** An answer is being read, or the last one ended well less than a second ago. */
  readonly connected: boolean;
  readonly synced: boolean;
  /** Monotonic ms of the last sign of life: bytes, a ping's answer, an accepted request. */
  readonly lastActivityAt: number;
  /** Set while the source does not let us read. The message holds no secret. */
  readonly refused: { readonly status: number; readonly message: string } | null;
}

/** Where Events come from. */
export interface Source {
  readonly name: string;
  /**
   * Reads until the signal is aborted, and then returns; whatever the world does, it goes on. One batch per read, and
   * the next read only when the consumer asks for it: a consumer that stores before it asks again loses nothing, and
   * one that is slow slows the source. To be called once.
   */
  events(signal: AbortSignal): AsyncGenerator<Batch, void>;
  progress(): SourceProgress;
  /**
   * Gives the state the cluster is in once more, selected as it is wished now. What came after the last stored position
   * is news, however long ago that was.
   */
  restart(): void;
}
