const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES_PER_UNIT: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** Milliseconds of `5m`. For texts the schema has let pass; throws for others. */
export function parseDuration(text: string): number {
  return scale(text, MS_PER_UNIT);
}

/** Bytes of `64MiB`. For texts the schema has let pass; throws for others. */
export function parseSize(text: string): number {
  return scale(text, BYTES_PER_UNIT);
}

function scale(text: string, perUnit: Readonly<Record<string, number>>): number {
  const [, number, unit] = /^(\d+)(\D+)$/.exec(text) ?? [];
  const factor = unit === undefined ? undefined : perUnit[unit];
  if (factor === undefined) throw new Error("a number with a unit we do not know passed the schema");
  return Number(number) * factor;
}
