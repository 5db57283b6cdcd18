import type { Problem, RateNode, Span, WordNode } from "./ast.ts";

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** What people write for our units. */
const OTHER_UNITS: Readonly<Record<string, string>> = {
  sec: "s",
  secs: "s",
  second: "s",
  seconds: "s",
  min: "m",
  mins: "m",
  minute: "m",
  minutes: "m",
  hr: "h",
  hour: "h",
  hours: "h",
  day: "d",
  days: "d",
};

/** One number and one unit, in milliseconds; null when the text is anything else or too large to count exactly. */
export function parseDuration(text: string): number | null {
  const [, amount, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = Number(amount) * (UNIT_MS[unit ?? ""] ?? Number.NaN);
  return Number.isSafeInteger(ms) ? ms : null;
}

/** The duration an author most likely meant by a text that is none: `90m` for `1h30m`, `5m` for `5min`. */
export function suggestDuration(text: string): string | null {
  const [, amount, word] = /^(\d*)([a-z]+)$/i.exec(text) ?? [];
  const unit =
    word === undefined
      ? undefined
      : (OTHER_UNITS[word.toLowerCase()] ??
        (UNIT_MS[word.toLowerCase()] === undefined ? undefined : word.toLowerCase()));
  if (unit !== undefined) return `${amount === "" ? "1" : (amount ?? "1")}${unit}`;
  if (!/^(?:\d+(?:ms|s|m|h|d)){2,}$/.test(text)) return null;
  const total = (text.match(/\d+(?:ms|s|m|h|d)/g) ?? []).reduce(
    (sum, part) => sum + (parseDuration(part) ?? Number.NaN),
    0,
  );
  const best = ["d", "h", "m", "s", "ms"].find((name) => total % (UNIT_MS[name] ?? 1) === 0);
  return best === undefined ? null : `${total / (UNIT_MS[best] ?? 1)}${best}`;
}

/** A duration of a clause: more than nothing. */
export function readDuration(value: WordNode, report: (problem: Problem) => void): number | null {
  const ms = parseDuration(value.text);
  if (ms !== null && ms > 0) return ms;
  const suggestion = suggestDuration(value.text);
  report({
    code: "E108",
    message: `\`${value.text}\` is no duration: write one number and one unit, such as \`30s\`, \`10m\`, \`2h\` or \`1d\``,
    start: value.start,
    end: value.end,
    ...(suggestion === null ? {} : { suggestion }),
  });
  return null;
}

/** `N/T` behind the operator of a rate. */
export function readRate(
  operator: string,
  operatorSpan: Span,
  value: WordNode,
  report: (problem: Problem) => void,
): Pick<RateNode, "operator" | "count" | "windowMs"> | null {
  const [amount = "", window = "", ...more] = value.text.split("/");
  const count = /^\d+$/.test(amount) ? Number(amount) : 0;
  const windowMs = parseDuration(window) ?? 0;
  if (more.length > 0 || value.quoted || count < 1 || windowMs < 1 || count > MAX_RATE_COUNT) {
    report(badRate(value, amount, window));
    return null;
  }
  if (operator === "<" || operator === ">=" || operator === ">") return { operator, count, windowMs };
  const wrong = { code: "E108", ...operatorSpan } as const;
  if (operator === "<=") {
    report({
      ...wrong,
      message: `there is no \`rate<=\`: \`rate<${value.text}\` lets at most ${count} notifications through in any ${window}`,
      suggestion: "<",
    });
  } else {
    report({
      ...wrong,
      message: `there is no \`rate${operator}\`: \`rate<${value.text}\` lets at most ${count} notifications through in any ${window}, \`rate>=${value.text}\` waits for ${count} occurrences in ${window}`,
    });
  }
  return null;
}

/** Each group of a rate keeps one time per count, so the count bounds the memory of a group. */
const MAX_RATE_COUNT = 10_000;

function badRate(value: WordNode, amount: string, window: string): Problem {
  const span = { start: value.start, end: value.end };
  const better = parseDuration(window) === null ? suggestDuration(window) : null;
  if (/^\d+$/.test(amount) && Number(amount) > MAX_RATE_COUNT) {
    return {
      code: "E108",
      message: `a rate counts to ${MAX_RATE_COUNT} at most`,
      suggestion: `${MAX_RATE_COUNT}/${window}`,
      ...span,
    };
  }
  if (amount === "0")
    return { code: "E108", message: "a rate counts from 1", help: "to say nothing at all, use `drop when`", ...span };
  return {
    code: "E108",
    message: `\`${value.text}\` is no rate: write a number, \`/\` and a duration without blanks, such as \`5/10m\``,
    ...(better !== null && /^[1-9]\d*$/.test(amount) ? { suggestion: `${amount}/${better}` } : {}),
    ...span,
  };
}
