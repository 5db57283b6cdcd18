/** A part of the configuration that may be of any shape. */
export type Section = Readonly<Record<string, unknown>>;

export const DEFAULT_HMAC_HEADER = "X-Signature";

/** In lower case. */
export function hmacHeader(section: Section): string {
  return (textOf(sectionOf(section, "hmac"), "header") ?? DEFAULT_HMAC_HEADER).toLowerCase();
}

/** A section inside another; empty where there is none. */
export function sectionOf(section: Section, key: string): Section {
  const value = section[key];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

export function headersOf(section: Section): readonly (readonly [name: string, value: unknown])[] {
  return Object.entries(sectionOf(section, "headers"));
}

export function textOf(section: Section, key: string): string | null {
  const value = section[key];
  return typeof value === "string" ? value : null;
}

export function has(section: Section, ...keys: readonly string[]): boolean {
  return keys.some((key) => Object.hasOwn(section, key));
}
