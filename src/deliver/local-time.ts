/** Writes times for people, in one time zone. Takes ISO 8601 or epoch ms; what is no time becomes empty. */
export interface LocalTime {
  /** `2026-11-22 14:05:09` */
  full(time: string | number): string;
  /** `14:05` on the day of `beside`, else `11-21 14:05`. */
  short(time: string | number, beside: string | number): string;
}

/**
 * Local times of `timeZone`, by default of the process: the environment's `TZ`. Digits and order are the same in
 * every language, so that people can compare cards with logs.
 */
export function createLocalTime(timeZone?: string): LocalTime {
  const write = timeZone === undefined ? writeLocal : writerFor(timeZone);
  const full = (time: string | number): string => {
    const date = new Date(time);
    return Number.isNaN(date.getTime()) ? "" : write(date);
  };
  return {
    full,
    short(time, beside) {
      const text = full(time);
      return text.slice(0, 10) === full(beside).slice(0, 10) ? text.slice(11, 16) : text.slice(5, 16);
    },
  };
}

/** Without `Intl`, whose tables of languages take 7 MB from the first use on (Node 26, measured 2026-11). */
function writeLocal(date: Date): string {
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(twoDigits).join("-");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(":");
  return `${day} ${time}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}

function writerFor(timeZone: string): (date: Date) => string {
  const format = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone });
  return (date) => format.format(date);
}
