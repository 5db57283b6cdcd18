import type { Delivery, Outcome, Plainness } from "../model/delivery.ts";
import { type Random, retryDelayMs, unknownDelayMs } from "./retry.ts";
import type { UnknownAnswers } from "./unknown-answers.ts";

/** An attempt after which the receiver does not have the message, or may not have it. */
export type Failure = Exclude<Outcome, { readonly kind: "delivered" }>;

/** What becomes of a delivery after a failure. */
export type NextStep =
  /** The attempt did not arrive: it leaves no trace. */
  | { readonly kind: "stays" }
  /** The attempt counts. `afterMs` null: the delivery is due again as soon as its receiver is. */
  | { readonly kind: "put-off"; readonly afterMs: number | null; readonly unsure: boolean }
  | { readonly kind: "plainer"; readonly plain: Plainness }
  | { readonly kind: "dead" };

export interface Conclusion {
  readonly step: NextStep;
  /** What the failure says about the receiver itself; `keep`: nothing. */
  readonly circuit: "keep" | "close" | "open" | "misconfigured";
}

/** What a failure is weighed with. */
export interface Circumstances {
  /** The receiver took what was sent to it just before. */
  readonly tookPrevious: boolean;
  /** Whether there are plainer words to try: machines take the alert itself. */
  readonly hasPlainerWords: boolean;
  readonly unknownAnswers: Pick<UnknownAnswers, "add" | "ended">;
  readonly random: Random;
}

/** Reasons of `retry` that concern the one delivery: the receiver's others need not wait for it. */
const OWN_TROUBLES: ReadonlySet<string> = new Set(["in_flight", "internal_error"]);

/** Attempts in a row that may have arrived, after which others may be tried before this delivery. */
const UNSURE_ATTEMPTS = 3;

/**
 * Decides what a failure means for its delivery and for the receiver, and notes it in `unknownAnswers`.
 *
 * Trouble of the receiver opens its circuit and leaves the delivery due; trouble of one delivery puts off that one and
 * lets the others go. A delivery is given up only when plainer words were tried, and then by a code with which the
 * receiver refuses the body, or by an hour of unknown answers while others were taken.
 */
export function conclude(delivery: Delivery, failure: Failure, circumstances: Circumstances): Conclusion {
  const { unknownAnswers, random } = circumstances;
  switch (failure.kind) {
    case "retry": {
      if (failure.arrived === "no") return { step: { kind: "stays" }, circuit: "open" };
      const unsure = failure.arrived === "perhaps";
      if (!OWN_TROUBLES.has(failure.reason) && !followsTheDelivery(delivery, failure, circumstances)) {
        return { step: { kind: "put-off", afterMs: null, unsure }, circuit: "open" };
      }
      const afterMs = retryDelayMs({ failures: delivery.attempts + 1, afterMs: failure.afterMs ?? 0 }, random);
      return { step: { kind: "put-off", afterMs, unsure }, circuit: "keep" };
    }
    case "misconfigured": {
      if (failure.arrived === "no") return { step: { kind: "stays" }, circuit: "misconfigured" };
      return { step: { kind: "put-off", afterMs: null, unsure: false }, circuit: "misconfigured" };
    }
    case "refused": {
      const plain = plainer(delivery.plain, circumstances);
      if (plain === null) unknownAnswers.ended(delivery.row);
      // The receiver answered and judged this one body: it works itself.
      return { step: plain === null ? { kind: "dead" } : { kind: "plainer", plain }, circuit: "close" };
    }
    case "unknown": {
      const { othersTaken, bodyAtFault } = unknownAnswers.add(delivery.row);
      const plain = delivery.plain === 0 ? plainer(delivery.plain, circumstances) : null;
      if (plain !== null) return { step: { kind: "plainer", plain }, circuit: "keep" };
      if (bodyAtFault) {
        unknownAnswers.ended(delivery.row);
        return { step: { kind: "dead" }, circuit: "keep" };
      }
      const { attempts } = delivery;
      const afterMs = unknownDelayMs({ attempts, othersTaken, afterMs: failure.afterMs ?? 0 }, random);
      return { step: { kind: "put-off", afterMs, unsure: false }, circuit: "keep" };
    }
  }
}

/**
 * Whether trouble that looks like the receiver's is this delivery's: it had trouble before, and the receiver took the
 * one in between. A wish is about the receiver; and a delivery that may have arrived is tried alone at first.
 */
function followsTheDelivery(delivery: Delivery, failure: Failure, { tookPrevious }: Circumstances): boolean {
  if (!tookPrevious || delivery.attempts === 0 || failure.afterMs !== undefined) return false;
  return failure.arrived === "yes" || delivery.unsure + 1 >= UNSURE_ATTEMPTS;
}

/** The next plainer form, or null when there is none. */
function plainer(plain: Plainness, { hasPlainerWords }: Circumstances): Plainness | null {
  if (!hasPlainerWords || plain === 2) return null;
  return plain === 0 ? 1 : 2;
}
