import type { Dialect } from "./dialect.ts";
import type { ReceiverKind } from "./kind.ts";
import type { ReceiverShape } from "./shape.ts";

/** Parts of a kind, loaded where they are used: the engine never loads a shape, the checkers never load a kind. */
interface KindParts {
  readonly kind: () => Promise<{ readonly kind: ReceiverKind<unknown> }>;
  readonly shape: () => Promise<{ readonly shape: ReceiverShape }>;
  readonly dialect: () => Promise<{ readonly dialect: Dialect }>;
}

/** Every kind of receiver, by the key that stands for it in `config.yaml`. A new one is a folder and a row. */
const KINDS: Readonly<Record<string, KindParts>> = {
  feishu: {
    kind: () => import("./feishu/kind.ts"),
    shape: () => import("./feishu/shape.ts"),
    dialect: () => import("./feishu/dialect.ts"),
  },
  stdout: {
    kind: () => import("./stdout/kind.ts"),
    shape: () => import("./stdout/shape.ts"),
    dialect: () => import("./stdout/dialect.ts"),
  },
};

/** Throws for a name that is none: the configuration is checked by the same list. */
export async function loadKind(name: string): Promise<ReceiverKind<unknown>> {
  return (await partsOf(name).kind()).kind;
}

/** The shapes of all kinds, by name, in the order of the list. */
export async function loadShapes(): Promise<ReadonlyMap<string, ReceiverShape>> {
  const loaded = Object.entries(KINDS).map(async ([name, { shape }]) => [name, (await shape()).shape] as const);
  return new Map(await Promise.all(loaded));
}

/** The dialects of all kinds, by name. */
export async function loadDialects(): Promise<ReadonlyMap<string, Dialect>> {
  const loaded = Object.entries(KINDS).map(async ([name, { dialect }]) => [name, (await dialect()).dialect] as const);
  return new Map(await Promise.all(loaded));
}

function partsOf(name: string): KindParts {
  const parts = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (parts === undefined) throw new Error(`no kind of receiver is called ${name}`);
  return parts;
}
