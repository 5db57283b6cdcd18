import { explainIssue, rangeAt, type ConfigMistake } from "./issues.ts";
import { parseDuration, parseSize } from "./quantity.ts";
import { createPublicParts, findPublicRanges, type PublicParts } from "./public-parts.ts";
import { isObject } from "../model/json.ts";
import { checkReceivers, kindsOf } from "./receivers.ts";
import { createConfigSchema, type ConfigInput, type ConfigSchema, type ReceiverInput, type Shapes } from "./schema.ts";
import { readConfigSource, type Environment } from "./source.ts";
import type { ReceiverSettings } from "../deliver/kind.ts";
import { loadShapes } from "../deliver/kinds.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { indexLines, type LineIndex, type Span } from "../text-position.ts";

/** A layout as its author wrote it: every text in it is a Handlebars template, to be rendered before it is serialised. */
type TemplateTree =
  | string
  | number
  | boolean
  | null
  | readonly TemplateTree[]
  | { readonly [key: string]: TemplateTree };

/** Everything the engine is told besides rules. Frozen, complete, and the same after a trip through JSON. */
export interface Config {
  readonly cluster: string;
  /** Of the default card. */
  readonly language: "en" | "zh";
  /** At least one; names are unique. */
  readonly receivers: readonly ReceiverSettings[];
  readonly templates: Readonly<Record<string, TemplateTree>>;
  readonly startup: { readonly maxAgeMs: number };
  readonly throttle: { readonly maxGroups: number };
  readonly outbox: {
    readonly path: string;
    readonly maxBytes: number;
    /** What has ended, kept for people to look at: alerts, and bytes of theirs. */
    readonly history: { readonly alerts: number; readonly maxBytes: number };
  };
  readonly server: { readonly listen: { readonly host: string; readonly port: number } };
}

/** What came of one `config.yaml`. */
export interface LoadedConfig {
  /** Null when there is any error. */
  readonly config: Config | null;
  /** Sorted by place. They quote what the schema calls public and nothing else of the file. */
  readonly diagnostics: readonly Diagnostic[];
  /** Names rules may use, as far as they can be read even from a file with mistakes; null when they cannot. */
  readonly known: { readonly receivers: readonly string[] | null; readonly templates: readonly string[] | null };
  /** Stretches of the text that may be printed: whoever prints it stars out all the rest, for it may be secret. */
  readonly shown: readonly Span[];
  /** Where a value stands; of one that is not there, the nearest place above it that is. */
  readonly spanAt: (path: readonly (string | number)[]) => Span;
}

/** Reads `config.yaml` and the environment it names, and reports all its mistakes at once. `file` is for people. */
export type ConfigLoader = (file: string, text: string, env: Environment) => LoadedConfig;

/** Loads what the kinds of receiver say of their part of the file, once for all files. */
export async function createConfigLoader(): Promise<ConfigLoader> {
  const shapes = await loadShapes();
  const schema = createConfigSchema(shapes);
  return (file, text, env) => loadConfig({ file, text, env, shapes, schema });
}

interface Loading {
  readonly file: string;
  readonly text: string;
  readonly env: Environment;
  readonly shapes: Shapes;
  readonly schema: ConfigSchema;
}

function loadConfig({ file, text, env, shapes, schema }: Loading): LoadedConfig {
  // A byte order mark is not a column.
  const plain = text.replace(/^\uFEFF/, "");
  const lines = indexLines(plain);
  const source = readConfigSource(plain, env);
  const parts = createPublicParts(schema.zod, source);
  const mistakes: ConfigMistake[] = [...source.mistakes];
  let input: ConfigInput | null = null;
  if (source.sound) {
    const parsed = schema.zod.safeParse(source.value ?? {});
    if (parsed.success) input = parsed.data;
    else mistakes.push(...parsed.error.issues.flatMap((issue) => explainIssue(issue, source, schema, parts)));
    const receivers = isObject(source.value) ? source.value["receivers"] : undefined;
    for (const { path, at, ...rest } of checkReceivers(receivers, source, shapes)) {
      mistakes.push({ range: rangeAt(source, path, at), ...rest });
    }
  }
  const diagnostics = mistakes
    .map((mistake) => toDiagnostic(mistake, file, lines))
    .toSorted((a, b) => a.line - b.line || a.column - b.column || a.code.localeCompare(b.code));
  const refused = input === null || diagnostics.some((diagnostic) => diagnostic.severity === "error");
  return {
    config: refused || input === null ? null : freeze(completeConfig(input, env, shapes)),
    diagnostics,
    known: source.sound ? knownNames(source.value, parts) : { receivers: null, templates: null },
    shown: findPublicRanges(source, plain, parts).map(([start, end]) => lines.span(start, end)),
    spanAt: (path) => lines.span(...rangeAt(source, path, "value")),
  };
}

function toDiagnostic({ range, ...rest }: ConfigMistake, file: string, lines: LineIndex): Diagnostic {
  return { severity: rest.code.startsWith("E") ? "error" : "warning", file, ...lines.span(...range), ...rest };
}

function completeConfig(input: ConfigInput, env: Environment, shapes: Shapes): Config {
  const listen = input.server?.listen ?? "0.0.0.0:8080";
  const portAt = listen.lastIndexOf(":") + 1;
  return {
    cluster: input.cluster ?? (env["CLUSTER_NAME"] || "kubernetes"),
    language: input.language ?? "en",
    receivers: input.receivers.map((receiver) => completeReceiver(receiver, shapes)),
    templates: input.templates ?? {},
    startup: { maxAgeMs: parseDuration(input.startup?.maxAge ?? "5m") },
    throttle: { maxGroups: input.throttle?.maxGroups ?? 16_384 },
    outbox: {
      path: input.outbox?.path ?? "/var/lib/kubewhen",
      maxBytes: parseSize(input.outbox?.maxSize ?? "64MiB"),
      history: {
        alerts: input.outbox?.history?.alerts ?? 5000,
        maxBytes: parseSize(input.outbox?.history?.maxSize ?? "16MiB"),
      },
    },
    server: {
      listen: {
        // Brackets are how an address with colons is written before a port, not part of the address.
        host: listen.slice(0, portAt - 1).replace(/^\[|\]$/g, "") || "0.0.0.0",
        port: Number(listen.slice(portAt)),
      },
    },
  };
}

function completeReceiver(receiver: ReceiverInput, shapes: Shapes): ReceiverSettings {
  const [kind = ""] = kindsOf(receiver, shapes);
  const shape = shapes.get(kind);
  if (shape === undefined) throw new Error("a receiver without kind passed the checks");
  const section = receiver[kind];
  return { name: receiver.name, kind, settings: shape.complete(isObject(section) ? section : {}) };
}

function knownNames(value: unknown, parts: PublicParts): LoadedConfig["known"] {
  if (!isObject(value)) return { receivers: null, templates: null };
  const { receivers, templates } = value;
  return {
    receivers: Array.isArray(receivers)
      ? receivers.flatMap((receiver: unknown, index) => {
          const name = isObject(receiver) ? receiver["name"] : undefined;
          return typeof name === "string" && parts.isPublicText(["receivers", index, "name"], name) ? [name] : [];
        })
      : null,
    templates: isObject(templates)
      ? Object.keys(templates).filter((name) => parts.isPublicKey(["templates", name]))
      : [],
  };
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    for (const part of Object.values(value)) freeze(part);
    Object.freeze(value);
  }
  return value;
}
