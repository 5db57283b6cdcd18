import { alertId } from "../model/alert-id.ts";
import type { AddressedAlert } from "../model/alert.ts";
import type { Event, Looked } from "../model/event.ts";
import type { Statement } from "../model/rule.ts";
import type { Clock } from "../runtime/clock.ts";
import { clipText } from "./clip.ts";

/** Tells the receivers of rules that ask for labels which the API server does not let us read. */
export interface LookupNotices {
  /**
   * The notice that is due after an Event, if one is: for `unknown` statements whose look-up was forbidden, once an hour
   * for each kind of object and receiver.
   */
  take(event: Event, looked: Looked | null, unknown: readonly Statement[]): readonly AddressedAlert[];
}

export interface LookupNoticesOptions {
  /** For people. */
  readonly clock: Pick<Clock, "now">;
  readonly lasting: Pick<Clock, "now">;
}

const PAUSE_MS = 3_600_000;
/** Kinds are invented by whoever writes Events: beyond this many nobody is told until an hour is over. */
const MAX_TOLD = 256;
const MAX_KIND_LENGTH = 128;
const MAX_RULES_LENGTH = 512;

/** Nothing was told at first: a restart may tell once more. */
export function createLookupNotices({ clock, lasting }: LookupNoticesOptions): LookupNotices {
  /** Kind and receiver → when it was told, lasting ms; oldest first. */
  const toldAt = new Map<string, number>();

  const forgetOld = (now: number): void => {
    for (const [key, at] of toldAt) {
      if (now - at < PAUSE_MS) return;
      toldAt.delete(key);
    }
  };

  return {
    take(event, looked, unknown) {
      if (unknown.length === 0 || !looked || !("unknown" in looked) || looked.unknown !== "forbidden") return [];
      const now = lasting.now();
      forgetOld(now);
      const kind = clipText(event.involvedObject.kind, MAX_KIND_LENGTH);
      const rules = unknown.filter((statement) => statement.kind === "rule");
      const concerned = [...new Set(rules.flatMap((rule) => rule.receivers))];
      const receivers = concerned.filter((receiver) => {
        const key = `${receiver} ${kind}`;
        if (toldAt.has(key) || toldAt.size >= MAX_TOLD) return false;
        toldAt.set(key, now);
        return true;
      });
      if (receivers.length === 0) return [];
      const names = clipText(rules.map((rule) => rule.name).join(", "), MAX_RULES_LENGTH);
      const alert = {
        v: 1,
        kind: "notice",
        id: alertId(event.cluster, "labels-unknown", kind, now, "notice"),
        at: clock.now(),
        cluster: event.cluster,
        owner: "",
        severity: "warning",
        rule: null,
        group: [["kind", kind]],
        cause: "labels-unknown",
        details: { kind, rules: names },
      } as const;
      return [{ alert, receivers }];
    },
  };
}
