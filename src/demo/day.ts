import { createCluster, HOUR_MS } from "./cluster.ts";
import { nodeIncidents } from "./node-incidents.ts";
import { ordinaryLife } from "./ordinary-life.ts";
import { createRandom } from "./random.ts";
import { recordHappenings, type DayStep } from "./recorder.ts";
import { workloadIncidents } from "./workload-incidents.ts";

export interface DayOptions {
  /** Equal seeds give equal days. */
  readonly seed: number;
  /** Epoch ms of the first midnight; the day lasts 24 hours. */
  readonly startAt: number;
}

/**
 * A day in the life of a K3s cluster of three Raspberry Pis, as a watch of Events shows it: about 3,000 writes in order
 * of time, most of them about CronJobs that do what they should. Among them a node that drops out at night, a full SD
 * card, a crash loop, an image that is not there, a power cut, and texts that somebody wrote with bad intent.
 *
 * Counts, series and the gaps between writes are those that client-go's recorders make of what happens. The removal of
 * each Event after an hour is left out.
 */
export function createDay(options: DayOptions): readonly DayStep[] {
  const { seed, startAt } = options;
  const random = createRandom(seed);
  const cluster = createCluster(random);
  const endAt = startAt + 24 * HOUR_MS;
  const happenings = [
    ...ordinaryLife(random, cluster, startAt, endAt),
    ...nodeIncidents(random, cluster, startAt),
    ...workloadIncidents(random, cluster, startAt),
  ];
  return recordHappenings(happenings, random).filter(({ at }) => at < endAt);
}
