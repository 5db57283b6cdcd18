import type { Match } from "../../model/match.ts";
import type { Answer } from "./clause.ts";

/** What lay in the cluster before the watch began fills windows and tells nobody. */
export function askHistory({ seen }: Match): Answer {
  return seen.history ? "history" : "pass";
}
