import type { Severity } from "./rule.ts";

/**
 * What one receiver is to be told, rendered: `body` is the receiver's own format, complete but for what must be
 * made at each attempt (a signature). It holds no secret.
 */
export interface Notification {
  readonly receiver: string;
  /** Name of the rule that sent it. */
  readonly rule: string;
  readonly severity: Severity;
  readonly body: string;
  /** The same in one plain line, for receivers and fallbacks that take no layout. */
  readonly summary: string;
}
