import { LRUCache } from "lru-cache";
import type { InvolvedObject, ObjectMeta } from "../model/event.ts";
import { isObject } from "../model/json.ts";
import type { Clock } from "../runtime/clock.ts";
import { KubeUnreachable, type KubeApi } from "../runtime/kube.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { fieldsOf, parseJson, textOf } from "./fields.ts";
import { builtInResource, groupVersionPath, objectPath, type ResourceName } from "./resource-path.ts";

export interface LookupOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, "lookups">;
  /** Objects remembered; default 4,096, and never more than 8 MiB of text. */
  readonly maxObjects?: number;
  /** Requests at a time; default 4. */
  readonly concurrency?: number;
  /** For one look-up, its wait for a turn included; default 5 s. */
  readonly deadlineMs?: number;
}

/** Labels and annotations of the objects Events are about, for the rules that ask for them. */
export interface Lookup {
  /** What is remembered; null says `find` must be asked. */
  peek(object: InvolvedObject): ObjectMeta | null;
  /**
   * Asks the API server unless it is remembered. Never rejects for what the world does: an object that is gone, may
   * not be read or does not answer in time has no labels and no annotations.
   */
  find(object: InvolvedObject): Promise<ObjectMeta>;
}

const MAX_OBJECTS = 4096;
const MAX_TEXT_LENGTH = 8 * 1024 * 1024;
/** Beyond this many waiting, a further one goes without rather than holding its Event in memory. */
const MAX_WAITING = 2000;
/** A failure may be over in a moment; a missing permission is mended by people. */
const FAILED_FOR_MS = 30_000;
const FORBIDDEN_FOR_MS = 300_000;

const METADATA_ONLY = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
/** The whole object once more, as `kubectl apply` leaves it: large, and no rule can mean it. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

const EMPTY: ObjectMeta = { labels: {}, annotations: {} };

type Outcome = "found" | "missing" | "forbidden" | "failed";

interface Found {
  readonly meta: ObjectMeta;
  readonly outcome: Outcome;
}

interface Remembered {
  readonly meta: ObjectMeta;
  /** Monotonic ms; infinite for what the API server said for sure. */
  readonly until: number;
}

function textsOf(value: unknown): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [key, text] of Object.entries(fieldsOf(value))) {
    if (typeof text === "string" && key !== LAST_APPLIED && key !== "__proto__") texts[key] = text;
  }
  return texts;
}

function keyOf(object: InvolvedObject): string {
  return object.uid || [object.apiVersion, object.kind, object.namespace, object.name].join("\n");
}

function sizeOf({ meta }: Remembered): number {
  let size = 1;
  for (const texts of [meta.labels, meta.annotations]) {
    for (const [key, text] of Object.entries(texts)) size += key.length + text.length;
  }
  return size;
}

function outcomeOf(status: number): Outcome {
  if (status === 404 || status === 410) return "missing";
  return status === 401 || status === 403 ? "forbidden" : "failed";
}

/**
 * At most one GET per object while it is remembered, a few at a time. A change of labels is seen once the object has
 * been forgotten: labels of Pods hardly ever change, and those that report most are short-lived.
 */
export function createLookup(options: LookupOptions): Lookup {
  const { api, clock, metrics } = options;
  const concurrency = options.concurrency ?? 4;
  const deadlineMs = options.deadlineMs ?? 5000;
  const table = new LRUCache<string, Remembered>({
    max: options.maxObjects ?? MAX_OBJECTS,
    maxSize: MAX_TEXT_LENGTH,
    sizeCalculation: sizeOf,
  });
  const kinds = new LRUCache<string, ReadonlyMap<string, ResourceName>>({ max: 64 });
  const underWay = new Map<string, Promise<ObjectMeta>>();
  const turns: (() => void)[] = [];
  let running = 0;

  const remembered = (key: string): ObjectMeta | null => {
    const known = table.get(key);
    return known && known.until > clock.monotonic() ? known.meta : null;
  };

  /** The kinds of one group version, as discovery names them; or how asking ended. */
  const discover = async (
    apiVersion: string,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, ResourceName> | Outcome> => {
    const known = kinds.get(apiVersion);
    if (known) return known;
    const path = groupVersionPath(apiVersion);
    if (path === null) return "missing";
    const answer = await api.request(path, { signal });
    const body = await answer.text();
    if (answer.status !== 200) return outcomeOf(answer.status);
    const resources = fieldsOf(parseJson(body))["resources"];
    const named = new Map<string, ResourceName>();
    for (const resource of Array.isArray(resources) ? resources.filter(isObject) : []) {
      const plural = textOf(resource["name"]);
      // `pods/status` is of kind Pod too.
      if (!plural.includes("/"))
        named.set(textOf(resource["kind"]), { plural, namespaced: resource["namespaced"] === true });
    }
    kinds.set(apiVersion, named);
    return named;
  };

  const ask = async (object: InvolvedObject, signal: AbortSignal): Promise<Found> => {
    const builtIn = builtInResource(object);
    let resource: ResourceName | undefined = builtIn ?? undefined;
    if (!resource) {
      const discovered = await discover(object.apiVersion, signal);
      if (typeof discovered === "string") return { meta: EMPTY, outcome: discovered };
      resource = discovered.get(object.kind);
    }
    const path = resource && objectPath(object, builtIn?.apiVersion ?? object.apiVersion, resource);
    if (!path) return { meta: EMPTY, outcome: "missing" };
    const answer = await api.request(path, { signal, accept: METADATA_ONLY });
    const body = await answer.text();
    if (answer.status !== 200) return { meta: EMPTY, outcome: outcomeOf(answer.status) };
    const metadata = fieldsOf(fieldsOf(parseJson(body))["metadata"]);
    const meta = { labels: textsOf(metadata["labels"]), annotations: textsOf(metadata["annotations"]) };
    return { meta, outcome: "found" };
  };

  /** Waits for one of the few places; rejects when the signal is aborted first. */
  const takeTurn = async (signal: AbortSignal): Promise<void> => {
    if (running < concurrency) {
      running += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const turn = (): void => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = (): void => {
        turns.splice(turns.indexOf(turn), 1);
        reject(new KubeUnreachable("waited too long for a turn", { silent: true }));
      };
      signal.addEventListener("abort", giveUp, { once: true });
      turns.push(turn);
    });
  };

  const passTurn = (): void => {
    const next = turns.shift();
    if (next) next();
    else running -= 1;
  };

  const askInTurn = async (object: InvolvedObject): Promise<Found> => {
    if (turns.length >= MAX_WAITING) return { meta: EMPTY, outcome: "failed" };
    const overdue = new AbortController();
    const stopTimer = new AbortController();
    clock.sleep(deadlineMs, stopTimer.signal).then(
      () => overdue.abort(new KubeUnreachable("the look-up took too long", { silent: true })),
      () => {},
    );
    try {
      await takeTurn(overdue.signal);
      try {
        return await ask(object, overdue.signal);
      } finally {
        passTurn();
      }
    } catch (error) {
      if (!(error instanceof KubeUnreachable)) throw error;
      return { meta: EMPTY, outcome: "failed" };
    } finally {
      stopTimer.abort();
    }
  };

  const findAnew = async (key: string, object: InvolvedObject): Promise<ObjectMeta> => {
    const { meta, outcome } = await askInTurn(object);
    metrics.lookups.inc({ outcome });
    const now = clock.monotonic();
    const until = {
      found: Infinity,
      missing: Infinity,
      forbidden: now + FORBIDDEN_FOR_MS,
      failed: now + FAILED_FOR_MS,
    };
    table.set(key, { meta, until: until[outcome] });
    underWay.delete(key);
    return meta;
  };

  return {
    peek: (object) => remembered(keyOf(object)),
    async find(object) {
      const key = keyOf(object);
      const known = remembered(key);
      if (known) return known;
      const other = underWay.get(key);
      if (other) return other;
      const asked = findAnew(key, object);
      underWay.set(key, asked);
      return asked;
    },
  };
}
