import * as z from "zod";
import type { ReceiverShape } from "../deliver/shape.ts";
import { parseSize } from "./quantity.ts";

/** `5m`, as rules write durations: one whole number and one unit. */
const DURATION = /^\d{1,9}(ms|s|m|h|d)$/;
/** Binary units only: `MB` would leave open which of two sizes is meant. */
const SIZE = /^\d{1,9}(B|KiB|MiB|GiB)$/;
/** A card may take 20 kB, and one that never fits would wait for ever. */
const MIN_OUTBOX_BYTES = 2 ** 20;
/** Host and port; an IPv6 host in brackets; no host for all addresses. */
const LISTEN = /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]*):\d{1,5}$/;
/** What a rule can write behind `notify` and `using` without quotes. */
const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,99}$/u;

/** Words that end a value in the rule language, so they cannot name a receiver or template. */
const RESERVED: ReadonlySet<string> = new Set(["and", "or", "not", "when", "let", "drop", "notify"]);

/** Of a value that is no secret: whatever is not marked is never quoted (`public-parts.ts`). */
const PUBLIC = { public: true };

const duration = z
  .string()
  .regex(DURATION, "is not a duration; write a number and a unit, such as `30s`, `5m` or `2h`")
  .meta(PUBLIC);
const size = z.string().regex(SIZE, "is not a size; write a number and a unit, such as `64MiB` or `1GiB`").meta(PUBLIC);
const filePath = z.string().min(1, "must not be empty").meta(PUBLIC);
const name = z
  .string()
  .regex(NAME, { error: "is not a name; use letters, digits, `_`, `.` and `-`", abort: true })
  .refine((text) => !RESERVED.has(text), "is a word of the rule language and cannot be a name")
  .meta(PUBLIC);

const startupShape = {
  maxAge: duration.optional().describe("With no checkpoint, how old an Event may be and still notify. Default 5m."),
};
const throttleShape = {
  maxGroups: z
    .int()
    .min(1, "must be at least 1")
    .max(1_048_576, "must be at most 1048576")
    .meta(PUBLIC)
    .optional()
    .describe("Most groups remembered at once. Default 16384."),
};
const outboxShape = {
  path: filePath.optional().describe("Folder for what must outlive a restart. Default /var/lib/kubewhen."),
  maxSize: size
    .refine(
      (text) => !SIZE.test(text) || parseSize(text) >= MIN_OUTBOX_BYTES,
      "is too small for an outbox; give it at least `1MiB`",
    )
    .meta(PUBLIC)
    .optional()
    .describe("Most bytes the outbox may take, at least 1MiB. Default 64MiB."),
};
const serverShape = {
  listen: z
    .string()
    .regex(LISTEN, { error: "is not an address; write host and port, such as `0.0.0.0:8080`", abort: true })
    .refine((text) => Number(text.slice(text.lastIndexOf(":") + 1)) <= 65_535, "has a port above 65535")
    .meta(PUBLIC)
    .optional()
    .describe("Address of /healthz, /readyz and /metrics. Default 0.0.0.0:8080."),
};

const sectionShapes = { startup: startupShape, throttle: throttleShape, outbox: outboxShape, server: serverShape };

const commonShape = {
  cluster: z.string().min(1, "must not be empty").meta(PUBLIC).nullish().describe("Shown in each card's title."),
  language: z
    .enum(["en", "zh"], "must be `en` or `zh`")
    .meta(PUBLIC)
    .optional()
    .describe("Of the default card: English or Chinese. Default en."),
  templates: z
    .record(name, z.json())
    .nullish()
    .describe("Layouts by name: trees whose string leaves are Handlebars templates."),
  startup: z.strictObject(startupShape).nullish(),
  throttle: z.strictObject(throttleShape).nullish(),
  outbox: z.strictObject(outboxShape).nullish(),
  server: z.strictObject(serverShape).nullish(),
};

/** The shapes of all kinds of receiver, by the key that stands for each. */
export type Shapes = ReadonlyMap<string, ReceiverShape>;

/** `config.yaml` as its author writes it, and what keys it knows. */
export interface ConfigSchema {
  /**
   * The shape of each value. A section with nothing under it counts as left out, as it does for Kubernetes. What
   * concerns more than one key is in `receivers.ts`.
   */
  readonly zod: z.ZodType<ConfigInput>;
  /** The keys that may stand at a place of the file; none for a place that is not a section. */
  readonly knownKeys: (path: readonly PropertyKey[]) => readonly string[];
  /** Name of the section a key belongs to, for a key in the wrong one; null for a key of the top or of none. */
  readonly sectionOf: (key: string) => string | null;
}

export function createConfigSchema(shapes: Shapes): ConfigSchema {
  const receiverShape = {
    name: name.describe("What rules write after `notify`."),
    ...Object.fromEntries(Array.from(shapes, ([kind, shape]) => [kind, kindSchema(shape)])),
  };
  const oneKind = Array.from(shapes.keys(), (kind) => ({ required: [kind] }));
  const receiver = z.strictObject(receiverShape).meta({ oneOf: oneKind, description: "Who can be told." });
  const { cluster, language, ...more } = commonShape;
  const receivers = z.array(receiver).min(1, "is empty, so nobody can be told");
  const configShape = { cluster, language, receivers, ...more };
  /** Keys of each section; a list's items are `*`. */
  const sections = new Map<string, readonly string[]>([
    ["", Object.keys(configShape)],
    ["receivers.*", Object.keys(receiverShape)],
    ...Array.from(shapes, ([kind, shape]) => sectionsBelow(`receivers.*.${kind}`, z.strictObject(shape.keys))).flat(),
    ...Object.entries(sectionShapes).map(([section, shape]) => [section, Object.keys(shape)] as const),
  ]);

  return {
    zod: z.strictObject(configShape),
    knownKeys: (path) =>
      sections.get(path.map((step) => (typeof step === "number" ? "*" : String(step))).join(".")) ?? [],
    sectionOf(key) {
      const found = Array.from(sections.keys()).find(
        (section) => section !== "" && sections.get(section)?.includes(key),
      );
      return found === undefined ? null : (found.replace(/\.\*$/, "").split(".").at(-1) ?? null);
    },
  };
}

function kindSchema({ keys, description, mayBeEmpty }: ReceiverShape): z.ZodType {
  const section = z.strictObject(keys);
  return (mayBeEmpty ? section.nullish() : section.optional()).describe(description);
}

/** A section and those inside it, with their keys. */
function sectionsBelow(path: string, schema: z.core.$ZodType): (readonly [string, readonly string[]])[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return sectionsBelow(path, schema.unwrap());
  if (schema instanceof z.ZodArray) return sectionsBelow(`${path}.*`, schema.element);
  if (!(schema instanceof z.ZodObject)) return [];
  const keys: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
  const inner = Object.entries(keys).flatMap(([key, below]) => sectionsBelow(`${path}.${key}`, below));
  return [[path, Object.keys(keys)], ...inner];
}

/** `config.yaml` once its shape is known to be right: durations and sizes are still text. */
export interface ConfigInput {
  cluster?: string | null | undefined;
  language?: "en" | "zh" | undefined;
  receivers: ReceiverInput[];
  templates?: Record<string, z.core.util.JSONType> | null | undefined;
  startup?: { maxAge?: string | undefined } | null | undefined;
  throttle?: { maxGroups?: number | undefined } | null | undefined;
  outbox?: { path?: string | undefined; maxSize?: string | undefined } | null | undefined;
  server?: { listen?: string | undefined } | null | undefined;
}

/** Beside the name the section of one kind, under the kind's own key. */
export interface ReceiverInput {
  name: string;
  [kind: string]: unknown;
}

/** JSON Schema (draft 2020-12) of the file for editors, from the same definition that validates it. */
export function configJsonSchema(shapes: Shapes): object {
  const { zod } = createConfigSchema(shapes);
  return { title: "kubewhen config.yaml", ...z.toJSONSchema(zod, { io: "input", override: leaveOutPublic }) };
}

/** What may be quoted in messages is no matter of editors. */
function leaveOutPublic({ jsonSchema }: { readonly jsonSchema: Record<string, unknown> }): void {
  delete jsonSchema["public"];
}
