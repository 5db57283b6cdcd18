import type { Delivery, Outcome } from "../model/delivery.ts";
import type { Clock } from "../runtime/clock.ts";
import type { LastingClock } from "../runtime/lasting-clock.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { type Circuit, type CircuitState, createCircuit } from "./circuit.ts";
import { type Conclusion, conclude, type Failure, type NextStep } from "./conclude.ts";
import type { Random } from "./retry.ts";
import { createUnknownAnswers } from "./unknown-answers.ts";

/** How one receiver is doing. */
export interface ReceiverState {
  readonly circuit: CircuitState;
  /** Of the last attempt: `delivered`, or the outcome's reason; null before the first. */
  readonly lastOutcome: string | null;
  readonly waiting: number;
  /** The last answer that is not known to us, as long as deliveries wait that had one. */
  readonly unknownAnswer: { readonly reason: string; readonly detail: string; readonly deliveries: number } | null;
}

export interface ReceiverOptions {
  readonly receiver: string;
  /** Whether its kind has plainer words for what is refused. */
  readonly hasPlainerWords: boolean;
  /** For the log. */
  readonly waiting: () => number;
  readonly clock: Pick<Clock, "monotonic">;
  readonly lasting: Pick<LastingClock, "now">;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "attempts">;
  readonly random: Random;
}

/** What is known of one receiver, in memory: it begins anew with each start and each change of its settings. */
export interface Receiver {
  readonly circuit: Pick<Circuit, "state" | "waitMs">;
  /** The receiver has it. */
  delivered(delivery: Delivery): void;
  /** Says what becomes of the delivery. */
  failed(delivery: Delivery, failure: Failure): NextStep;
  state(): ReceiverState;
}

/** Learns from each outcome, counts it and logs what a person should know. */
export function createReceiver(options: ReceiverOptions): Receiver {
  const { receiver, hasPlainerWords, waiting, logger, metrics, random } = options;
  const circuit = createCircuit(options.clock, random);
  const unknownAnswers = createUnknownAnswers(options.lasting);
  let lastUnknown = { reason: "", detail: "" };
  let lastOutcome: string | null = null;
  let tookPrevious = false;

  const count = (outcome: Outcome): void => {
    lastOutcome = outcome.kind === "delivered" ? "delivered" : outcome.reason;
    metrics.attempts.inc({ receiver, outcome: lastOutcome });
  };

  const closeCircuit = (): void => {
    const brokenMs = circuit.close();
    if (brokenMs === null) return;
    const seconds = Math.round(brokenMs / 1000);
    logger.info({ receiver, seconds, waiting: waiting() }, "receiver takes notifications again");
  };

  const openCircuit = (state: "open" | "misconfigured", { reason, detail, afterMs }: Failure): void => {
    if (!circuit.open(state, afterMs)) return;
    const said = { receiver, reason, detail, waiting: waiting() };
    if (state === "open") logger.warn(said, "receiver does not take notifications; they wait");
    else logger.error(said, "receiver is misconfigured; notifications wait until that is changed");
  };

  const log = (delivery: Delivery, { kind, reason, detail }: Failure, { step }: Conclusion, isNew: boolean): void => {
    const said = { ...labelsOf(delivery), reason, detail };
    if (step.kind === "dead") logger.error(said, "notification given up");
    else if (kind === "unknown" && isNew) {
      logger.warn(said, "receiver gave an answer that is not known; it is asked again while others go on");
    } else if (kind === "refused") logger.warn(said, "refused; plainer words are tried");
    else logger.debug(said, "not delivered; will be tried again");
  };

  return {
    circuit,
    delivered(delivery) {
      count({ kind: "delivered" });
      tookPrevious = true;
      unknownAnswers.taken(delivery.row);
      closeCircuit();
      logger.debug(labelsOf(delivery), "delivered");
    },
    failed(delivery, failure) {
      count(failure);
      const isNew = unknownAnswers.count() === 0;
      if (failure.kind === "unknown") lastUnknown = { reason: failure.reason, detail: failure.detail };
      const conclusion = conclude(delivery, failure, { tookPrevious, hasPlainerWords, unknownAnswers, random });
      tookPrevious = false;
      if (conclusion.circuit === "close") closeCircuit();
      else if (conclusion.circuit !== "keep") openCircuit(conclusion.circuit, failure);
      log(delivery, failure, conclusion, isNew);
      return conclusion.step;
    },
    state() {
      const deliveries = unknownAnswers.count();
      return {
        circuit: circuit.state(),
        lastOutcome,
        waiting: waiting(),
        unknownAnswer: deliveries === 0 ? null : { ...lastUnknown, deliveries },
      };
    },
  };
}

function labelsOf({ receiver, alert, attempts }: Delivery): Readonly<Record<string, unknown>> {
  return { receiver, rule: alert.rule?.name, alert: alert.id, attempt: attempts + 1 };
}
