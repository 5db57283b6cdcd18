import type { SeenEvent } from "./event.ts";
import type { Rule } from "./rule.ts";

/** A rule whose condition held for an Event. */
export interface Match {
  readonly rule: Rule;
  readonly seen: SeenEvent;
  /** Values of the rule's `by` fields, joined; equal texts are one group. */
  readonly group: string;
}

/** Why a matched rule stayed quiet. */
export type SuppressedWhy = "threshold" | "throttle" | "history";

/** How one statement ended for one Event. */
export type Verdict = "unmatched" | "dropped" | "suppressed" | "silenced" | "covered" | "notified";

/** What the throttle held back of a group before the notification that now goes out. */
export interface Held {
  readonly count: number;
  /** When the first of them was held, epoch ms. */
  readonly since: number;
}

/** One statement's answer to one Event. */
export interface StatementVerdict {
  readonly statement: string;
  readonly line: number;
  readonly matched: boolean;
  readonly verdict: Verdict;
  readonly why: SuppressedWhy | null;
  /** Who is told because of this statement; empty unless `notified`. */
  readonly receivers: readonly string[];
}
