import type { Severity } from "./rule.ts";

/**
 * An alert in words, in the language of the configuration and without any receiver's dialect: clean text, not yet
 * escaped. `mentions` come from the configuration, never from an Event.
 */
export interface Message {
  readonly title: string;
  readonly severity: Severity;
  readonly resolved: boolean;
  /** The first sentence: an Event's own message, or what the alert says. */
  readonly lead: string;
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  readonly lines: readonly string[];
  readonly hints: readonly string[];
  readonly commands: readonly string[];
  readonly mentions: readonly string[];
  readonly links: readonly { readonly text: string; readonly url: string }[];
  /** The whole in one plain line, for receivers and fallbacks that take no more. */
  readonly summary: string;
}
