/*
 * What Kubernetes, K3s and node-problem-detector say about which kinds of object, as Warning or as Normal.
 *
 * Read from the sources of Kubernetes v1.36.2, K3s and node-problem-detector, 2026-11. A reason may also come from
 * elsewhere, so a check that uses this may doubt a combination, never forbid one.
 */

type EventType = "Warning" | "Normal";

/** `kinds` null: any kind. */
export interface KnownEvent {
  readonly type: EventType;
  readonly kinds: readonly string[] | null;
}

type Row = readonly [reasons: string, type: EventType, kinds: string];

const ROWS: readonly Row[] = [
  ["FailedScheduling", "Warning", "Pod"],
  ["Preempted Scheduled TaintManagerEviction Killing Pulling Pulled Created Started", "Normal", "Pod"],
  // A container that restarts is a Warning, an image that is pulled again is not.
  ["BackOff", "Warning", "Pod"],
  ["BackOff", "Normal", "Pod"],
  ["Failed ErrImageNeverPull InspectFailed Unhealthy ProbeWarning", "Warning", "Pod"],
  ["FailedMount FailedMapVolume FailedAttachVolume FailedCreatePodSandBox FailedPodSandBoxStatus", "Warning", "Pod"],
  ["NetworkNotReady FailedKillPod FailedCreatePodContainer FailedSync ExceededGracePeriod", "Warning", "Pod"],
  ["FailedPostStartHook FailedPreStopHook Evicted Preempting FailedToRetrieveImagePullSecret", "Warning", "Pod"],
  ["FailedPrepareDynamicResources MissingClusterDNS DNSConfigForming", "Warning", "Pod"],
  ["EvictionThresholdMet SystemOOM Rebooted ImageGCFailed FreeDiskSpaceFailed InvalidDiskCapacity", "Warning", "Node"],
  ["ContainerGCFailed KubeletSetupFailed FailedNodeAllocatableEnforcement CgroupV1", "Warning", "Node"],
  // The node itself is told as Normal; each Pod on it gets a Warning of the same reason.
  ["NodeNotReady", "Normal", "Node"],
  ["NodeNotReady", "Warning", "Pod"],
  ["NodeReady NodeHasDiskPressure NodeHasInsufficientMemory NodeHasInsufficientPID", "Normal", "Node"],
  ["NodeHasNoDiskPressure NodeHasSufficientMemory NodeHasSufficientPID NodeHasSufficientDisk", "Normal", "Node"],
  ["NodeNotSchedulable NodeSchedulable NodeAllocatableEnforced RegisteredNode RemovingNode", "Normal", "Node"],
  ["CIDRNotAvailable CIDRAssignmentFailed", "Normal", "Node"],
  ["FailedDaemonPod", "Warning", "DaemonSet"],
  ["BackoffLimitExceeded TooManySucceededPods", "Warning", "Job"],
  ["MissSchedule TooManyMissedTimes UnexpectedJob InvalidSchedule", "Warning", "CronJob"],
  ["FailedGetScale FailedComputeMetricsReplicas FailedGetResourceMetric", "Warning", "HorizontalPodAutoscaler"],
  ["FailedRescale SelectorRequired", "Warning", "HorizontalPodAutoscaler"],
  ["FailedBinding ProvisioningFailed VolumeMismatch", "Warning", "PersistentVolumeClaim PersistentVolume"],
  ["VolumeResizeFailed FileSystemResizeFailed", "Warning", ""],
  ["FailedCreate FailedDelete DeadlineExceeded OwnerRefInvalidNamespace", "Warning", ""],
  ["CalculateExpectedPodCountFailed NoPods", "Warning", "PodDisruptionBudget"],
  ["FailedToUpdateEndpointSlices FailedToUpdateEndpoint", "Warning", "Service Endpoints"],
  ["ReadManifestFailed ParseManifestFailed ValidateManifestFailed ApplyManifestFailed", "Warning", "Addon"],
  ["ApplyingManifest AppliedManifest DeletingManifest", "Normal", "Addon"],
  ["UnsupportedVersion", "Warning", "HelmChart"],
  ["ApplyJob RemoveJob", "Normal", "HelmChart"],
  ["OOMKilling TaskHung KernelOops Ext4Error Ext4Warning IOError MemoryReadError", "Warning", "Node"],
  ["UnregisterNetDevice FilesystemIsReadOnly DockerHung XfsHasShutdown", "Warning", "Node"],
  ["ScalingReplicaSet", "Normal", "Deployment"],
  ["SuccessfulRescale SuccessfulCreate SuccessfulDelete", "Normal", ""],
];

/** What is known of each reason. */
export const KNOWN_REASONS: ReadonlyMap<string, readonly KnownEvent[]> = collect(ROWS);

/** Kinds of object that Events of Kubernetes itself are about. */
export const KNOWN_KINDS: readonly string[] = [
  "Pod",
  "Node",
  "Deployment",
  "ReplicaSet",
  "StatefulSet",
  "DaemonSet",
  "Job",
  "CronJob",
  "Service",
  "Endpoints",
  "EndpointSlice",
  "Ingress",
  "Namespace",
  "PersistentVolume",
  "PersistentVolumeClaim",
  "HorizontalPodAutoscaler",
  "PodDisruptionBudget",
  "ReplicationController",
  "ConfigMap",
  "Secret",
  "ServiceAccount",
  "Addon",
  "HelmChart",
];

function collect(rows: readonly Row[]): ReadonlyMap<string, readonly KnownEvent[]> {
  const reasons = new Map<string, KnownEvent[]>();
  for (const [names, type, kinds] of rows) {
    for (const reason of names.split(" ")) {
      const known = reasons.get(reason) ?? [];
      known.push({ type, kinds: kinds === "" ? null : kinds.split(" ") });
      reasons.set(reason, known);
    }
  }
  return reasons;
}
