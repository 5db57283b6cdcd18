/** Numbers that look random and are the same for the same seed. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number in [low, high]. */
  between(low: number, high: number): number;
  /** `length` characters of the alphabet. */
  word(length: number, alphabet: string): string;
  /** Version 4 form, as the API server makes them. */
  uuid(): string;
}

/** The letters of generated Kubernetes names: no vowels, so that no word appears by chance. */
export const NAME_LETTERS = "bcdfghjklmnpqrstvwxz2456789";

const HEX = "0123456789abcdef";

/** mulberry32: 32 bits of state, which is plenty for a demonstration and for nothing that must be secret. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const word = (length: number, alphabet: string): string => {
    let text = "";
    for (let index = 0; index < length; index += 1) text += alphabet.charAt(Math.floor(next() * alphabet.length));
    return text;
  };
  return {
    next,
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
    word,
    uuid: () => `${word(8, HEX)}-${word(4, HEX)}-4${word(3, HEX)}-${word(1, "89ab")}${word(3, HEX)}-${word(12, HEX)}`,
  };
}
