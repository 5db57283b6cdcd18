/** The number written there; NaN where not every character is a digit. */
function digitsAt(text: string, start: number, end: number): number {
  let number = 0;
  for (let at = start; at < end; at += 1) {
    const digit = text.codePointAt(at) ?? 0;
    if (digit < 0x30 || digit > 0x39) return Number.NaN;
    number = number * 10 + (digit - 0x30);
  }
  return number;
}

const SECONDS_LENGTH = "2026-11-22T10:00:00Z".length;
const MICROSECONDS_LENGTH = "2026-11-22T10:00:00.123456Z".length;

function isBetween(number: number, from: number, to: number): boolean {
  return number >= from && number <= to;
}

/**
 * Epoch ms, NaN where `Date.parse` says so: the same answer for every text, in a fraction of the time for the two
 * shapes in which Kubernetes writes times (apimachinery `Time` and `MicroTime`, v1.36).
 */
export function parseTimestamp(text: string): number {
  const { length } = text;
  const hasMicroseconds = length === MICROSECONDS_LENGTH && text[19] === ".";
  if ((length !== SECONDS_LENGTH && !hasMicroseconds) || text[length - 1] !== "Z") return Date.parse(text);
  if (text[4] !== "-" || text[7] !== "-" || text[10] !== "T" || text[13] !== ":" || text[16] !== ":") {
    return Date.parse(text);
  }
  const year = digitsAt(text, 0, 4);
  const month = digitsAt(text, 5, 7);
  const day = digitsAt(text, 8, 10);
  const hour = digitsAt(text, 11, 13);
  const minute = digitsAt(text, 14, 16);
  const second = digitsAt(text, 17, 19);
  const ms = hasMicroseconds ? Math.floor(digitsAt(text, 20, 26) / 1000) : 0;
  const isUsual =
    // Date.UTC takes two digits for a year of the last century.
    year >= 100 &&
    isBetween(month, 1, 12) &&
    isBetween(day, 1, 31) &&
    isBetween(hour, 0, 23) &&
    isBetween(minute, 0, 59) &&
    isBetween(second, 0, 59) &&
    ms >= 0;
  return isUsual ? Date.UTC(year, month - 1, day, hour, minute, second, ms) : Date.parse(text);
}
