import type { Held, PassedMatch } from "../../src/model/match.ts";
import type { Rule } from "../../src/model/rule.ts";
import { anEvent, seenOnce } from "./events.ts";
import { aRule } from "./rules.ts";

type EventParts = NonNullable<Parameters<typeof anEvent>[0]>;

/** A match of one Event that passed everything, for receiver `feishu`. */
export function aPassedMatch(
  event: EventParts = {},
  over: { rule?: Partial<Rule>; held?: Held; receivers?: readonly string[] } = {},
): PassedMatch {
  return {
    match: { rule: aRule({ name: "crash-loop", ...over.rule }), seen: seenOnce(anEvent(event)), group: "g" },
    receivers: over.receivers ?? ["feishu"],
    held: over.held ?? null,
  };
}
