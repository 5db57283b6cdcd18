import type { EventFields } from "../../src/emulator/event-store.ts";

const NORMAL = ["Pulled", "Created", "Started", "Scheduled", "Killing", "Pulling", "SuccessfulCreate"] as const;
const WARNING = [
  "BackOff",
  "Unhealthy",
  "FailedMount",
  "FailedScheduling",
  "Failed",
  "FailedCreatePodSandBox",
] as const;
const PODS = 500;
const NAMESPACES = 20;

/** As kubelet's own writes look in a cluster: a third of an Event's bytes are these, with a `time`. */
export const MANAGED_FIELDS: Readonly<Record<string, unknown>> = {
  manager: "k3s",
  operation: "Update",
  apiVersion: "v1",
  fieldsType: "FieldsV1",
  fieldsV1: {
    "f:count": {},
    "f:firstTimestamp": {},
    "f:involvedObject": {},
    "f:lastTimestamp": {},
    "f:message": {},
    "f:reason": {},
    "f:reportingComponent": {},
    "f:reportingInstance": {},
    "f:source": { "f:component": {}, "f:host": {} },
    "f:type": {},
  },
};

/**
 * The i-th Event of a cluster of 500 Pods: about 1.2 kB, seven in ten Normal, each with a uid of its own, last seen at
 * `at` (epoch ms). Its fields stand in the order of Go's encoder, `resourceVersion` after the uid.
 */
export function aClusterEvent(
  i: number,
  at: number,
): EventFields & { readonly metadata: Readonly<Record<string, unknown>> } {
  const isNormal = i % 10 < 7;
  const reasons = isNormal ? NORMAL : WARNING;
  const reason = reasons[Math.floor(i / 10) % reasons.length];
  const pod = (i * 7919) % PODS;
  const namespace = `team-${pod % NAMESPACES}`;
  const name = `web-${pod}-7d4b9c6f5-x2x8z`;
  const time = new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
  const host = `pi-${pod % 8}`;
  return {
    kind: "Event",
    apiVersion: "v1",
    metadata: {
      name: `${name}.${i.toString(16).padStart(16, "0")}`,
      namespace,
      uid: `7c1a2f0e-6f0d-4b0e-9d4b-${String(i).padStart(12, "0")}`,
      resourceVersion: "",
      creationTimestamp: time,
      managedFields: [{ ...MANAGED_FIELDS, time }],
    },
    involvedObject: {
      kind: "Pod",
      namespace,
      name,
      uid: `5d2b7a10-93a1-4c55-8f2e-${String(pod).padStart(12, "0")}`,
      apiVersion: "v1",
      resourceVersion: String(800_000 + pod),
      fieldPath: "spec.containers{web}",
    },
    reason,
    message: `${reason}: container web in pod ${name}_${namespace}(5d2b7a10-93a1-4c55-8f2e-${String(pod).padStart(12, "0")}) on ${host}, restarted ${i % 97} times`,
    source: { component: "kubelet", host },
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
    type: isNormal ? "Normal" : "Warning",
    eventTime: null,
    reportingComponent: "kubelet",
    reportingInstance: host,
  };
}
