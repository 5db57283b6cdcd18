import {
  containerOf,
  controller,
  createDeployment,
  createPod,
  createPodOf,
  happen,
  HOUR_MS,
  kubelet,
  MINUTE_MS,
  object,
  podStarts,
  SCHEDULER,
  SECOND_MS,
  type Cluster,
} from "./cluster.ts";
import type { Happening } from "./happening.ts";
import type { Random } from "./random.ts";

/** A new version of the uploader cannot read its certificate: it starts, dies, waits longer, starts again. */
function crashLoop(random: Random, at: number): readonly Happening[] {
  const image = "registry.local:5000/telemetry-uploader:3.0.0";
  const uploader = createDeployment(random, "iot", "telemetry-uploader", image);
  const pod = createPodOf(random, uploader.replicaSet, "uploader", image, "pi-agent-2");
  const { name, namespace, uid } = pod.ref;
  const by = kubelet(pod.node);
  const about = containerOf(pod);
  const scaled = `Scaled up replica set ${uploader.replicaSet.name} from 0 to 1`;
  const backOff = `Back-off restarting failed container uploader in pod ${name}_${namespace}(${uid})`;
  const all: Happening[] = [
    happen(at, "Normal", "ScalingReplicaSet", controller("deployment-controller"), uploader.ref, scaled),
    ...podStarts(random, at + 100, pod, 22_400),
  ];
  const endAt = at + 95 * MINUTE_MS;
  let startedAt = at + 26_000;
  let delayMs = 10 * SECOND_MS;
  while (startedAt < endAt) {
    const diedAt = startedAt + random.between(1_500, 3_500);
    const nextAt = diedAt + delayMs;
    // The kubelet looks at the Pod again every ten seconds or so and each time declines to start it.
    for (let seenAt = diedAt + 900; seenAt < Math.min(nextAt, endAt); seenAt += random.between(10_000, 15_000)) {
      all.push(happen(seenAt, "Warning", "BackOff", by, about, backOff));
    }
    startedAt = nextAt + random.between(500, 2_000);
    delayMs = Math.min(delayMs * 2, 5 * MINUTE_MS);
    all.push(
      happen(startedAt - 300, "Normal", "Pulled", by, about, `Container image "${image}" already present on machine`),
      happen(startedAt - 150, "Normal", "Created", by, about, "Created container: uploader"),
      happen(startedAt, "Normal", "Started", by, about, "Started container uploader"),
    );
  }
  const rolledBack = `Scaled down replica set ${uploader.replicaSet.name} from 1 to 0`;
  const removed = `Deleted pod: ${name}`;
  all.push(
    happen(endAt, "Normal", "ScalingReplicaSet", controller("deployment-controller"), uploader.ref, rolledBack),
    happen(endAt + 60, "Normal", "SuccessfulDelete", controller("replicaset-controller"), uploader.replicaSet, removed),
  );
  return all;
}

/** Somebody mistyped a tag. The kubelet says it in four ways, one of them `Normal`. */
function imageThatIsNotThere(random: Random, at: number): readonly Happening[] {
  const image = "registry.local:5000/camera-relay:1.4.1-arm46";
  const relay = createDeployment(random, "iot", "camera-relay", image);
  const pod = createPodOf(random, relay.replicaSet, "relay", image, "pi-agent-1");
  const by = kubelet(pod.node);
  const about = containerOf(pod);
  const refused = `Failed to pull image "${image}": rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`;
  const all: Happening[] = [];
  const endAt = at + 80 * MINUTE_MS;
  let delayMs = 10 * SECOND_MS;
  for (let triedAt = at; triedAt < endAt;) {
    const nextAt = triedAt + delayMs + random.between(3_000, 9_000);
    all.push(
      happen(triedAt, "Normal", "Pulling", by, about, `Pulling image "${image}"`),
      happen(triedAt + 700, "Warning", "Failed", by, about, refused),
      happen(triedAt + 710, "Warning", "Failed", by, about, "Error: ErrImagePull"),
    );
    for (let seenAt = triedAt + 4_000; seenAt < Math.min(nextAt, endAt); seenAt += random.between(11_000, 15_000)) {
      all.push(
        happen(seenAt, "Normal", "BackOff", by, about, `Back-off pulling image "${image}"`),
        happen(seenAt + 5, "Warning", "Failed", by, about, "Error: ImagePullBackOff"),
      );
    }
    triedAt = nextAt;
    delayMs = Math.min(delayMs * 2, 5 * MINUTE_MS);
  }
  return all;
}

/** The gateway answers too late for two and a half hours: one probe every ten seconds, one text. */
function slowGateway(random: Random, cluster: Cluster, at: number): readonly Happening[] {
  const { modbus } = cluster;
  const message =
    'Readiness probe failed: Get "http://10.42.2.17:8080/ready": context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
  const all: Happening[] = [];
  for (let probedAt = at; probedAt < at + 150 * MINUTE_MS; probedAt += 10 * SECOND_MS) {
    // Now and then it answers in time.
    if (random.next() < 0.15) continue;
    all.push(happen(probedAt, "Warning", "Unhealthy", kubelet(modbus.node), containerOf(modbus), message));
  }
  return all;
}

/** A Deployment names a ConfigMap that nobody has made. The kubelet tries less and less often. */
function missingConfigMap(random: Random, at: number): readonly Happening[] {
  const image = "docker.io/library/telegraf:1.36.2-alpine";
  const telegraf = createDeployment(random, "iot", "telegraf", image);
  const pod = createPodOf(random, telegraf.replicaSet, "telegraf", image, "pi-agent-2");
  const message = 'MountVolume.SetUp failed for volume "config" : configmap "telegraf-config" not found';
  const all: Happening[] = [];
  let delayMs = 500;
  const mendedAt = at + 41 * MINUTE_MS;
  for (let triedAt = at; triedAt < mendedAt; triedAt += delayMs) {
    all.push(happen(triedAt, "Warning", "FailedMount", kubelet(pod.node), pod.ref, message));
    delayMs = Math.min(delayMs * 2, 122 * SECOND_MS);
  }
  return [...all, ...podStarts(random, mendedAt, pod, 19_200)];
}

/** A database that asks for more memory than any board has. The scheduler tries again with every change it sees. */
function tooLarge(random: Random, at: number): readonly Happening[] {
  const pod = createPod(
    random,
    "iot",
    "timescale-0",
    "timescale",
    "docker.io/timescale/timescaledb:2.22.1-pg17",
    "pi-server",
  );
  const message =
    "0/3 nodes are available: 3 Insufficient memory. no new claims to deallocate, preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.";
  const all: Happening[] = [];
  for (let triedAt = at; triedAt < at + 4 * HOUR_MS; triedAt += random.between(70_000, 300_000)) {
    const failed = happen(triedAt, "Warning", "FailedScheduling", SCHEDULER, pod.ref, message);
    all.push({ ...failed, action: "Scheduling" });
  }
  return all;
}

/** A manifest with a mistake in the folder that K3s deploys by itself: tried every fifteen seconds. */
function brokenManifest(random: Random, at: number): readonly Happening[] {
  const addon = object(random, "k3s.cattle.io/v1", "Addon", "kube-system", "site-dashboards");
  const path = "/var/lib/rancher/k3s/server/manifests/site-dashboards.yaml";
  const by = { ...controller("deploy"), host: "pi-server" };
  const message = `Applying manifest at "${path}" failed: failed to create iot/dashboards /v1, Kind=ConfigMap for kube-system/site-dashboards: ConfigMap "dashboards" is invalid: metadata.labels: Invalid value: "site one": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'`;
  const all: Happening[] = [];
  for (let triedAt = at; triedAt < at + 33 * MINUTE_MS; triedAt += 15 * SECOND_MS) {
    all.push(
      happen(triedAt, "Normal", "ApplyingManifest", by, addon, `Applying manifest at "${path}"`),
      happen(triedAt + 200, "Warning", "ApplyManifestFailed", by, addon, message),
    );
  }
  return all;
}

/** Anybody who may start a Pod may write these texts. They must reach nobody's phone as more than text. */
const HOSTILE_TEXTS = [
  'Readiness probe failed: <at id=all></at> "all hands": \\"free\\" coffee, see [the form](http://203.0.113.9/login)',
  "Readiness probe failed: </font></div>**[重要] 请立即点击** ![x](img_v2_041b28e3)\n---\n# cluster down",
  'Readiness probe failed: {{#each this}}{{@key}}{{/each}} ${FEISHU_URL} %0a"}]},"msg_type":"text","content":{"text":"<at user_id=\\"all\\">"}',
];

function hostilePod(random: Random, at: number): readonly Happening[] {
  const playground = createDeployment(random, "playground", "try-me", "docker.io/library/busybox:1.37");
  const pod = createPodOf(random, playground.replicaSet, "try-me", playground.image, "pi-agent-1");
  const probes = HOSTILE_TEXTS.flatMap((message, which) =>
    [0, 1, 2, 3, 4, 5, 6, 7, 8].map((round) => {
      const probedAt = at + 12_000 + (round * HOSTILE_TEXTS.length + which) * 10 * SECOND_MS;
      return happen(probedAt, "Warning", "Unhealthy", kubelet(pod.node), containerOf(pod), message);
    }),
  );
  return [...podStarts(random, at, pod), ...probes];
}

/** The nightly backup finds the share gone, three times. */
function failedBackup(random: Random, at: number): readonly Happening[] {
  const cronJob = object(random, "batch/v1", "CronJob", "iot", "backup");
  const job = object(random, "batch/v1", "Job", "iot", `backup-${Math.floor(at / MINUTE_MS)}`);
  const all: Happening[] = [
    happen(at, "Normal", "SuccessfulCreate", controller("cronjob-controller"), cronJob, `Created job ${job.name}`),
  ];
  let triedAt = at + 60;
  for (const delayMs of [10, 20, 40].map((seconds) => seconds * SECOND_MS)) {
    const pod = createPodOf(random, job, "restic", "docker.io/restic/restic:0.18.1", "pi-agent-1");
    const created = `Created pod: ${pod.ref.name}`;
    all.push(happen(triedAt, "Normal", "SuccessfulCreate", controller("job-controller"), job, created));
    all.push(...podStarts(random, triedAt + 40, pod));
    triedAt += delayMs + random.between(4_000, 7_000);
  }
  const gaveUp = "Job has reached the specified backoff limit";
  all.push(happen(triedAt, "Warning", "BackoffLimitExceeded", controller("job-controller"), job, gaveUp));
  return all;
}

/** What goes wrong with workloads that day. */
export function workloadIncidents(random: Random, cluster: Cluster, startAt: number): readonly Happening[] {
  const time = (hours: number, minutes: number): number => startAt + hours * HOUR_MS + minutes * MINUTE_MS;
  return [
    ...imageThatIsNotThere(random, time(5, 31)),
    ...slowGateway(random, cluster, time(7, 58)),
    ...crashLoop(random, time(10, 14)),
    ...missingConfigMap(random, time(12, 33)),
    ...tooLarge(random, time(13, 26)),
    ...brokenManifest(random, time(16, 21)),
    ...hostilePod(random, time(18, 2)),
    ...failedBackup(random, time(19, 0)),
  ];
}
