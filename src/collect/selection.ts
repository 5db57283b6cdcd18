import type { RuleSet } from "../model/rule.ts";
import { createPrefilter, type Prefilter } from "./prefilter.ts";
import { deriveSelector } from "./pushdown.ts";

/** Which Events are asked for and looked at, by the rules in force. */
export interface Selection {
  /** Answers whether the API server is asked for other Events than before. */
  use(ruleSet: RuleSet): boolean;
  /** Field selector for the API server; empty for none. */
  readonly selector: () => string;
  /** Asked for each line by the rules in force then: a watch outlives a reload that leaves the selector alone. */
  readonly skip: () => Prefilter;
}

function skipNothing(): null {
  return null;
}

/** Starts without a selector, skipping nothing. */
export function createSelection(): Selection {
  let selector = "";
  let prefilter: Prefilter = skipNothing;
  return {
    use(ruleSet) {
      const before = selector;
      prefilter = createPrefilter(ruleSet);
      selector = deriveSelector(ruleSet);
      return selector !== before;
    },
    selector: () => selector,
    skip: () => (line) => prefilter(line),
  };
}
