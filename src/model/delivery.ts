import type { Alert } from "./alert.ts";

/** `merged`: it ended in another alert that tells of it. */
export type DeliveryState = "waiting" | "delivered" | "dead" | "merged";

/** How plain the words are: 0 as composed, 1 plainer, 2 one line of text. It only ever grows. */
export type Plainness = 0 | 1 | 2;

/** One alert for one receiver. */
export interface Delivery {
  /** Row of the alert in the outbox; with `receiver` it names the delivery. */
  readonly row: number;
  readonly receiver: string;
  readonly alert: Alert;
  /** At most 50 characters, equal at every attempt: receivers that can will tell a repeated one by it. */
  readonly key: string;
  readonly state: DeliveryState;
  /** Lasting clock, ms; null: at once. */
  readonly dueAt: number | null;
  /** Attempts that were answered, or may have arrived. */
  readonly attempts: number;
  /** Attempts in a row that may have arrived and had no answer. */
  readonly unsure: number;
  readonly plain: Plainness;
  /** Of the last attempt; empty before the first. */
  readonly reason: string;
  /** The receiver's own id of the message, once it is delivered. */
  readonly remote: string | null;
}

/** Whether the request reached the receiver: `perhaps` where it may have, and no answer came. */
export type Arrived = "no" | "perhaps" | "yes";

/**
 * What one attempt came to. Closed: the dispatcher switches over it.
 *
 * `detail` is for people and free of secrets. `reason` is a closed set per receiver kind, fit for a metric label.
 */
export type Outcome =
  | { readonly kind: "delivered"; readonly remote?: string }
  | {
      /**
       * `retry`: it may pass by itself. `misconfigured`: a person must change the receiver's configuration.
       * `refused`: a known code of the receiver condemns this body. `unknown`: an answer of the receiver that may lie
       * in this body or not.
       */
      readonly kind: "retry" | "misconfigured" | "refused" | "unknown";
      readonly reason: string;
      readonly detail: string;
      /** The receiver's own wish, if it had one. */
      readonly afterMs?: number;
      readonly arrived: Arrived;
    };
