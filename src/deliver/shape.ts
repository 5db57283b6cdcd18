import * as z from "zod";
import type { SecretSource } from "../runtime/secret.ts";

/** A mistake in a receiver's own section; `path` begins there, and `at` says which side of the last key is meant. */
export interface ShapeMistake {
  readonly code: "E512" | "W514" | "W517";
  readonly path: readonly (string | number)[];
  readonly at: "key" | "value";
  readonly message: string;
  readonly help?: string;
}

/** A receiver's own section of the configuration, as far as it can be read. */
export interface ShapeInput {
  /** Values may be of any type: the shape is checked elsewhere. */
  readonly section: Readonly<Record<string, unknown>>;
  /** How the author wrote a text, before `${NAME}` was expanded; null for no text, and where a name is unresolved. */
  readonly rawOf: (path: readonly (string | number)[]) => string | null;
  /** Whether a key there is not might be a slip for one of these: its mistake is told already. */
  readonly misspelt: (...keys: readonly string[]) => boolean;
}

/** What a kind's section in `config.yaml` looks like. Loaded only by what reads that file. */
export interface ReceiverShape {
  readonly keys: z.ZodRawShape;
  readonly description: string;
  /** What to write for one, as in "give it `stdout: {}`". */
  readonly example: string;
  /** Whether the key may stand alone, with nothing under it. */
  readonly mayBeEmpty: boolean;
  /** What is wrong beyond the shape of each value. No message may repeat a value. */
  check(input: ShapeInput): readonly ShapeMistake[];
  /** The settings of a section without mistakes; data that survives JSON. */
  complete(section: Readonly<Record<string, unknown>>): object;
}

/** A text that is not empty. */
export const someText: z.ZodString = z.string().min(1, "must not be empty");

/** The two keys of a secret: the value, to come from the environment, or a file, read again when it changes. */
export function secretKeys<Name extends string>(
  name: Name,
  what: string,
): Record<Name | `${Name}File`, z.ZodOptional<z.ZodString>> {
  const keys = {
    [name]: someText.optional().describe(`The ${what}; give \`\${NAME}\`, not the value.`),
    [`${name}File`]: someText
      .optional()
      .meta({ public: true })
      .describe(`File that holds the ${what}; read again when it changes.`),
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- computed keys widen to string
  return keys as Record<Name | `${Name}File`, z.ZodOptional<z.ZodString>>;
}

/** That a secret is given once, and not in the file itself. */
export function checkSecret(name: string, input: ShapeInput): readonly ShapeMistake[] {
  const mistakes: ShapeMistake[] = [];
  const fileKey = `${name}File`;
  if (Object.hasOwn(input.section, name) && Object.hasOwn(input.section, fileKey)) {
    const message = `\`${name}\` and \`${fileKey}\` exclude each other`;
    mistakes.push({ code: "E512", path: [fileKey], at: "key", message, help: "keep one of them" });
  }
  const raw = input.rawOf([name]);
  if (raw !== null && isLiteral(raw)) {
    const message = `\`${name}\` is a secret and stands in the file`;
    const help = `use \`${fileKey}\`, or \`\${NAME}\` from the environment`;
    mistakes.push({ code: "W514", path: [name], at: "value", message, help });
  }
  return mistakes;
}

/** That there is an address, in either form. */
export function checkUrlGiven(kind: string, { section, misspelt }: ShapeInput): readonly ShapeMistake[] {
  const given = Object.hasOwn(section, "url") || Object.hasOwn(section, "urlFile");
  if (given || misspelt("url", "urlFile")) return [];
  const help = "add `urlFile:` with the path of a file, or `url: ${NAME}`";
  return [{ code: "E512", path: [], at: "key", message: `${kind} receiver has no webhook URL`, help }];
}

/** Null where neither form is given. */
export function secretSource(section: Readonly<Record<string, unknown>>, name: string): SecretSource | null {
  const value = section[name];
  if (typeof value === "string") return { kind: "value", value: value.trim() };
  const path = section[`${name}File`];
  return typeof path === "string" ? { kind: "file", path } : null;
}

/** The secret of a webhook URL is its last segment, so a URL is literal unless that part comes from outside. */
function isLiteral(raw: string): boolean {
  return raw !== "" && !raw.slice(raw.lastIndexOf("/") + 1).includes("${");
}
