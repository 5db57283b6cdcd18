import type { Severity } from "./rule.ts";

/** A value with what it is called. */
export interface Fact {
  readonly label: string;
  readonly value: string;
}

/**
 * An alert in words, in the language of the configuration and without any receiver's dialect: clean text, not yet
 * escaped. `mentions` come from the configuration, never from an Event.
 */
export interface Message {
  readonly title: string;
  readonly severity: Severity;
  readonly resolved: boolean;
  readonly facts: readonly Fact[];
  /** An Event's own message, or the sentence that says what happened. Stands behind `facts`. */
  readonly lead: string;
  /** What `lead` is called where every text has a label; empty for a sentence. */
  readonly leadLabel: string;
  readonly lines: readonly string[];
  readonly hints: readonly string[];
  readonly commands: readonly string[];
  readonly mentions: readonly string[];
  readonly links: readonly { readonly text: string; readonly url: string }[];
  /** The rule it comes from; null: of none. */
  readonly rule: Fact | null;
  /** The whole in one plain line, for receivers and fallbacks that take no more. */
  readonly summary: string;
}
