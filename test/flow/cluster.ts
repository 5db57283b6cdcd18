import { createApiServer, type ApiServer } from "../../src/emulator/api-server.ts";
import { testCertificate } from "../support/test-certificates.ts";

/** What a flow test writes of an Event. Names are unique in a test; the namespace is `default`. */
export interface EventToWrite {
  readonly name: string;
  readonly type: string;
  readonly reason: string;
  readonly kind: string;
  readonly object: string;
  readonly message: string;
  readonly count: number;
  /** Epoch ms. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
}

/** A cluster a flow runs against: the emulator here, a real API server in `test/cluster`. */
export interface Cluster {
  readonly kubeconfig: string;
  create(event: EventToWrite): Promise<void>;
  update(event: EventToWrite): Promise<void>;
  /** Writes through events.k8s.io/v1, as the scheduler does: `eventTime`, no count, no first and last timestamp. */
  createSeries(event: EventToWrite): Promise<void>;
  /** A ConfigMap of that name in `default`, for labels to be looked up. */
  createConfigMap(name: string, labels: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

const wholeSeconds = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

/** The Event as core/v1 JSON, its fields in the order of the API server's encoder. */
export function coreEvent(event: EventToWrite): Record<string, unknown> {
  return {
    kind: "Event",
    apiVersion: "v1",
    metadata: { name: event.name, namespace: "default" },
    involvedObject: {
      kind: event.kind,
      // Cluster-scoped objects have none, and their Events live in `default`.
      ...(event.kind === "Node" ? {} : { namespace: "default" }),
      name: event.object,
      uid: `uid-of-${event.object}`,
      apiVersion: "v1",
    },
    reason: event.reason,
    message: event.message,
    source: { component: "kubelet", host: "pi-1" },
    firstTimestamp: wholeSeconds(event.firstSeenAt),
    lastTimestamp: wholeSeconds(event.lastSeenAt),
    count: event.count,
    type: event.type,
    eventTime: null,
    reportingComponent: "kubelet",
    reportingInstance: "pi-1",
  };
}

/** The same as events.k8s.io/v1 JSON. */
export function seriesEvent(event: EventToWrite): Record<string, unknown> {
  const { involvedObject, metadata, type, reason, message } = coreEvent(event);
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata,
    regarding: involvedObject,
    type,
    reason,
    note: message,
    action: "Scheduling",
    eventTime: `${new Date(event.lastSeenAt).toISOString().slice(0, 23)}000Z`,
    reportingController: "default-scheduler",
    reportingInstance: "default-scheduler-pi-1",
  };
}

export interface EmulatedCluster extends Cluster {
  /** For faults and what was asked. */
  readonly server: ApiServer;
}

/** The API server emulator behind TLS, with a bearer token. */
export async function startEmulatedCluster(): Promise<EmulatedCluster> {
  const tls = testCertificate("a");
  const server = await createApiServer({ tls, token: "emulated-cluster-token" });
  return {
    server,
    kubeconfig: server.kubeconfig(),
    create: (event) => Promise.resolve(void server.events.create(coreEvent(event))),
    update: (event) => Promise.resolve(void server.events.patch(event.name, coreEvent(event))),
    createSeries(event) {
      const { regarding, note, eventTime, action, ...rest } = seriesEvent(event);
      // A watch of core/v1 shows the one stored object in its own words.
      server.events.create({
        ...rest,
        apiVersion: "v1",
        involvedObject: regarding,
        message: note,
        eventTime,
        action,
        firstTimestamp: null,
        lastTimestamp: null,
        source: {},
        reportingComponent: "default-scheduler",
      });
      return Promise.resolve();
    },
    createConfigMap: (name, labels) =>
      Promise.resolve(server.addObject({ path: `/api/v1/namespaces/default/configmaps/${name}`, labels })),
    close: () => server.close(),
  };
}
