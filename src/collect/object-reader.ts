import { LRUCache } from "lru-cache";
import type { InvolvedObject, ObjectMeta } from "../model/event.ts";
import { isObject } from "../model/json.ts";
import type { Clock } from "../runtime/clock.ts";
import { KubeUnreachable, type KubeApi } from "../runtime/kube.ts";
import { fieldsOf, parseJson, textOf } from "./fields.ts";
import { builtInResource, groupVersionPath, objectPath, type ResourceName } from "./resource-path.ts";

export type ObjectAnswer =
  | { readonly outcome: "found"; readonly meta: ObjectMeta }
  /** `missing`: it does not exist, nor can it by that name. */
  | { readonly outcome: "missing" | "forbidden" | "failed" };

export interface ObjectReaderOptions {
  readonly api: Pick<KubeApi, "request">;
  readonly clock: Pick<Clock, "monotonic">;
  /** For all requests that one object takes. */
  readonly timeoutMs: number;
}

const METADATA_ONLY = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
/** The whole object once more, as `kubectl apply` leaves it: large, and no rule can mean it. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** What discovery said is asked again after this long: a CRD may have been added. */
const KINDS_KNOWN_FOR_MS = 60_000;
const MAX_GROUP_VERSIONS = 64;

type Kinds = ReadonlyMap<string, ResourceName>;

function textsOf(value: unknown): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [key, text] of Object.entries(fieldsOf(value))) {
    if (typeof text === "string" && key !== LAST_APPLIED && key !== "__proto__") texts[key] = text;
  }
  return texts;
}

function failureOf(status: number): ObjectAnswer {
  if (status === 404 || status === 410) return { outcome: "missing" };
  // A 401 passes with the next token.
  return { outcome: status === 403 ? "forbidden" : "failed" };
}

function kindsOf(body: unknown): Kinds {
  const resources = fieldsOf(body)["resources"];
  const kinds = new Map<string, ResourceName>();
  for (const resource of Array.isArray(resources) ? resources.filter(isObject) : []) {
    const plural = textOf(resource["name"]);
    // `pods/status` is of kind Pod too.
    if (plural.includes("/")) continue;
    kinds.set(textOf(resource["kind"]), { plural, namespaced: resource["namespaced"] === true });
  }
  return kinds;
}

/** Asks the API server for labels and annotations, one GET an object, and for the names of kinds it does not know. */
export function createObjectReader(options: ObjectReaderOptions): (object: InvolvedObject) => Promise<ObjectAnswer> {
  const { api, clock, timeoutMs } = options;
  const knownKinds = new LRUCache<string, { readonly kinds: Kinds; readonly until: number }>({
    max: MAX_GROUP_VERSIONS,
  });

  type Ask = (path: string, accept?: string) => Promise<{ readonly status: number; readonly body: unknown }>;

  /** For the requests of one object: they share its time. */
  const startAsking = (): Ask => {
    const endsAt = clock.monotonic() + timeoutMs;
    const { signal } = new AbortController();
    return async (path, accept = "application/json") => {
      const request = { signal, accept, timeoutMs: Math.max(1, endsAt - clock.monotonic()) };
      const answer = await api.request(path, request);
      return { status: answer.status, body: parseJson(await answer.text()) };
    };
  };

  /** The kinds of one group version, as discovery names them; or how asking ended. */
  const discover = async (apiVersion: string, ask: Ask): Promise<Kinds | ObjectAnswer> => {
    const known = knownKinds.get(apiVersion);
    if (known && known.until > clock.monotonic()) return known.kinds;
    const path = groupVersionPath(apiVersion);
    if (path === null) return { outcome: "missing" };
    const { status, body } = await ask(path);
    if (status !== 200) return failureOf(status);
    const kinds = kindsOf(body);
    knownKinds.set(apiVersion, { kinds, until: clock.monotonic() + KINDS_KNOWN_FOR_MS });
    return kinds;
  };

  const read = async (object: InvolvedObject): Promise<ObjectAnswer> => {
    const ask = startAsking();
    const builtIn = builtInResource(object);
    let resource: ResourceName | undefined = builtIn ?? undefined;
    if (!resource) {
      const discovered = await discover(object.apiVersion, ask);
      if ("outcome" in discovered) return discovered;
      resource = discovered.get(object.kind);
    }
    const path = resource && objectPath(object, builtIn?.apiVersion ?? object.apiVersion, resource);
    if (!path) return { outcome: "missing" };
    const { status, body } = await ask(path, METADATA_ONLY);
    if (status !== 200) return failureOf(status);
    const metadata = fieldsOf(body)["metadata"];
    if (!isObject(metadata)) return { outcome: "failed" };
    const meta = { labels: textsOf(metadata["labels"]), annotations: textsOf(metadata["annotations"]) };
    return { outcome: "found", meta };
  };

  return async (object) => {
    try {
      return await read(object);
    } catch (error) {
      if (error instanceof KubeUnreachable) return { outcome: "failed" };
      throw error;
    }
  };
}
