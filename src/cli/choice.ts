import { InvalidArgumentError, Option } from "commander";
import { nearest } from "../suggest.ts";

/** An option that takes one of some words. Any other word is a usage error with a guess at the one meant. */
export function choice(flags: string, description: string, words: readonly string[]): Option {
  return new Option(flags, `${description}: ${words.join(", ")}`)
    .argParser((word: string) => {
      if (words.includes(word)) return word;
      const meant = nearest(word, words);
      throw new InvalidArgumentError(meant === null ? `It is one of ${words.join(", ")}.` : `Did you mean ${meant}?`);
    })
    .default(words[0]);
}
