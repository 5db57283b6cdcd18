import type { ApiServer } from "../emulator/api-server.ts";
import type { Clock } from "../runtime/clock.ts";
import type { DayStep } from "./recorder.ts";

/** The API server's `--event-ttl`. */
const EVENT_TTL_MS = 3_600_000;

/**
 * Writes the day's Events into the API server, each at its time, and deletes each an hour after its last write. Ends
 * with the day, or when aborted.
 */
export async function playDay(
  day: readonly DayStep[],
  server: Pick<ApiServer, "events">,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const writtenAt = new Map<string, number>();
  for (const { at, kind, event } of day) {
    const wait = at - clock.now();
    if (wait > 0) await clock.sleep(wait, signal).catch(() => {});
    if (signal.aborted) return;
    const { name } = event.metadata;
    for (const [old, time] of writtenAt) {
      // In order of their last write, so the first that is young enough ends the search.
      if (at - time < EVENT_TTL_MS) break;
      writtenAt.delete(old);
      server.events.delete(old);
    }
    if (kind === "create") server.events.create({ ...event });
    else server.events.patch(name, { ...event });
    writtenAt.delete(name);
    writtenAt.set(name, at);
  }
}
