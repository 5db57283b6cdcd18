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
