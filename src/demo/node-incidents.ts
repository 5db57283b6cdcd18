import {
  containerOf,
  controller,
  createDeployment,
  createPodOf,
  happen,
  HOUR_MS,
  kubelet,
  MINUTE_MS,
  nodeByKubelet,
  object,
  podStarts,
  SCHEDULER,
  SECOND_MS,
  type Cluster,
  type NodeName,
  type Pod,
} from "./cluster.ts";
import type { Happening } from "./happening.ts";
import type { Random } from "./random.ts";

function nodeStatus(at: number, node: NodeName, status: string, boot = 0): Happening {
  const message = `Node ${node} status is now: ${status}`;
  return happen(at, "Normal", status, kubelet(node, boot), nodeByKubelet(node), message);
}

/** Wi-Fi drops out at night. Nobody but the node controller can say so, and it says it as `Normal`. */
function nodeDropsOut(cluster: Cluster, at: number): readonly Happening[] {
  const node = cluster.nodes["pi-agent-2"];
  const byNode = controller("node-controller");
  const byTaint = controller("taint-eviction-controller");
  const { modbus } = cluster;
  const path = `${modbus.ref.namespace}/${modbus.ref.name}`;
  return [
    happen(at, "Normal", "NodeNotReady", byNode, node, "Node pi-agent-2 status is now: NodeNotReady"),
    happen(at + 120, "Warning", "NodeNotReady", byNode, modbus.ref, "Node is not ready"),
    happen(at + 300_000, "Normal", "TaintManagerEviction", byTaint, modbus.ref, `Marking for deletion Pod ${path}`),
    happen(at + 312_000, "Normal", "TaintManagerEviction", byTaint, modbus.ref, `Cancelling deletion of Pod ${path}`),
    nodeStatus(at + 311_000, "pi-agent-2", "NodeReady"),
  ];
}

/** Logs fill an SD card: no image can be removed, the kubelet evicts, the scheduler finds no place. */
function cardFillsUp(random: Random, at: number): readonly Happening[] {
  const node: NodeName = "pi-agent-1";
  const by = kubelet(node);
  const about = nodeByKubelet(node);
  const all: Happening[] = [];
  const endAt = at + 100 * MINUTE_MS;
  for (let checkedAt = at; checkedAt < endAt; checkedAt += 5 * MINUTE_MS) {
    const percent = Math.min(97, 91 + Math.floor((checkedAt - at) / (15 * MINUTE_MS)));
    const full = `Insufficient free disk space on the node's image filesystem (${percent}% of 29.0 GiB used). Failed to free sufficient space by deleting unused images (freed 0 bytes). Consider resizing the disk or deleting unused files.`;
    all.push(happen(checkedAt, "Warning", "FreeDiskSpaceFailed", by, about, full));
    // Said after two failures in a row.
    if (checkedAt > at) all.push(happen(checkedAt + 20, "Warning", "ImageGCFailed", by, about, full));
  }
  const pressureAt = at + 22 * MINUTE_MS;
  all.push(nodeStatus(pressureAt, node, "NodeHasDiskPressure"));
  for (let round = 0; round < 9; round += 1) {
    const roundAt = pressureAt + round * 4 * MINUTE_MS;
    all.push(happen(roundAt, "Warning", "EvictionThresholdMet", by, about, "Attempting to reclaim ephemeral-storage"));
    const image = "docker.io/library/influxdb:2.7.12-alpine";
    const victim = createPodOf(
      random,
      createDeployment(random, "iot", "log-buffer", image).replicaSet,
      "buffer",
      image,
      node,
    );
    const used = random.between(310_000, 990_000);
    const evicted = `The node was low on resource: ephemeral-storage. Threshold quantity: 1557331418, available: ${random.between(900, 1490)}Mi. Container buffer was using ${used}Ki, request is 0, has larger consumption of ephemeral-storage. `;
    const next = createPodOf(
      random,
      createDeployment(random, "iot", "log-buffer", image).replicaSet,
      "buffer",
      image,
      node,
    );
    const noPlace =
      "0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }, 2 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.";
    all.push(
      happen(roundAt + 2_000, "Warning", "Evicted", by, victim.ref, evicted),
      happen(roundAt + 2_300, "Normal", "Killing", by, containerOf(victim), "Stopping container buffer"),
      { ...happen(roundAt + 2_600, "Warning", "FailedScheduling", SCHEDULER, next.ref, noPlace), action: "Scheduling" },
    );
  }
  all.push(nodeStatus(endAt + 40 * SECOND_MS, node, "NodeHasNoDiskPressure"));
  return all;
}

/** The kernel kills what it likes; the kubelet reads it in the kernel's log. */
function outOfMemory(random: Random, cluster: Cluster, at: number): readonly Happening[] {
  const { nodeRed } = cluster;
  const node = nodeRed.node;
  const all: Happening[] = [nodeStatus(at - 42_000, node, "NodeHasInsufficientMemory")];
  for (let round = 0; round < 4; round += 1) {
    const killedAt = at + round * 70 * SECOND_MS;
    const message = `System OOM encountered, victim process: node-red, pid: ${random.between(21_000, 29_999)}`;
    const about = containerOf(nodeRed);
    all.push(
      happen(killedAt, "Warning", "SystemOOM", kubelet(node), nodeByKubelet(node), message),
      happen(
        killedAt + 3_100,
        "Normal",
        "Pulled",
        kubelet(node),
        about,
        `Container image "${nodeRed.image}" already present on machine`,
      ),
      happen(killedAt + 3_300, "Normal", "Created", kubelet(node), about, "Created container: node-red"),
      happen(killedAt + 3_800, "Normal", "Started", kubelet(node), about, "Started container node-red"),
    );
  }
  all.push(nodeStatus(at + 6 * MINUTE_MS, node, "NodeHasSufficientMemory"));
  return all;
}

/** What a kubelet says when it starts; `invalid capacity 0` is one of its first words and means nothing. */
function kubeletStarts(at: number, node: NodeName, bootId: string): readonly Happening[] {
  const by = kubelet(node, 1);
  const about = nodeByKubelet(node);
  return [
    happen(at, "Normal", "Starting", by, about, "Starting kubelet."),
    happen(at + 30, "Warning", "InvalidDiskCapacity", by, about, "invalid capacity 0 on image filesystem"),
    ...["NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID"].map((status, index) =>
      nodeStatus(at + 200 + index, node, status, 1),
    ),
    happen(at + 260, "Normal", "NodeAllocatableEnforced", by, about, "Updated Node Allocatable limit across pods"),
    happen(at + 900, "Warning", "Rebooted", by, about, `Node ${node} has been rebooted, boot id: ${bootId}`),
    nodeStatus(at + 910, node, "NodeNotReady", 1),
    nodeStatus(at + 11_400, node, "NodeReady", 1),
  ];
}

/** A Pod that comes back after a boot: no network yet, a new sandbox, its image still there. */
function podComesBack(random: Random, at: number, pod: Pod, failures: number): readonly Happening[] {
  const by = kubelet(pod.node, 1);
  const all: Happening[] = [
    happen(at, "Normal", "SandboxChanged", by, pod.ref, "Pod sandbox changed, it will be killed and re-created."),
  ];
  for (let round = 0; round < failures; round += 1) {
    const sandbox = random.word(64, "0123456789abcdef");
    const message = `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "${sandbox}": plugin type="flannel" failed (add): loadFlannelSubnetEnv failed: open /run/flannel/subnet.env: no such file or directory`;
    all.push(happen(at + round * 13_000, "Warning", "FailedCreatePodSandBox", by, pod.ref, message));
  }
  const upAt = at + failures * 13_000 + random.between(500, 2_500);
  return [...all, ...podStarts(random, upAt, pod, 0, 1).filter(({ reason }) => reason !== "Scheduled")];
}

/** The power goes for a moment: the server and one agent boot at once, and everything on them starts again. */
function powerCut(random: Random, cluster: Cluster, at: number): readonly Happening[] {
  const lost = controller("node-controller", 1);
  const deploy = { ...controller("deploy", 1), host: "pi-server" };
  const all: Happening[] = [
    ...kubeletStarts(at, "pi-server", random.uuid()),
    ...kubeletStarts(at + 9_000, "pi-agent-1", random.uuid()),
  ];
  for (const [index, node] of Object.values(cluster.nodes).entries()) {
    const message = `Node ${node.name} event: Registered Node ${node.name} in Controller`;
    all.push(happen(at + 14_000 + index, "Normal", "RegisteredNode", lost, node, message));
  }
  const { coredns, localPath, metricsServer, mosquitto, nodeRed, traefik } = cluster;
  for (const pod of [coredns, localPath, metricsServer, traefik]) all.push(...podComesBack(random, at + 6_000, pod, 2));
  for (const pod of [mosquitto, nodeRed]) all.push(...podComesBack(random, at + 15_000, pod, 3));
  for (const name of ["ccm", "coredns", "local-storage", "rolebindings", "runtimes", "traefik"]) {
    const addon = object(random, "k3s.cattle.io/v1", "Addon", "kube-system", name);
    const path = `/var/lib/rancher/k3s/server/manifests/${name}.yaml`;
    const appliedAt = at + random.between(16_000, 24_000);
    all.push(
      happen(appliedAt, "Normal", "ApplyingManifest", deploy, addon, `Applying manifest at "${path}"`),
      happen(appliedAt + 300, "Normal", "AppliedManifest", deploy, addon, `Applied manifest at "${path}"`),
    );
  }
  const lease = object(random, "v1", "Endpoints", "kube-system", "rancher.io-local-path");
  const leader = `${localPath.ref.name}_${random.uuid()}`;
  const provisioner = controller(`rancher.io/local-path_${leader}`, 1);
  all.push(happen(at + 41_000, "Normal", "LeaderElection", provisioner, lease, `${leader} became leader`));

  // Endpoints change faster than the controller can read them back.
  const service = object(random, "v1", "Service", "iot", "mosquitto");
  const race =
    "Error updating Endpoint Slices for Service iot/mosquitto: skipping Pod mosquitto-0 for Service iot/mosquitto: Node pi-agent-1 Not Found";
  const bySlices = controller("endpoint-slice-controller", 1);
  for (const seconds of [13, 15, 19]) {
    all.push(happen(at + seconds * SECOND_MS, "Warning", "FailedToUpdateEndpointSlices", bySlices, service, race));
  }

  // node-red starts before its broker and dies twice; then it finds it.
  const { name, namespace, uid } = nodeRed.ref;
  const backOff = `Back-off restarting failed container node-red in pod ${name}_${namespace}(${uid})`;
  for (const seconds of [64, 91]) {
    all.push(
      happen(at + seconds * SECOND_MS, "Warning", "BackOff", kubelet("pi-agent-1", 1), containerOf(nodeRed), backOff),
    );
  }
  return all;
}

/** What goes wrong with the boards that day. */
export function nodeIncidents(random: Random, cluster: Cluster, startAt: number): readonly Happening[] {
  const time = (hours: number, minutes: number): number => startAt + hours * HOUR_MS + minutes * MINUTE_MS;
  return [
    ...nodeDropsOut(cluster, time(1, 42)),
    ...cardFillsUp(random, time(2, 34)),
    ...outOfMemory(random, cluster, time(7, 4)),
    ...powerCut(random, cluster, time(15, 3)),
    ...nodeDropsOut(cluster, time(21, 47)),
  ];
}
