import type { Event, InvolvedObject, SeenEvent } from "../../src/model/event.ts";

/** A moment for tests to start at, epoch ms. */
export const NOON: number = Date.UTC(2026, 10, 22, 12);

interface EventParts extends Partial<Omit<Event, "involvedObject">> {
  readonly involvedObject?: Partial<InvolvedObject>;
}

/** A Pod's crash-loop Event, first and last seen at noon, with whatever parts a test cares about in place. */
export function anEvent({ involvedObject, ...parts }: EventParts = {}): Event {
  return {
    cluster: "home",
    eventUid: "6f1c2a9e-0000-4000-8000-000000000001",
    eventName: "web-7d9c5b7f6-x2x2x.1",
    eventNamespace: "shop",
    resourceVersion: "1001",
    type: "Warning",
    reason: "BackOff",
    message: "Back-off restarting failed container app in pod web-7d9c5b7f6-x2x2x_shop",
    namespace: "shop",
    component: "kubelet",
    host: "node-a",
    action: "",
    count: 1,
    firstSeenAt: NOON,
    lastSeenAt: NOON,
    ...parts,
    involvedObject: {
      apiVersion: "v1",
      kind: "Pod",
      namespace: "shop",
      name: "web-7d9c5b7f6-x2x2x",
      uid: "6f1c2a9e-0000-4000-8000-000000000002",
      fieldPath: "spec.containers{app}",
      ...involvedObject,
    },
  };
}

/** The Event as one new, live occurrence at its last-seen time. */
export function seenOnce(event: Event): SeenEvent {
  const { lastSeenAt } = event;
  return { event, occurrences: { count: 1, from: lastSeenAt, to: lastSeenAt, closed: true }, history: false };
}
