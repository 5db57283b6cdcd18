import type { Alert } from "./alert.ts";
import type { Severity } from "./rule.ts";

/** A notification on disk. `id` stays the same over all attempts. */
export interface OutboxEntry {
  readonly id: number;
  readonly receiver: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly body: string;
  readonly summary: string;
  /** Epoch ms. */
  readonly createdAt: number;
  /** Attempts made so far. */
  readonly attempts: number;
}

/**
 * What one attempt came to. Closed: the dispatcher switches over it.
 *
 * `detail` is for people and free of secrets. `reason` is a closed set per receiver kind, fit for a metric label.
 */
export type DeliveryOutcome =
  | { readonly kind: "delivered" }
  | {
      readonly kind: "retry";
      readonly reason: string;
      readonly detail: string;
      /** The receiver's own wish, if it had one. */
      readonly afterMs?: number;
    }
  /** The receiver refuses this body for good; `fallback`, if given, is a plainer body to try at once instead. */
  | { readonly kind: "refused"; readonly reason: string; readonly detail: string; readonly fallback?: string }
  /** Nothing can be delivered until a person mends the receiver's configuration. */
  | { readonly kind: "misconfigured"; readonly reason: string; readonly detail: string };

/** Code that calls one receiver. Never throws for anything the world does. */
export interface Sender {
  send(entry: OutboxEntry, signal: AbortSignal): Promise<DeliveryOutcome>;
  close(): Promise<void>;
}

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
