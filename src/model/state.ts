/*
 * What deciding remembers, in a form that outlives the process. Moments are of the lasting clock, ms, so that a
 * restart needs no translation; bodies and slots are known to whoever wrote them and to nobody else.
 */

/** One group of one rule. */
export interface GroupKey {
  readonly ruleKey: string;
  /** Values of the rule's `by` fields, joined. */
  readonly group: string;
}

export interface GroupState extends GroupKey {
  /** What each clause keeps of the group, by the clause's name: plain data. */
  readonly slots: Readonly<Record<string, unknown>>;
}

/** Something that falls due by time. */
export interface AgendaEntry {
  readonly key: string;
  /**
   * `after`: at a moment of the lasting clock. `while`: once so much time has passed; it stands still while the watch
   * is not synced or the engine is stopped. `at`: at a time of day.
   */
  readonly kind: "after" | "while" | "at";
  /** `after`: the moment. `while`: ms that are left. `at`: null, the body says when. */
  readonly due: number | null;
  /** JSON. */
  readonly body: string;
}

/** What changed since it was last asked for: the newest of each, and what is no more. */
export interface StateChanges {
  readonly groups: readonly GroupState[];
  readonly removedGroups: readonly GroupKey[];
  readonly agenda: readonly AgendaEntry[];
  /** Keys. */
  readonly removedAgenda: readonly string[];
}
