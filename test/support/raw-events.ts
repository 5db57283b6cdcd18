import type { EventFields } from "../../src/emulator/event-store.ts";

/** A core/v1 Event as a kubelet writes it, in the order of the API's fields; whatever is given replaces it. */
export function aRawEvent(fields: EventFields = {}): EventFields {
  const { metadata, involvedObject, ...rest } = fields;
  return {
    kind: "Event",
    apiVersion: "v1",
    metadata: { namespace: "default", creationTimestamp: "2026-11-22T10:00:00Z", ...metadata },
    involvedObject: {
      kind: "Pod",
      namespace: "default",
      name: "web-7d4b9c6f5-x2x8z",
      uid: "7c1a2f0e-6f0d-4b0e-9d4b-3f0a5f0a5f0a",
      apiVersion: "v1",
      fieldPath: "spec.containers{web}",
      ...(involvedObject as object | undefined),
    },
    reason: "BackOff",
    message: "Back-off restarting failed container web in pod web-7d4b9c6f5-x2x8z_default",
    source: { component: "kubelet", host: "pi-1" },
    firstTimestamp: "2026-11-22T10:00:00Z",
    lastTimestamp: "2026-11-22T10:00:00Z",
    count: 1,
    type: "Warning",
    eventTime: null,
    reportingComponent: "kubelet",
    reportingInstance: "pi-1",
    ...rest,
  };
}
