import {
  containerOf,
  controller,
  createDeployment,
  createPodOf,
  happen,
  HOUR_MS,
  kubelet,
  MINUTE_MS,
  object,
  podStarts,
  SECOND_MS,
  type Cluster,
  type NodeName,
  type Pod,
} from "./cluster.ts";
import type { Happening } from "./happening.ts";
import type { Random } from "./random.ts";

interface CronJobPlan {
  readonly namespace: string;
  readonly name: string;
  readonly container: string;
  readonly image: string;
  readonly node: NodeName;
  readonly everyMs: number;
  /** First run after the day's start. */
  readonly offsetMs: number;
  readonly runMs: number;
}

const CRON_JOBS: readonly CronJobPlan[] = [
  {
    namespace: "iot",
    name: "sensor-sync",
    container: "sync",
    image: "registry.local:5000/sensor-sync:2.3.0",
    node: "pi-agent-2",
    everyMs: 10 * MINUTE_MS,
    offsetMs: 0,
    runMs: 24 * SECOND_MS,
  },
  {
    namespace: "iot",
    name: "meter-report",
    container: "report",
    image: "registry.local:5000/meter-report:0.9.4",
    node: "pi-agent-1",
    everyMs: HOUR_MS,
    offsetMs: 5 * MINUTE_MS,
    runMs: 70 * SECOND_MS,
  },
  {
    namespace: "site",
    name: "door-camera-index",
    container: "index",
    image: "registry.local:5000/camera-index:1.1.0",
    node: "pi-agent-1",
    everyMs: 15 * MINUTE_MS,
    offsetMs: 2 * MINUTE_MS,
    runMs: 95 * SECOND_MS,
  },
];

/** CronJobs run, finish and are tidied away: nine Events for each run, none of which anybody wants to read. */
function cronJobs(random: Random, startAt: number, endAt: number): readonly Happening[] {
  const all: Happening[] = [];
  for (const plan of CRON_JOBS) {
    const cronJob = object(random, "batch/v1", "CronJob", plan.namespace, plan.name);
    const byCron = controller("cronjob-controller");
    const byJob = controller("job-controller");
    const jobName = (dueAt: number): string => `${plan.name}-${Math.floor(dueAt / MINUTE_MS)}`;
    for (let dueAt = startAt + plan.offsetMs; dueAt < endAt; dueAt += plan.everyMs) {
      const at = dueAt + random.between(40, 900);
      const job = object(random, "batch/v1", "Job", plan.namespace, jobName(dueAt));
      const pod = createPodOf(random, job, plan.container, plan.image, plan.node);
      const doneAt = at + plan.runMs + random.between(0, 6_000);
      all.push(
        happen(at, "Normal", "SuccessfulCreate", byCron, cronJob, `Created job ${job.name}`),
        happen(at + 60, "Normal", "SuccessfulCreate", byJob, job, `Created pod: ${pod.ref.name}`),
        ...podStarts(random, at + 90, pod),
        happen(doneAt, "Normal", "Completed", byJob, job, "Job completed"),
        happen(
          doneAt + 30,
          "Normal",
          "SawCompletedJob",
          byCron,
          cronJob,
          `Saw completed job: ${job.name}, condition: Complete`,
        ),
        happen(
          doneAt + 60,
          "Normal",
          "SuccessfulDelete",
          byCron,
          cronJob,
          `Deleted job ${jobName(dueAt - 3 * plan.everyMs)}`,
        ),
      );
    }
  }
  return all;
}

/** Two Pods on a board with four name servers say so at every sync of the kubelet, all day. */
function tooManyNameServers(random: Random, cluster: Cluster, startAt: number, endAt: number): readonly Happening[] {
  const message =
    "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 192.168.8.1 223.5.5.5 119.29.29.29";
  const all: Happening[] = [];
  for (const pod of [cluster.modbus, cluster.nodeRed]) {
    let at = startAt + random.between(1_000, 60_000);
    for (; at < endAt; at += random.between(62_000, 96_000)) {
      all.push(happen(at, "Warning", "DNSConfigForming", kubelet(pod.node), pod.ref, message));
    }
  }
  return all;
}

/** A Deployment gets a new version, one Pod after the other, as it should be. */
function rollout(random: Random, at: number): readonly Happening[] {
  const image = "registry.local:5000/dashboard:5.2.0";
  const after = createDeployment(random, "iot", "dashboard", image);
  const before = createDeployment(random, "iot", "dashboard", "registry.local:5000/dashboard:5.1.7");
  const byDeployment = controller("deployment-controller");
  const byReplicaSet = controller("replicaset-controller");
  const all: Happening[] = [];
  const places: readonly NodeName[] = ["pi-agent-1", "pi-agent-2"];
  for (const [index, node] of places.entries()) {
    const from = at + index * 50 * SECOND_MS;
    const young = createPodOf(random, after.replicaSet, "dashboard", image, node);
    const old = createPodOf(random, before.replicaSet, "dashboard", before.image, node);
    const up = `Scaled up replica set ${after.replicaSet.name} from ${index} to ${index + 1}`;
    const down = `Scaled down replica set ${before.replicaSet.name} from ${2 - index} to ${1 - index}`;
    all.push(
      happen(from, "Normal", "ScalingReplicaSet", byDeployment, after.ref, up),
      happen(from + 40, "Normal", "SuccessfulCreate", byReplicaSet, after.replicaSet, `Created pod: ${young.ref.name}`),
      ...podStarts(random, from + 80, young, random.between(31_000, 38_000)),
      happen(from + 46_000, "Normal", "ScalingReplicaSet", byDeployment, after.ref, down),
      happen(
        from + 46_060,
        "Normal",
        "SuccessfulDelete",
        byReplicaSet,
        before.replicaSet,
        `Deleted pod: ${old.ref.name}`,
      ),
      stopsContainer(from + 46_200, old),
    );
  }
  return all;
}

/** The kubelet ends a container because somebody asked for it. */
function stopsContainer(at: number, pod: Pod): Happening {
  return happen(at, "Normal", "Killing", kubelet(pod.node), containerOf(pod), `Stopping container ${pod.container}`);
}

/** A day on which nothing is wrong. */
export function ordinaryLife(random: Random, cluster: Cluster, startAt: number, endAt: number): readonly Happening[] {
  return [
    ...cronJobs(random, startAt, endAt),
    ...tooManyNameServers(random, cluster, startAt, endAt),
    ...rollout(random, startAt + 9 * HOUR_MS + 12 * MINUTE_MS),
  ];
}
