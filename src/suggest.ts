/** Answers the candidate an author most likely meant by a word, or null. */
export type Guess = (word: string, candidates: Iterable<string>) => string | null;

/**
 * The candidate the author most likely meant, or null when none is near.
 *
 * Near is at most two slips (a letter too many, too few, wrong, or two swapped) and at most one slip in three
 * letters: more would turn a guess into noise. Case costs nothing. Ties go to the earlier candidate.
 */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  const wanted = word.toLowerCase();
  let best: string | null = null;
  let bestSlips = Infinity;
  for (const candidate of candidates) {
    const allowed = Math.min(2, Math.floor(Math.max(wanted.length, candidate.length) / 3));
    if (Math.abs(candidate.length - wanted.length) > allowed) continue;
    const slips = countSlips(wanted, candidate.toLowerCase(), allowed);
    if (slips <= allowed && slips < bestSlips) {
      best = candidate;
      bestSlips = slips;
    }
  }
  return best;
}

/**
 * `nearest` for names that authors make up: looks at `maxCharacters` of candidates in all, and makes no guess from
 * then on. A text with thousands of unknown names among thousands of known ones would else take hours.
 */
export function createGuess(maxCharacters: number): Guess {
  let left = maxCharacters;
  function* counted(candidates: Iterable<string>): Iterable<string> {
    for (const candidate of candidates) {
      left -= candidate.length + 1;
      yield candidate;
    }
  }
  return (word, candidates) => (left > 0 ? nearest(word, counted(candidates)) : null);
}

/**
 * Damerau-Levenshtein distance in its optimal string alignment form, over UTF-16 units; anything above `allowed` for
 * one that is larger. Looks only at pairs of places that so few slips can bring together, so that long words take no
 * longer than their length.
 */
function countSlips(a: string, b: string, allowed: number): number {
  // Rows of the usual table, from column `row - allowed` on.
  const width = 2 * allowed + 1;
  let leastBefore = 0;
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: width }, (_, at) => (at < allowed ? Infinity : at - allowed));
  for (let row = 1; row <= a.length; row++) {
    const current: number[] = [];
    let least = Infinity;
    for (let at = 0; at < width; at++) {
      const column = row - allowed + at;
      let slips = Infinity;
      if (column === 0) slips = row;
      else if (column > 0 && column <= b.length) {
        const same = a[row - 1] === b[column - 1];
        slips = Math.min(
          (last[at + 1] ?? Infinity) + 1,
          (current[at - 1] ?? Infinity) + 1,
          (last[at] ?? Infinity) + (same ? 0 : 1),
        );
        const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
        if (swapped) slips = Math.min(slips, (beforeLast[at] ?? Infinity) + 1);
      }
      current.push(slips);
      least = Math.min(least, slips);
    }
    // A swap may still come from the row before, but brings a slip of its own.
    if (least > allowed && leastBefore >= allowed) return Infinity;
    leastBefore = least;
    beforeLast = last;
    last = current;
  }
  return last[b.length - a.length + allowed] ?? Infinity;
}
