import type { Happening, ObjectRef, Reporter } from "./happening.ts";
import { NAME_LETTERS, type Random } from "./random.ts";

export const SECOND_MS = 1_000;
export const MINUTE_MS: number = 60 * SECOND_MS;
export const HOUR_MS: number = 60 * MINUTE_MS;

export type NodeName = "pi-server" | "pi-agent-1" | "pi-agent-2";

/** One container of one Pod on one node: all that the stories of the day need to know of it. */
export interface Pod {
  readonly ref: ObjectRef;
  readonly container: string;
  readonly image: string;
  readonly node: NodeName;
}

/** A Deployment with the ReplicaSet that is current. */
export interface Deployment {
  readonly ref: ObjectRef;
  readonly namespace: string;
  readonly name: string;
  readonly image: string;
  readonly replicaSet: ObjectRef;
}

/** Three Raspberry Pis at one site: a server with a disk, two agents with SD cards. */
export interface Cluster {
  readonly nodes: Readonly<Record<NodeName, ObjectRef>>;
  readonly mosquitto: Pod;
  readonly modbus: Pod;
  readonly nodeRed: Pod;
  readonly traefik: Pod;
  readonly coredns: Pod;
  readonly metricsServer: Pod;
  readonly localPath: Pod;
}

/** A controller or the scheduler; K3s runs them all in one process on the server. */
export function controller(component: string, boot = 0): Reporter {
  return { component, host: "", recorder: "core", boot };
}

export const SCHEDULER: Reporter = { component: "default-scheduler", host: "pi-server", recorder: "series", boot: 0 };

export function kubelet(node: NodeName, boot = 0): Reporter {
  return { component: "kubelet", host: node, recorder: "core", boot };
}

/** The kubelet names its node by name only: `uid` is the name again. Controllers know the real one. */
export function nodeByKubelet(node: NodeName): ObjectRef {
  return { kind: "Node", name: node, uid: node, apiVersion: "v1" };
}

export function object(random: Random, apiVersion: string, kind: string, namespace: string, name: string): ObjectRef {
  const resourceVersion = String(random.between(1_800_000, 1_999_999));
  return { kind, namespace, name, uid: random.uuid(), apiVersion, resourceVersion };
}

export function createPod(
  random: Random,
  namespace: string,
  name: string,
  container: string,
  image: string,
  node: NodeName,
): Pod {
  return { ref: object(random, "v1", "Pod", namespace, name), container, image, node };
}

/** A Pod of a ReplicaSet or Job: the owner's name and five letters. */
export function createPodOf(random: Random, owner: ObjectRef, container: string, image: string, node: NodeName): Pod {
  const name = `${owner.name}-${random.word(5, NAME_LETTERS)}`;
  return createPod(random, owner.namespace ?? "default", name, container, image, node);
}

export function createDeployment(random: Random, namespace: string, name: string, image: string): Deployment {
  const hash = random.word(10, NAME_LETTERS);
  return {
    ref: object(random, "apps/v1", "Deployment", namespace, name),
    namespace,
    name,
    image,
    replicaSet: object(random, "apps/v1", "ReplicaSet", namespace, `${name}-${hash}`),
  };
}

/** The object as the kubelet names it when the matter is one container. */
export function containerOf(pod: Pod): ObjectRef {
  return { ...pod.ref, fieldPath: `spec.containers{${pod.container}}` };
}

/** A Happening of type Normal or Warning, with the words in the order in which `kubectl get events` shows them. */
export function happen(
  at: number,
  type: "Normal" | "Warning",
  reason: string,
  by: Reporter,
  about: ObjectRef,
  message: string,
): Happening {
  return { at, by, about, type, reason, message };
}

/** From the scheduler's word to a running container, for a Pod whose image takes `pullMs` (0: already there). */
export function podStarts(random: Random, at: number, pod: Pod, pullMs = 0, boot = 0): readonly Happening[] {
  const by = kubelet(pod.node, boot);
  const about = containerOf(pod);
  const { container, image, ref } = pod;
  const scheduled: Happening = {
    ...happen(
      at,
      "Normal",
      "Scheduled",
      SCHEDULER,
      ref,
      `Successfully assigned ${ref.namespace}/${ref.name} to ${pod.node}`,
    ),
    action: "Binding",
  };
  const pulledAt = at + random.between(900, 2_400) + pullMs;
  const seconds = (pullMs / 1000).toFixed(3).replace(/0+$/, "");
  const pulled =
    pullMs === 0
      ? `Container image "${image}" already present on machine`
      : `Successfully pulled image "${image}" in ${seconds}s (${seconds}s including waiting). Image size: 28311552 bytes.`;
  return [
    scheduled,
    ...(pullMs === 0 ? [] : [happen(pulledAt - pullMs, "Normal", "Pulling", by, about, `Pulling image "${image}"`)]),
    happen(pulledAt, "Normal", "Pulled", by, about, pulled),
    happen(pulledAt + 120, "Normal", "Created", by, about, `Created container: ${container}`),
    happen(pulledAt + random.between(300, 900), "Normal", "Started", by, about, `Started container ${container}`),
  ];
}

/** The cluster as it stands when the day begins. */
export function createCluster(random: Random): Cluster {
  const node = (name: NodeName): ObjectRef => ({ kind: "Node", name, uid: random.uuid(), apiVersion: "v1" });
  const running = (namespace: string, name: string, image: string, where: NodeName): Pod =>
    createPodOf(random, createDeployment(random, namespace, name, image).replicaSet, name, image, where);
  return {
    nodes: { "pi-server": node("pi-server"), "pi-agent-1": node("pi-agent-1"), "pi-agent-2": node("pi-agent-2") },
    mosquitto: createPod(
      random,
      "iot",
      "mosquitto-0",
      "mosquitto",
      "docker.io/library/eclipse-mosquitto:2.0.22",
      "pi-agent-1",
    ),
    modbus: running("iot", "modbus-gateway", "registry.local:5000/modbus-gateway:1.8.2", "pi-agent-2"),
    nodeRed: running("iot", "node-red", "docker.io/nodered/node-red:4.1.1", "pi-agent-1"),
    traefik: running("kube-system", "traefik", "docker.io/rancher/mirrored-library-traefik:3.5.1", "pi-server"),
    coredns: running("kube-system", "coredns", "docker.io/rancher/mirrored-coredns-coredns:1.12.3", "pi-server"),
    metricsServer: running(
      "kube-system",
      "metrics-server",
      "docker.io/rancher/mirrored-metrics-server:v0.8.0",
      "pi-server",
    ),
    localPath: running(
      "kube-system",
      "local-path-provisioner",
      "docker.io/rancher/local-path-provisioner:v0.0.32",
      "pi-server",
    ),
  };
}
