import type { Clock } from "../runtime/clock.ts";
import type { KubeResponse } from "../runtime/kube.ts";

/**
 * The time at the API server. Events are judged by it rather than by our own clock, which may say 1970 until NTP
 * answers.
 */
export interface ServerTime {
  /** Learns it from the `Date` of an answer that has just come, if it has one. */
  read(answer: Pick<KubeResponse, "headers">): void;
  /** Epoch ms, up to a second early; our own clock's before any answer told. */
  now(): number;
}

export function createServerTime(clock: Pick<Clock, "now" | "monotonic">): ServerTime {
  let told: { readonly epochMs: number; readonly at: number } | null = null;
  return {
    read({ headers }) {
      const epochMs = Date.parse(headers["date"] ?? "");
      if (Number.isFinite(epochMs)) told = { epochMs, at: clock.monotonic() };
    },
    now: () => (told ? told.epochMs + (clock.monotonic() - told.at) : clock.now()),
  };
}
