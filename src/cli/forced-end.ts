import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";

/** A little less than the 10 s within which an engine that is told to stop has ended. */
const STOP_MS = 9_500;

export interface ForcedEndOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the process. */
  readonly exit: () => void;
}

/**
 * Ends the process by force if it has not `ended` 9.5 s from now. What is stored is whole at any moment, so nothing is
 * lost: the next start goes on from there.
 */
export async function endByForce({ clock, logger, exit }: ForcedEndOptions, ended: AbortSignal): Promise<void> {
  await clock.sleep(STOP_MS, ended).catch(() => {});
  if (ended.aborted) return;
  logger.error("not everything has ended in time: the process ends all the same");
  exit();
}
