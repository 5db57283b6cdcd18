import { readFileSync } from "node:fs";
import { isObject } from "../model/json.ts";
import type { Clock } from "./clock.ts";

/**
 * Milliseconds that only go forward, over restarts too, whatever NTP does: for due times, windows, ages and the agenda.
 * Never shown to people, who want the wall clock.
 */
export interface LastingClock {
  now(): number;
  /** What the next start goes on from. */
  state(): LastingState;
}

/** A moment as all the clocks of the machine showed it. Survives JSON. */
export interface LastingState {
  readonly lasting: number;
  /** Epoch ms. */
  readonly wall: number;
  /** Empty where the machine tells none. */
  readonly bootId: string;
  readonly uptimeMs: number;
}

/** What the machine knows of its own start. */
export interface Machine {
  /** Another one after each boot; empty where the machine tells none. */
  bootId(): string;
  /** Since the machine was started, its sleep included; 0 where the machine does not tell. */
  uptimeMs(): number;
}

/** Where the first start of all begins: a year, so that nothing that was before it is below zero. */
export const LASTING_START: number = 365 * 86_400_000;

/** A machine is seldom off for longer, and a clock that jumped by more has told nothing. */
const MAX_ABSENCE_MS = 30 * 86_400_000;

/**
 * Goes on from `saved`, or begins where that is null or makes no sense.
 *
 * The time between the two runs is the machine's uptime where it was not started anew in between; else the wall
 * clock's difference, at least 0 and at most 30 days: a machine without a battery clock may start in 1970.
 */
export function createLastingClock(clock: Clock, saved: LastingState | null, machine: Machine): LastingClock {
  const bootId = machine.bootId();
  const startedAt = clock.monotonic();
  const base = saved ? saved.lasting + absenceMs(saved, clock.now(), bootId, machine.uptimeMs()) : LASTING_START;
  const now = (): number => Math.floor(base + clock.monotonic() - startedAt);
  return {
    now,
    state: () => ({ lasting: now(), wall: clock.now(), bootId, uptimeMs: machine.uptimeMs() }),
  };
}

function absenceMs(saved: LastingState, wall: number, bootId: string, uptimeMs: number): number {
  const sameBoot = bootId !== "" && bootId === saved.bootId;
  if (sameBoot) return Math.max(0, uptimeMs - saved.uptimeMs);
  return Math.min(Math.max(0, wall - saved.wall), MAX_ABSENCE_MS);
}

/** Whether something read back from disk is a state to go on from. */
export function isLastingState(value: unknown): value is LastingState {
  if (!isObject(value)) return false;
  const { lasting, wall, bootId, uptimeMs } = value;
  return [lasting, wall, uptimeMs].every((one) => Number.isFinite(one)) && typeof bootId === "string";
}

/** Linux tells both in /proc (proc(5), 2026-11); other systems go by the wall clock. */
export const thisMachine: Machine = {
  bootId: () => readOr("", "/proc/sys/kernel/random/boot_id"),
  uptimeMs: () => Math.floor(Number(readOr("0", "/proc/uptime").split(" ")[0]) * 1000),
};

function readOr(otherwise: string, path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if (error instanceof Error && "syscall" in error) return otherwise;
    throw error;
  }
}
