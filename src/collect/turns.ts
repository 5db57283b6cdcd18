/** A few places, taken in the order of asking. */
export interface Turns {
  /** Resolves with true once a place is free, with false if the signal is aborted first. */
  take(signal: AbortSignal): Promise<boolean>;
  /** Gives a place back. */
  pass(): void;
  /** How many wait. */
  waiting(): number;
}

export function createTurns(places: number): Turns {
  const queue = new Set<() => void>();
  let taken = 0;
  return {
    async take(signal) {
      if (signal.aborted) return false;
      if (taken < places) {
        taken += 1;
        return true;
      }
      return new Promise((resolve) => {
        const begin = (): void => resolve(true);
        const giveUp = (): void => {
          queue.delete(begin);
          resolve(false);
        };
        // Once the place is given, this does nothing.
        signal.addEventListener("abort", giveUp, { once: true });
        queue.add(begin);
      });
    },
    pass() {
      const [next] = queue;
      if (!next) {
        taken -= 1;
        return;
      }
      queue.delete(next);
      next();
    },
    waiting: () => queue.size,
  };
}
