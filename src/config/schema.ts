import * as z from "zod";
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

const feishuShape = {
  url: z
    .string()
    .min(1, "must not be empty")
    .optional()
    .describe("Webhook URL of the bot; give `${NAME}`, not the URL."),
  urlFile: filePath.optional().describe("File that holds the webhook URL; read again when it changes."),
  secret: z.string().min(1, "must not be empty").optional().describe("Sign secret of the bot; give `${NAME}`."),
  secretFile: filePath.optional().describe("File that holds the sign secret; read again when it changes."),
  // Ten is the most a bot's security settings take (Feishu custom-bot guide, 2026-11).
  keywords: z
    .array(z.string().min(1, "must not be empty").meta(PUBLIC))
    .max(10, "has more than the 10 keywords a bot can have")
    .optional()
    .describe("Words the bot insists on; put into each card's title."),
};

const stdoutShape = {};

const receiverShape = {
  name: name.describe("What rules write after `notify`."),
  feishu: z.strictObject(feishuShape).optional().describe("A Feishu or Lark custom bot."),
  stdout: z.strictObject(stdoutShape).nullish().describe("Prints each notification as one line of JSON."),
};

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

const configShape = {
  cluster: z.string().min(1, "must not be empty").meta(PUBLIC).nullish().describe("Shown in each card's title."),
  language: z
    .enum(["en", "zh"], "must be `en` or `zh`")
    .meta(PUBLIC)
    .optional()
    .describe("Of the default card: English or Chinese. Default en."),
  receivers: z
    .array(
      z
        .strictObject(receiverShape)
        .meta({ oneOf: [{ required: ["feishu"] }, { required: ["stdout"] }], description: "Who can be told." }),
    )
    .min(1, "is empty, so nobody can be told"),
  templates: z
    .record(name, z.json())
    .nullish()
    .describe("Layouts by name: trees whose string leaves are Handlebars templates."),
  startup: z.strictObject(startupShape).nullish(),
  throttle: z.strictObject(throttleShape).nullish(),
  outbox: z.strictObject(outboxShape).nullish(),
  server: z.strictObject(serverShape).nullish(),
};

/**
 * Shape of `config.yaml` as its author writes it. A section with nothing under it counts as left out, as it does
 * for Kubernetes. What concerns more than one key is in `receivers.ts`.
 */
export const configSchema: z.ZodType<ConfigInput> = z.strictObject(configShape);

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

export interface ReceiverInput {
  name: string;
  feishu?: FeishuInput | undefined;
  stdout?: Record<string, never> | null | undefined;
}

export interface FeishuInput {
  url?: string | undefined;
  urlFile?: string | undefined;
  secret?: string | undefined;
  secretFile?: string | undefined;
  keywords?: string[] | undefined;
}

/** Keys of each section; a list's items are `*`. */
const SECTIONS: Readonly<Record<string, object>> = {
  "": configShape,
  "receivers.*": receiverShape,
  "receivers.*.feishu": feishuShape,
  "receivers.*.stdout": stdoutShape,
  startup: startupShape,
  throttle: throttleShape,
  outbox: outboxShape,
  server: serverShape,
};

/** The keys that may stand at a place of the file; none for a place that is not a section. */
export function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  return Object.keys(SECTIONS[path.map((step) => (typeof step === "number" ? "*" : String(step))).join(".")] ?? {});
}

/** Name of the section a key belongs to, for a key written in the wrong one; null for a key of the top or of none. */
export function sectionOf(key: string): string | null {
  const found = Object.keys(SECTIONS).find((section) => section !== "" && Object.hasOwn(SECTIONS[section] ?? {}, key));
  return found === undefined ? null : (found.replace(/\.\*$/, "").split(".").at(-1) ?? null);
}

/** JSON Schema (draft 2020-12) of the file for editors, from the same definition that validates it. */
export function configJsonSchema(): object {
  const schema = z.toJSONSchema(configSchema, {
    io: "input",
    // A mark of ours that means nothing to editors.
    override: ({ jsonSchema }) => {
      delete jsonSchema["public"];
    },
  });
  return { title: "kubewhen config.yaml", ...schema };
}
