/** A number in [0, 1). */
export type Random = () => number;

export interface RetryWish {
  /** Failures in a row, this one included; from 1. */
  readonly failures: number;
  /** The receiver's own wish: never sooner. */
  readonly afterMs?: number;
}

const FIRST_RETRY_MS = 1000;
/** Longest span after trouble that may pass by itself. Days offline are normal, so it never grows into giving up. */
const MAX_RETRY_MS = 60_000;

/** Between two attempts at a receiver whose configuration a person must change: at first, and at most. */
const FIRST_PROBE_MS = 5 * 60_000;
const MAX_PROBE_MS = 60 * 60_000;

/** After an answer that is not known: the first pause, the longest while others are taken, the longest of all. */
const FIRST_UNKNOWN_MS = 60_000;
const MAX_JUDGED_MS = 15 * 60_000;
const MAX_UNKNOWN_MS = 60 * 60_000;

/** Longest wish that is heeded: a wrong header must not silence a receiver for days. */
const MAX_WISH_MS = 60 * 60_000;

/** Part of a long pause that is drawn by lot and comes on top. */
const JITTER = 0.1;

/** Keeps the doubling a finite number. */
const MAX_DOUBLINGS = 20;

function doubled(firstMs: number, times: number, maxMs: number): number {
  return Math.min(maxMs, firstMs * 2 ** Math.min(Math.max(times, 0), MAX_DOUBLINGS));
}

function heeded(afterMs: number | undefined): number {
  return Math.min(Math.max(afterMs ?? 0, 0), MAX_WISH_MS);
}

/**
 * How long to wait after a failure that may pass by itself, in ms: the receiver's wish, and on top of it a span drawn
 * by lot between 0 and 1 s, 2 s, 4 s … 60 s, or from the wish on where that is longer.
 *
 * Engines that lost one uplink, or were all told the same wish, must not come back in step.
 */
export function retryDelayMs(wish: RetryWish, random: Random): number {
  const floorMs = heeded(wish.afterMs);
  const spanMs = doubled(Math.max(FIRST_RETRY_MS, floorMs), wish.failures - 1, MAX_RETRY_MS);
  return Math.round(floorMs + random() * spanMs);
}

/**
 * How long to wait before asking a misconfigured receiver again, in ms: 5, 10, 20, 40, 60, 60 … minutes and up to a
 * tenth more. `probes` are the answers of that kind in a row, from 1.
 */
export function probeDelayMs(probes: number, random: Random): number {
  return withJitter(doubled(FIRST_PROBE_MS, probes - 1, MAX_PROBE_MS), random);
}

export interface UnknownWish {
  /** Earlier answers to this delivery; from 0. */
  readonly attempts: number;
  /** Whether the receiver takes other bodies meanwhile: then the trouble lies in this one, and its fate is near. */
  readonly othersTaken: boolean;
  readonly afterMs?: number;
}

/**
 * How long one delivery waits after an answer that is not known, in ms: 1, 2, 4 … minutes, at most 15 while the
 * receiver takes others and at most 60 while it takes none; at least the receiver's wish; and up to a tenth more.
 */
export function unknownDelayMs(wish: UnknownWish, random: Random): number {
  const maxMs = wish.othersTaken ? MAX_JUDGED_MS : MAX_UNKNOWN_MS;
  const pauseMs = doubled(FIRST_UNKNOWN_MS, wish.attempts - 1, maxMs);
  return withJitter(Math.max(heeded(wish.afterMs), pauseMs), random);
}

function withJitter(ms: number, random: Random): number {
  return Math.round(ms * (1 + JITTER * random()));
}
