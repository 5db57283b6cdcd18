import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type {
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1ConfigMap,
  V1Deployment,
  V1Namespace,
  V1ServiceAccount,
} from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { deriveFiles } from "../../deploy/manifests.ts";
import { createConfigLoader } from "../../src/config/config.ts";
import { loadRules } from "../../src/language/load.ts";

interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Kubernetes reads manifests as YAML 1.1. */
const parseObjects = (text: string): readonly KubernetesObject[] =>
  parseAllDocuments(text, { version: "1.1" }).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as KubernetesObject;
  });

const read = (path: string): string => readFileSync(path, "utf8");
const identity = ({ kind, metadata }: KubernetesObject): string =>
  `${kind}/${metadata.namespace ?? ""}/${metadata.name}`;
const sorted = (objects: readonly KubernetesObject[]): readonly KubernetesObject[] =>
  objects.toSorted((a, b) => (identity(a) < identity(b) ? -1 : 1));

const k3s = parseObjects(read("deploy/k3s/kubewhen.yaml"));
interface Kinds {
  readonly ClusterRole: V1ClusterRole;
  readonly ConfigMap: V1ConfigMap;
  readonly Deployment: V1Deployment;
  readonly Namespace: V1Namespace;
  readonly PersistentVolumeClaim: KubernetesObject;
  readonly ServiceAccount: V1ServiceAccount;
}
const has = (objects: readonly KubernetesObject[], wanted: string): boolean =>
  objects.some((one) => identity(one) === wanted);
const findIn = <K extends keyof Kinds>(objects: readonly KubernetesObject[], kind: K, name: string): Kinds[K] => {
  const found = objects.find((one) => one.kind === kind && one.metadata.name === name);
  if (!found) throw new Error(`no ${kind} ${name}`);
  return found;
};
const find = <K extends keyof Kinds>(kind: K, name = "kubewhen"): Kinds[K] => findIn(k3s, kind, name);
const dataOf = (name: string): V1ConfigMap["data"] => find("ConfigMap", name).data;

const labelsRbac = parseObjects(read("deploy/kustomize/components/labels/rbac.yaml"));
const deployment = find("Deployment").spec!;
const pod = deployment.template.spec!;
const container = pod.containers[0]!;

const isOnPath = (name: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((path) => existsSync(join(path, name)));

const KUSTOMIZE = [
  ["kustomize", "build"],
  ["kubectl", "kustomize"],
] as const;

/** What `kubectl kustomize` or `kustomize build` makes of a folder; null where neither program is there. */
const kustomize = (folder: string): readonly KubernetesObject[] | null => {
  for (const [program, command] of KUSTOMIZE) {
    if (isOnPath(program)) return parseObjects(execFileSync(program, [command, folder], { encoding: "utf8" }));
  }
  return null;
};

describe("the derived manifests", () => {
  test.each(Object.entries(deriveFiles()))("%s is what `node deploy/manifests.ts` makes", (path, text) => {
    expect(read(path)).toBe(text);
  });

  test("the K3s file and the parts of the kustomization are the same objects", () => {
    const { resources } = parseObjects(read("deploy/kustomize/kustomization.yaml"))[0] as unknown as {
      resources: readonly string[];
    };
    const parts = resources.flatMap((name) => parseObjects(read(`deploy/kustomize/${name}`)));
    expect(sorted(k3s)).toEqual(sorted(parts));
  });

  test("kustomize builds the same objects", (context) => {
    const built = kustomize("deploy/kustomize");
    if (!built) return context.skip("neither kustomize nor kubectl is on PATH");
    return expect(sorted(built)).toEqual(sorted(k3s));
  });

  test("the ConfigMaps carry the rule packs letter by letter", () => {
    expect(dataOf("kubewhen-rules")).toEqual({ "default.rules": read("rules/default.rules") });
    const edge = parseObjects(read("deploy/kustomize/components/k3s-edge/rules.yaml"));
    expect(findIn(edge, "ConfigMap", "kubewhen-rules").data).toEqual({
      "k3s-edge.rules": read("rules/k3s-edge.rules"),
    });
  });
});

describe("the configuration", () => {
  test("is one the engine takes, and names the receiver that the rules notify", async () => {
    const loadConfig = await createConfigLoader();
    const text = dataOf("kubewhen-config")?.["config.yaml"] ?? "";
    const { config, known, diagnostics } = loadConfig("/etc/kubewhen/config.yaml", text, { CLUSTER_NAME: "edge" });
    expect(diagnostics).toEqual([]);
    expect(config).toMatchObject({ cluster: "edge", receivers: [{ name: "feishu" }] });
    const rules = Object.entries(dataOf("kubewhen-rules") ?? {}).map(([file, rulesText]) => ({
      file,
      text: rulesText,
    }));
    expect(loadRules(rules, known).diagnostics).toEqual([]);
  });
});

describe("access", () => {
  test("the namespace refuses what is not restricted", () => {
    expect(find("Namespace").metadata?.labels).toMatchObject({
      "pod-security.kubernetes.io/enforce": "restricted",
    });
  });

  test("the ClusterRole reads Events in both groups and nothing else", () => {
    expect(find("ClusterRole").rules).toEqual([
      { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: ["get", "list", "watch"] },
    ]);
  });

  test("every binding names an account that is there and a role that is there", () => {
    const all = [...k3s, ...labelsRbac];
    const bindings = all.filter(({ kind }) => kind === "ClusterRoleBinding") as unknown as V1ClusterRoleBinding[];
    expect(bindings).toHaveLength(2);
    for (const { roleRef, subjects } of bindings) {
      expect(has(all, `ClusterRole//${roleRef.name}`)).toBe(true);
      const accounts = subjects?.map(({ kind, name, namespace }) => `${kind}/${namespace}/${name}`) ?? [];
      expect(accounts.map((account) => has(all, account))).toEqual([true]);
    }
    expect(has(all, "Namespace//kubewhen")).toBe(true);
  });

  test("looking up labels needs `get` alone, and never of Secrets or ConfigMaps", () => {
    for (const { resources, verbs } of findIn(labelsRbac, "ClusterRole", "kubewhen-labels").rules ?? []) {
      expect(verbs).toEqual(["get"]);
      for (const kept of ["secrets", "configmaps", "*"]) expect(resources).not.toContain(kept);
    }
  });

  test("the token is mounted for this Pod only", () => {
    expect(find("ServiceAccount")).toMatchObject({ automountServiceAccountToken: false });
    expect(pod).toMatchObject({ serviceAccountName: "kubewhen", automountServiceAccountToken: true });
  });

  test("no manifest holds a Secret or a bot's address", () => {
    expect(k3s.some(({ kind }) => kind === "Secret")).toBe(false);
    expect(read("deploy/k3s/kubewhen.yaml")).not.toMatch(/hook\/[0-9a-f-]{8,}/);
  });
});

describe("the Deployment", () => {
  test("runs one Pod, and ends it before the next begins", () => {
    expect(deployment).toMatchObject({ replicas: 1, strategy: { type: "Recreate" } });
  });

  test("prefers server nodes by both of their names and tolerates their taints by each of three", () => {
    const role = (name: string): string => `node-role.kubernetes.io/${name}`;
    const preferred = ["control-plane", "controlplane"].map((name) => ({
      weight: 100,
      preference: { matchExpressions: [{ key: role(name), operator: "In", values: ["true"] }] },
    }));
    expect(pod.affinity).toEqual({ nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } });
    expect(pod.tolerations).toEqual(
      ["control-plane", "master", "controlplane"].map((name) => ({
        key: role(name),
        operator: "Exists",
        effect: "NoSchedule",
      })),
    );
  });

  test("asks for nodes by no label that an API server warns of", () => {
    // kubernetes pkg/api/node/util.go, 1.36.
    const deprecated = [
      "node-role.kubernetes.io/master",
      "beta.kubernetes.io/arch",
      "beta.kubernetes.io/os",
      "beta.kubernetes.io/instance-type",
      "failure-domain.beta.kubernetes.io/region",
      "failure-domain.beta.kubernetes.io/zone",
    ];
    const { affinity, nodeSelector = {}, topologySpreadConstraints = [] } = pod;
    const asked = JSON.stringify([affinity, nodeSelector, topologySpreadConstraints]);
    for (const label of deprecated) expect(asked).not.toContain(`"${label}"`);
  });

  test("passes the restricted profile and writes nowhere but to the outbox", () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 65532,
      fsGroup: 65532,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    const writable = container.volumeMounts?.filter(({ readOnly }) => !readOnly);
    expect(writable).toEqual([{ name: "outbox", mountPath: "/var/lib/kubewhen" }]);
    expect(pod.volumes?.some((volume) => "hostPath" in volume)).toBe(false);
  });

  test("asks for little memory and is limited", () => {
    expect(container.resources).toEqual({ requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "112Mi" } });
  });

  test("names the cluster and its time zone", () => {
    expect(container.env?.map(({ name }) => name)).toEqual(["CLUSTER_NAME", "TZ"]);
    expect(container.env?.[1]?.value).toBe("Asia/Shanghai");
  });

  test("is probed for its start, its life and its readiness", () => {
    expect(container.startupProbe?.httpGet).toEqual({ path: "/healthz", port: "http" });
    expect(container.livenessProbe?.httpGet).toEqual({ path: "/healthz", port: "http" });
    expect(container.readinessProbe?.httpGet).toEqual({ path: "/readyz", port: "http" });
    expect(container.ports).toEqual([{ name: "http", containerPort: 8080 }]);
  });

  test("mounts folders, not single files, where its arguments and its configuration say", () => {
    expect(container.args).toEqual(["run", "--config", "/etc/kubewhen/config.yaml", "--rules", "/etc/kubewhen/rules"]);
    const mounts = container.volumeMounts ?? [];
    expect(mounts.every(({ subPath }) => subPath === undefined)).toBe(true);
    expect(Object.fromEntries(mounts.map(({ name, mountPath }) => [name, mountPath]))).toEqual({
      config: "/etc/kubewhen",
      rules: "/etc/kubewhen/rules",
      secrets: "/etc/kubewhen/secrets",
      outbox: "/var/lib/kubewhen",
    });
    const config = dataOf("kubewhen-config")?.["config.yaml"];
    expect(config).toContain("urlFile: /etc/kubewhen/secrets/feishu-url\n");
    expect(config).toContain("path: /var/lib/kubewhen\n");
  });

  test("takes its volumes from objects that are there, the Secret from one that may come later", () => {
    expect(pod.volumes).toEqual([
      { name: "config", configMap: { name: "kubewhen-config" } },
      { name: "rules", configMap: { name: "kubewhen-rules" } },
      { name: "secrets", secret: { secretName: "kubewhen", optional: true, defaultMode: 0o440 } },
      { name: "outbox", persistentVolumeClaim: { claimName: "kubewhen-outbox" } },
    ]);
    for (const name of ["kubewhen-config", "kubewhen-rules"]) expect(dataOf(name)).toBeDefined();
    expect(find("PersistentVolumeClaim", "kubewhen-outbox")).toBeDefined();
  });

  test("selects the labels that its Pods have", () => {
    const { selector, template } = deployment;
    expect(selector.matchLabels).toBeDefined();
    expect(template.metadata?.labels).toMatchObject(selector.matchLabels!);
  });
});
