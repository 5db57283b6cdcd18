import type { Trouble } from "./answer.ts";
import type { Backlog, Batch, Position } from "./source.ts";

/** How a list or a watch ended. Closed: `settle` switches over it. */
export type Ending =
  | Trouble
  | { readonly kind: "ended"; readonly lastedMs: number }
  /** By us: a restart, or the end of everything. */
  | { readonly kind: "stopped" }
  /** The server does not stream the initial state; it must be listed. */
  | { readonly kind: "unstreamed" };

/** All that a step needs to know of the ones before it. */
export interface ReflectorState {
  readonly step: StepName;
  /** Of the last batch that the consumer took. */
  readonly position: Position | null;
  /** The cluster's state has been given in full, and the watch can go on from the position. */
  readonly isListed: boolean;
  /**
   * Whether the API server's datastore is still the one that the position is of. A watch from a version of its future
   * is accepted and stays silent, so after a start or an outage the version must prove itself first.
   */
  readonly datastore: "unverified" | "same" | "rebuilt";
  /** Which the server did not understand. */
  readonly refusedSelector: string | null;
  /** Set while the server does not let us watch. */
  readonly refused: { readonly status: number; readonly message: string } | null;
  readonly ending: Ending;
  /** Until the next try. */
  readonly waitMs: number;
  /** Monotonic ms of the last time that a version had expired. */
  readonly goneAt: number;
}

export type StepName = "verify" | "stream" | "list" | "settle" | "wait";

/** What a step changes: the next step, and what it has learnt. Positions move by the batches it gives. */
export type Change = Partial<Omit<ReflectorState, "step" | "position">> & Pick<ReflectorState, "step">;

/** Talks to the API server, gives batches, and says what comes next. Rejects as `KubeApi.request` does. */
export type Step = (state: ReflectorState, signal: AbortSignal) => AsyncGenerator<Batch, Change>;

/** A step that gives no batches. */
export function quietStep(act: (state: ReflectorState, signal: AbortSignal) => Change | Promise<Change>): Step {
  // oxlint-disable-next-line require-yield -- see above
  return async function* (state, signal) {
    return act(state, signal);
  };
}

export function endWith(ending: Ending): Change {
  return { step: "settle", ending };
}

/** How a list that begins now tells news from history. `now`: the time at the API server. */
export function backlogOf({ position, datastore }: ReflectorState, now: number, maxAgeMs: number): Backlog {
  if (position === null) return { kind: "first", seenAfter: now - maxAgeMs };
  return { kind: datastore === "rebuilt" ? "rebuilt" : "gap", after: position };
}

/** The wished selector, unless the server refused it. */
export function selectorFor({ refusedSelector }: ReflectorState, wished: string): string {
  return wished === refusedSelector ? "" : wished;
}
