import type { InvolvedObject } from "../model/event.ts";

/** All Events of the cluster. */
export const EVENTS_PATH = "/api/v1/events";

/** How a kind is called in paths. */
export interface ResourceName {
  readonly plural: string;
  readonly namespaced: boolean;
}

interface BuiltIn extends ResourceName {
  readonly apiVersion: string;
}

function group(apiVersion: string, plurals: Readonly<Record<string, string>>, namespaced = true): [string, BuiltIn][] {
  return Object.entries(plurals).map(([kind, plural]) => [kind, { apiVersion, plural, namespaced }]);
}

/** Kinds that built-in controllers report on (Kubernetes 1.36 `kubectl api-resources`, 2026-11): no discovery. */
const BUILT_INS: ReadonlyMap<string, BuiltIn> = new Map([
  ...group("v1", {
    Pod: "pods",
    Service: "services",
    Endpoints: "endpoints",
    PersistentVolumeClaim: "persistentvolumeclaims",
    ReplicationController: "replicationcontrollers",
    ConfigMap: "configmaps",
    Secret: "secrets",
    ServiceAccount: "serviceaccounts",
    ResourceQuota: "resourcequotas",
  }),
  ...group("v1", { Node: "nodes", Namespace: "namespaces", PersistentVolume: "persistentvolumes" }, false),
  ...group("apps/v1", {
    Deployment: "deployments",
    ReplicaSet: "replicasets",
    StatefulSet: "statefulsets",
    DaemonSet: "daemonsets",
  }),
  ...group("batch/v1", { Job: "jobs", CronJob: "cronjobs" }),
  ...group("autoscaling/v2", { HorizontalPodAutoscaler: "horizontalpodautoscalers" }),
  ...group("networking.k8s.io/v1", { Ingress: "ingresses" }),
  ...group("policy/v1", { PodDisruptionBudget: "poddisruptionbudgets" }),
]);

/** API objects have no longer names (DNS subdomain, apimachinery validation, v1.36). */
const MAX_NAME_LENGTH = 253;

function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
}

const MAX_API_VERSION_LENGTH = MAX_NAME_LENGTH + "/".length + 63;

/** `/api/v1` or `/apis/<group>/<version>`; null for what is no apiVersion. */
export function groupVersionPath(apiVersion: string): string | null {
  if (apiVersion.length > MAX_API_VERSION_LENGTH) return null;
  if (!/^(?:[a-z0-9][a-z0-9.-]*\/)?v[a-z0-9]+$/.test(apiVersion)) return null;
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** What is known of the kind without asking; an Event that leaves the apiVersion out means the usual one. */
export function builtInResource(object: InvolvedObject): (ResourceName & { readonly apiVersion: string }) | null {
  const known = BUILT_INS.get(object.kind);
  if (!known) return null;
  if (object.apiVersion === "") return known;
  return groupOf(object.apiVersion) === groupOf(known.apiVersion) ? { ...known, apiVersion: object.apiVersion } : null;
}

function isName(segment: string): boolean {
  return segment !== "" && segment !== "." && segment !== ".." && segment.length <= MAX_NAME_LENGTH;
}

/** Equal for two references exactly when they name the same object, whichever version of its API they name it in. */
export function objectKey(object: InvolvedObject): string {
  const { apiVersion } = builtInResource(object) ?? object;
  return [groupOf(apiVersion), object.kind, object.namespace, object.name].join("\n");
}

/** Path of the object itself; null when the Event does not say enough to name one. */
export function objectPath(object: InvolvedObject, apiVersion: string, resource: ResourceName): string | null {
  const base = groupVersionPath(apiVersion);
  // The names come from an Event, which anybody may write: they must stay one segment each.
  const segments = [...(resource.namespaced ? [object.namespace] : []), object.name];
  if (base === null || !segments.every((segment) => isName(segment))) return null;
  const namespace = resource.namespaced ? `/namespaces/${encodeURIComponent(object.namespace)}` : "";
  return `${base}${namespace}/${encodeURIComponent(resource.plural)}/${encodeURIComponent(object.name)}`;
}
