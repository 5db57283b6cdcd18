import type { Outcome } from "../model/delivery.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Channel, Item } from "./kind.ts";

/** How long an attempt may go on after the stop: most end by themselves, and then their outcome is known. */
const GRACE_MS = 6000;
/** How long it may take to end once it is aborted. */
const ABORT_MS = 1000;

/**
 * Sends, and answers within 7 s of the stop whatever the channel does: after a grace the attempt is aborted, and when
 * even that does not end it, the answer is null and what came of it is never known.
 */
export async function attempt(
  channel: Pick<Channel, "send">,
  items: readonly Item[],
  stop: AbortSignal,
  clock: Pick<Clock, "sleep">,
): Promise<readonly Outcome[] | null> {
  const aborting = new AbortController();
  const ended = new AbortController();
  const { promise: left, resolve: leave, reject: fail } = Promise.withResolvers<null>();
  const limit = async (): Promise<void> => {
    try {
      await clock.sleep(GRACE_MS, ended.signal);
      aborting.abort(new Error("the engine stops"));
      await clock.sleep(ABORT_MS, ended.signal);
      leave(null);
    } catch (error) {
      if (!ended.signal.aborted) fail(error);
    }
  };
  const onStop = (): void => void limit();
  if (stop.aborted) onStop();
  else stop.addEventListener("abort", onStop, { once: true });
  try {
    return await Promise.race([channel.send(items, aborting.signal), left]);
  } finally {
    stop.removeEventListener("abort", onStop);
    ended.abort();
  }
}
