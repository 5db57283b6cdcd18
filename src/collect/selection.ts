import type { RuleSet } from "../model/rule.ts";
import { createPrefilter, type Prefilter } from "./prefilter.ts";
import { deriveSelector } from "./pushdown.ts";

/** Which Events are asked for and looked at, by the rules in force. */
export interface Selection {
  /** Answers whether the API server is asked for other Events than before. */
  use(ruleSet: RuleSet): boolean;
  /** Field selector for the API server; empty for none. */
  selector(): string;
  /** Asked for each line by the rules in force then: a watch outlives a reload that leaves the selector alone. */
  skip(): Prefilter;
}

/** Starts without a selector, skipping nothing. */
export function createSelection(): Selection {
  let selector = "";
  let prefilter: Prefilter = () => null;
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
