/** The object an Event is about, as core/v1 `involvedObject` or events.k8s.io/v1 `regarding` names it. */
export interface InvolvedObject {
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty for a cluster-scoped object such as a Node. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly fieldPath: string;
}

/**
 * A Kubernetes Event, whichever of the two APIs it came through. Absent texts are empty, times are epoch ms.
 *
 * `namespace` is what rules mean by it: the involved object's, else the Event's own when the object is not
 * cluster-scoped.
 */
export interface Event {
  /** `metadata.uid` of the Event itself; repeats of one Event keep it. */
  readonly eventUid: string;
  readonly eventName: string;
  /** `metadata.namespace` of the Event itself. */
  readonly eventNamespace: string;
  readonly resourceVersion: string;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: InvolvedObject;
  readonly namespace: string;
  readonly component: string;
  readonly host: string;
  readonly action: string;
  /** Occurrences so far, all repeats included; at least 1. */
  readonly count: number;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
}

/**
 * How often the thing happened since this Event was last looked at: `count` occurrences, evenly spread over
 * (`from`, `to`], or over [`from`, `to`] where `closed`. Epoch ms of the reporter's clock, not yet clamped.
 */
export interface Occurrences {
  readonly count: number;
  readonly from: number;
  readonly to: number;
  readonly closed: boolean;
}

/**
 * An Event that brought new occurrences.
 *
 * `history` marks one that lay in the cluster before this engine's watch began: it fills threshold windows and
 * notifies nobody.
 */
export interface SeenEvent {
  readonly event: Event;
  readonly occurrences: Occurrences;
  readonly history: boolean;
}

/** Labels and annotations of an involved object. Both empty when the object is gone. */
export interface ObjectMeta {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What came of looking an object up. Unknown: its labels may not be read, or there was no answer. */
export type Looked = ObjectMeta | { readonly unknown: "forbidden" | "failed" };
