import { QUANTITY, type PublicParts } from "./public-parts.ts";
import { isObject } from "../model/json.ts";
import type { ConfigSchema } from "./schema.ts";
import type { ConfigSource, Path, Range } from "./source.ts";
import { nearest } from "../suggest.ts";

/** One mistake in `config.yaml`, its place still an offset. */
export interface ConfigMistake {
  readonly code: string;
  readonly range: Range;
  readonly message: string;
  readonly suggestion?: string;
  readonly help?: string;
}

type Issue =
  ReturnType<ConfigSchema["zod"]["safeParse"]> extends infer R
    ? R extends { error: { issues: readonly (infer I)[] } }
      ? I
      : never
    : never;

/**
 * One finding of the schema in our words, at the place its author looks for it; none where another finding says it
 * already. Quotes what is public and nothing else.
 */
export function explainIssue(
  issue: Issue,
  source: ConfigSource,
  schema: ConfigSchema,
  parts: PublicParts,
): readonly ConfigMistake[] {
  const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
  const placed = source.at(path);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => explainUnknownKey(key, path, source, schema, parts));
  }
  // What an unresolved `${NAME}` stands for is not known, so its shape cannot be wrong.
  if (placed?.broken === true) return [];
  const subject = subjectOf(path, parts);
  if (placed === undefined) {
    const name = String(path.at(-1));
    if (unknownKeys(path.slice(0, -1), source, schema).some((key) => nearest(key, [name]) !== null)) return [];
    return [{ code: "E512", range: rangeAt(source, path.slice(0, -1), "key"), message: `${subject} is missing` }];
  }
  if (issue.code === "invalid_key") {
    const message = `${parts.isPublicKey(path) ? subject : "this key"} ${issue.issues[0]?.message ?? "is not a name"}`;
    return [{ code: "E512", range: rangeAt(source, path, "key"), message }];
  }
  if (issue.code === "invalid_type") {
    const key = String(path.at(-1));
    const message = `${subject} must be ${EXPECTED_OF[key] ?? EXPECTED[issue.expected] ?? issue.expected}`;
    return [{ code: "E512", range: placed.value, message }];
  }
  if (issue.code === "invalid_union") {
    return [{ code: "E512", range: placed.value, message: `${subject} holds something JSON cannot hold` }];
  }
  const { raw } = placed;
  const quoted = raw !== null && raw !== "" && parts.isPublicValue(path, placed) ? `\`${raw}\`` : subject;
  const repaired = raw === null ? null : repair(path, raw);
  return [
    {
      code: "E512",
      range: placed.value,
      message: `${quoted} ${issue.message}`,
      // A value that is spelt right and wrong otherwise has no better spelling.
      ...(repaired === null || repaired === raw ? {} : { suggestion: repaired }),
    },
  ];
}

/** What a sentence about a place begins with: the innermost key that has a meaning, or else the place alone. */
function subjectOf(path: Path, parts: PublicParts): string {
  const last = path.findLastIndex((step) => typeof step === "string");
  if (last < 0) return "the file";
  return parts.isPublicKey(path.slice(0, last + 1)) ? `\`${String(path[last])}\`` : "this value";
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  array: "a list",
  object: "a section with keys of its own",
  record: "a section with keys of its own",
};

/** A number without unit is the usual slip with these, and "text" would not help. */
const EXPECTED_OF: Readonly<Record<string, string>> = {
  maxAge: "a duration such as `5m`",
  maxSize: "a size such as `64MiB`",
  listen: "an address such as `0.0.0.0:8080`",
};

function explainUnknownKey(
  key: string,
  path: Path,
  source: ConfigSource,
  schema: ConfigSchema,
  parts: PublicParts,
): ConfigMistake {
  const known = schema.knownKeys(path);
  const suggestion = nearest(key, known);
  const section = schema.sectionOf(key);
  const message = parts.isPublicKey([...path, key]) ? `unknown key \`${key}\`` : "unknown key";
  const mistake = { code: "E511", range: rangeAt(source, [...path, key], "key"), message };
  if (suggestion !== null) return { ...mistake, suggestion };
  if (section !== null) return { ...mistake, help: `\`${key}\` belongs under \`${section}\`` };
  return known.length === 0
    ? mistake
    : { ...mistake, help: `here may stand ${known.map((k) => `\`${k}\``).join(", ")}` };
}

function unknownKeys(path: Path, source: ConfigSource, { knownKeys }: ConfigSchema): readonly string[] {
  const section = path.reduce<unknown>((value, step) => (isTree(value) ? value[step] : undefined), source.value);
  return isObject(section) ? Object.keys(section).filter((key) => !knownKeys(path).includes(key)) : [];
}

function isTree(value: unknown): value is Readonly<Record<string | number, unknown>> {
  return typeof value === "object" && value !== null;
}

/** The value the author meant, for the spellings of other programs: `5min`, `64MB`, `64Mi`. */
function repair(path: Path, raw: string): string | null {
  const key = path.at(-1);
  if (!QUANTITY.test(raw.trim())) return null;
  const [, number = "", unit = ""] = /^(\d+)\s?([a-z]+)$/i.exec(raw.trim()) ?? [];
  const lower = unit.toLowerCase();
  if (key === "maxSize") {
    const size = ["B", "KiB", "MiB", "GiB"].find((known) => known.charAt(0).toLowerCase() === lower.charAt(0));
    return size !== undefined && /^([kmg]?i?b?|bytes?)$/.test(lower) ? number + size : null;
  }
  if (key !== "maxAge") return null;
  if (/^(ms|millis|milliseconds?)$/.test(lower)) return `${number}ms`;
  return /^(s|m|h|d|secs?|seconds?|mins?|minutes?|hours?|hrs?|days?)$/.test(lower) ? number + lower.charAt(0) : null;
}

/** Where a key or value stands; of one that is not there, the nearest place above it that is. */
export function rangeAt(source: ConfigSource, path: Path, at: "key" | "value"): Range {
  const placed = source.at(path);
  if (placed === undefined) return path.length === 0 ? [0, 0] : rangeAt(source, path.slice(0, -1), "key");
  if (at === "key" && placed.key !== null) return placed.key;
  // A whole section as a span would underline its first line to no purpose: its beginning is enough.
  return placed.raw === null ? [placed.value[0], Math.min(placed.value[0] + 1, placed.value[1])] : placed.value;
}
