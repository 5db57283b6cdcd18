import type { Event } from "./event.ts";
import type { Held } from "./match.ts";
import type { Severity } from "./rule.ts";

/** The rule as it was when the alert was made: it may be gone from the set when the alert is told. */
export interface AlertRule {
  readonly key: string;
  readonly name: string;
  /** Name behind `using`; null for the receiver's own way of writing. */
  readonly template: string | null;
  /** `with name=text`: Handlebars texts, rendered when the alert is told. At most 2 KiB in all. */
  readonly values: Readonly<Record<string, string>>;
}

interface AlertBase {
  readonly v: 1;
  /** 26 characters, made of the decision and nothing else: see `alertId`. */
  readonly id: string;
  /** Wall clock, epoch ms: for people only. */
  readonly at: number;
  readonly cluster: string;
  /** The cluster or namespace whose share of the receivers it uses; empty where there is one owner. */
  readonly owner: string;
  readonly severity: Severity;
  /** Null: the alert is not of a rule. */
  readonly rule: AlertRule | null;
  /** Values of the rule's `by` fields with their names, in the rule's order. */
  readonly group: readonly (readonly [field: string, value: string])[];
}

/** The Event an alert tells of, and what led to it. */
export interface Occurrence {
  /** Clipped: see `clipEvent`. */
  readonly event: Event;
  /** New occurrences this Event brought. */
  readonly occurrences: number;
  readonly held: Held | null;
  /** Labels used and what else was looked up. */
  readonly facts: Readonly<Record<string, string>>;
  /** Other statements whose condition held for the Event, with how they ended; at most 16. */
  readonly met: readonly (readonly [statement: string, verdict: string])[];
}

/** One group of what a digest stands for. */
export interface DigestLine {
  readonly severity: Severity;
  readonly rule: string;
  /** The group in words. */
  readonly label: string;
  readonly alerts: number;
  readonly occurrences: number;
  /** Epoch ms. */
  readonly from: number;
  readonly to: number;
  /** The newest of it in one line. */
  readonly newest: string;
  /** Part of it may have been told before. */
  readonly unsure: boolean;
}

export type DigestWhy = "rule" | "flood" | "offline" | "quiet" | "budget" | "age" | "full" | "start";

/**
 * What a person is to be told, as plain data that survives JSON. It names no receiver's words and holds no markup:
 * what to say is made when it is said.
 */
export type Alert = AlertBase &
  (
    | ({ readonly kind: "event" } & Occurrence)
    /** What `about` told of is over. */
    | ({ readonly kind: "resolved"; readonly about: string; readonly lastedMs: number } & Occurrence)
    | { readonly kind: "absent"; readonly forMs: number; readonly last: Event | null }
    | {
        readonly kind: "digest";
        readonly why: DigestWhy;
        readonly from: number;
        readonly to: number;
        /** At most 50. */
        readonly lines: readonly DigestLine[];
        /** What found no room in `lines`. */
        readonly more: { readonly groups: number; readonly alerts: number; readonly occurrences: number };
      }
    /** About kubewhen itself. `cause` is a word of a closed set, `details` fill the sentence made of it. */
    | { readonly kind: "notice"; readonly cause: string; readonly details: Readonly<Record<string, string>> }
    | { readonly kind: "test" }
    /** Of version 0.1: rendered when it was stored. */
    | { readonly kind: "ready"; readonly bodyKind: string; readonly body: string; readonly summary: string }
  );

/** An alert and the receivers it is for, each named once. */
export interface AddressedAlert {
  readonly alert: Alert;
  readonly receivers: readonly string[];
}
