/** What became of a day, from the engine's own counters. */
export interface Summary {
  readonly received: number;
  readonly readBytes: number;
  readonly unmatched: number;
  readonly dropped: number;
  /** Repeats without news, and the end of an Event's hour. */
  readonly replayed: number;
  readonly matched: number;
  readonly matches: number;
  readonly belowThreshold: number;
  readonly throttled: number;
  readonly sent: number;
  readonly waiting: number;
  readonly sentBytes: number;
}

/** The summary as a table for a terminal; every Event is in exactly one line of its first part. */
export function sumUp(summary: Summary): string {
  const rows: readonly (readonly [string, number, string])[] = [
    ["events", summary.received, "watch updates that reached the engine"],
    ["  replayed", summary.replayed, "nothing new: an Event's hour was over, or a repeat already counted"],
    ["  unmatched", summary.unmatched, "no rule was interested"],
    ["  dropped", summary.dropped, "ended by a drop"],
    ["  matched", summary.matched, "a rule's condition held"],
    ["suppressed", summary.belowThreshold + summary.throttled, "matches that stayed quiet"],
    ["  threshold", summary.belowThreshold, "had not happened often enough"],
    ["  throttle", summary.throttled, "had been told already; the next card says how many"],
    ["sent", summary.sent, "cards the bot accepted"],
    ["waiting", summary.waiting, "stored, not delivered"],
    ["bytes in", summary.readBytes, "from the API server, inside the cluster"],
    ["bytes out", summary.sentBytes, "of request bodies to Feishu, on the metered link"],
  ];
  const width = Math.max(...rows.map(([, value]) => grouped(value).length));
  return rows.map(([name, value, what]) => `${name.padEnd(12)} ${grouped(value).padStart(width)}  ${what}`).join("\n");
}

function grouped(value: number): string {
  return value.toLocaleString("en-US");
}
