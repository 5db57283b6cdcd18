/**
 * Kinds whose objects live in no namespace, so that an Event about one has no namespace of its own to fall back to.
 *
 * Kubernetes 1.36 `kubectl api-resources --namespaced=false` (API reference, 2026-11), and the cluster-scoped kinds
 * of k3s, Gateway API and cert-manager. A kind that is missing here only makes `namespace` read as the Event's own,
 * which for cluster-scoped objects is `default`.
 */
const CLUSTER_SCOPED_KINDS: ReadonlySet<string> = new Set([
  "Node",
  "Namespace",
  "PersistentVolume",
  "ComponentStatus",
  "StorageClass",
  "CSIDriver",
  "CSINode",
  "VolumeAttachment",
  "VolumeAttributesClass",
  "PriorityClass",
  "RuntimeClass",
  "IngressClass",
  "IPAddress",
  "ServiceCIDR",
  "DeviceClass",
  "ResourceSlice",
  "ClusterRole",
  "ClusterRoleBinding",
  "CertificateSigningRequest",
  "ClusterTrustBundle",
  "CustomResourceDefinition",
  "APIService",
  "MutatingWebhookConfiguration",
  "ValidatingWebhookConfiguration",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionPolicyBinding",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "FlowSchema",
  "PriorityLevelConfiguration",
  "StorageVersion",
  "StorageVersionMigration",
  "GatewayClass",
  "ClusterIssuer",
  "ETCDSnapshotFile",
]);

/** Whether objects of this kind live outside all namespaces. Unknown kinds count as namespaced. */
export function isClusterScoped(kind: string): boolean {
  return CLUSTER_SCOPED_KINDS.has(kind);
}
