import type { Source } from "./collect/source.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Diagnostic } from "./model/diagnostic.ts";
import type { Progress } from "./progress.ts";
import type { Clock } from "./runtime/clock.ts";
import type { Database } from "./runtime/database.ts";
import type { Condition } from "./runtime/server.ts";

export interface Health {
  /**
   * False when the watch has shown no sign of life for long, unless it waits for room in the outbox; or when the
   * outbox cannot be written.
   */
  readonly health: () => Condition;
  /** False until the cluster's state has been read, and while the API server does not let us watch. */
  readonly readiness: () => Condition;
  /** What is wrong with the newest rules or configuration, for people to see; none and undefined: nothing. */
  refuse(diagnostics: readonly Diagnostic[], detail: string | undefined): void;
}

export interface HealthOptions {
  readonly source: Pick<Source, "progress">;
  readonly progress: Pick<Progress, "isBehind">;
  readonly database: Pick<Database, "writable">;
  readonly deliveries: Pick<Deliveries, "state">;
  readonly clock: Clock;
}

/** Two watches of 300 s with their slack. An API server that is away this long is worth a restart that costs nothing. */
const SILENCE_MS = 630_000;
/** Each look at the disk writes a page; the kubelet asks far more often than a disk breaks. */
const DISK_LOOK_PAUSE_MS = 60_000;
/** How many mistakes `/readyz` shows. */
const SHOWN_DIAGNOSTICS = 10;

/** See `Health`. A receiver that cannot be reached makes neither false: days offline are normal, and nothing is lost. */
export function createHealth({ source, progress, database, deliveries, clock }: HealthOptions): Health {
  let refused: Record<string, unknown> | null = null;
  /** When a full outbox was last seen to hold the watch up: a restart would not help it. */
  let heldUpAt = -Infinity;
  let disk = { writable: true, at: -Infinity };

  const writable = (): boolean => {
    const now = clock.monotonic();
    // A disk that failed is asked each time, so that it is healthy again at once.
    if (!disk.writable || now - disk.at >= DISK_LOOK_PAUSE_MS) disk = { writable: database.writable(), at: now };
    return disk.writable;
  };

  return {
    health() {
      const now = clock.monotonic();
      if (progress.isBehind()) heldUpAt = now;
      const silentMs = Math.round(now - Math.max(source.progress().lastActivityAt, heldUpAt));
      const outboxWritable = writable();
      return { ok: silentMs < SILENCE_MS && outboxWritable, details: { watchSilentMs: silentMs, outboxWritable } };
    },
    readiness() {
      const { connected, synced, refused: refusal } = source.progress();
      return {
        ok: synced && refusal === null,
        details: {
          watch: { connected, synced, refused: refusal },
          receivers: Object.fromEntries(deliveries.state()),
          reload: refused ? { refused: true, ...refused } : { refused: false },
        },
      };
    },
    refuse(diagnostics, detail) {
      const errors = diagnostics.filter((one) => one.severity === "error");
      if (errors.length === 0 && detail === undefined) {
        refused = null;
        return;
      }
      refused = {
        errors: errors.length,
        detail,
        diagnostics: errors.slice(0, SHOWN_DIAGNOSTICS).map((one) => {
          return `${one.file}:${one.line}:${one.column} ${one.code} ${one.message}`;
        }),
      };
    },
  };
}
