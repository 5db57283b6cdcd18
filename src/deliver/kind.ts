import type { Delivery, Outcome } from "../model/delivery.ts";
import type { Message } from "../model/message.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Metrics } from "../runtime/metrics.ts";
import type { Redactor } from "../runtime/secret.ts";
import type { Allowance } from "./budget.ts";
import type { Dialect } from "./dialect.ts";

/** A receiver of the configuration; `settings` are the kind's own and known to it alone. Survives JSON. */
export interface ReceiverSettings {
  readonly name: string;
  readonly kind: string;
  readonly settings: unknown;
}

/** One delivery with its words, made when they are asked for. */
export interface Item {
  readonly delivery: Delivery;
  /** The alert in words, its lead cut to so many characters. */
  readonly message: (maxLead: number) => Message;
  /**
   * The layout of the configuration rendered for the kind's dialect, its message cut to so many characters; null where
   * the rule names none, the alert's kind takes none, or the delivery is to be plainer. A body of version 0.1 made for
   * this kind stands in a layout's place.
   */
  readonly layout: ((maxLead: number) => unknown) | null;
  /** The receiver's own id of the message to change; null: a new one. */
  readonly edits: string | null;
}

/** An open way to one receiver. Never throws for anything the world does. */
export interface Channel {
  /** One outcome for each item, in their order. An attempt ends by itself within some 10 s, whatever happens. */
  send(items: readonly Item[], signal: AbortSignal): Promise<readonly Outcome[]>;
  close(): Promise<void>;
}

/** What a kind may use of the engine. */
export interface World {
  readonly clock: Clock;
  /** For time limits of connections. */
  readonly networkClock: Clock;
  readonly metrics: Metrics;
  readonly redactor: Redactor;
  /** Prints one line to standard output. Resolves once it is written; rejects with the system's error. */
  readonly print: (line: string) => Promise<void>;
}

export interface Limits {
  /** Largest body aimed at, in UTF-8 bytes. */
  readonly bytes: number;
  /** Most lines of a digest that fit into one message. */
  readonly lines: number;
  readonly pace: readonly Allowance[];
}

/** A kind of receiver: all that the engine knows of it. One folder each, listed in `kinds.ts`. */
export interface ReceiverKind<Settings> {
  /** `message`: words for people. `alert`: the stored alert itself, for machines. */
  readonly takes: "message" | "alert";
  /** Most items of one `send`. */
  readonly batch: number;
  /**
   * Whether one commit may record many deliveries: only where a repeat after a kill does no harm, as on standard
   * output.
   */
  readonly local: boolean;
  /** How long a message can be changed after it was sent, ms; 0: never. */
  readonly editableMs: number;
  readonly dialect: Dialect;
  readonly limits: Limits;
  /** Who shares pace and bytes: receivers with the same destination are one to the other side. Hashed, not secret. */
  destination(settings: Settings, world: World): string;
  open(receiver: string, settings: Settings, world: World): Channel;
}
