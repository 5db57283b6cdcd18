import type { SuppressedWhy } from "../../model/match.ts";

/** The moment at which a match is decided, on both clocks, ms. */
export interface Moment {
  /** Epoch ms: what the times of reporters are held against. */
  readonly wall: number;
  /** Of the lasting clock: what windows are measured on. */
  readonly lasting: number;
}

/** `pass`: the clause has nothing against it. Else why the rule stays quiet. */
export type Answer = "pass" | SuppressedWhy;

/** What the table of groups must know of the slot a clause keeps in each group's record. */
export interface SlotKind<Slot> {
  /** Lasting ms from which on the slot means nothing; -Infinity where it holds nothing already. */
  endsAt(slot: Slot): number;
  /** Lasting ms until which the slot still has something to tell, if there is room for it; never before `endsAt`. */
  keptUntil(slot: Slot): number;
  /** Plain data, a copy. */
  save(slot: Slot): unknown;
  /** Fills an empty slot with what `save` gave; false when that cannot be read. Times after `now` count as now. */
  restore(slot: Slot, saved: unknown, now: number): boolean;
}

/** Times as `save` gave them, none after `now`; null when they are no times. */
export function restoreTimes(saved: unknown, now: number): number[] | null {
  if (!Array.isArray(saved)) return null;
  const times = saved.map((time: unknown) => (typeof time === "number" ? Math.min(time, now) : NaN));
  return times.every((time) => Number.isFinite(time)) ? times : null;
}
